import { FLAGS, TYPES, type TypeName } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'
import type { BoundTest } from './bind.ts'
import { type Field, FIELDS, fieldOf } from './fields.ts'
import { Refused } from './problem.ts'
import type { Logic, Logsource } from './rule.ts'
import { VENDOR_LOGS, type VendorLog } from './vendor-logs.ts'
import { ANY } from './wild-text.ts'

/** A log that rules can speak of: which events belong to it, and what its fields are here. */
export interface LogModel {
  readonly condition: Logic<BoundTest> | null
  /** The field of a name, or why there is none. */
  field(name: string): Field | string
  /** Makes a blank row an event of this log, for the tests of rules. */
  prepare(row: EventRow): void
}

/** The log of a rule; one that is not known is refused, naming those that are. */
export function modelOf({ product, service, category, at }: Logsource): LogModel {
  if (product === 'tokentrail' || (product === null && service !== null && service in OWN_SERVICES)) {
    if (category !== null) throw new Refused(at, 'logsource.category', 'Our own log has services and no categories.')
    return ownModel(service, at)
  }
  const vendor = VENDOR_LOGS.find((log) => log.product === product && (service === null || log.service === service))
  if (!vendor || category !== null)
    throw new Refused(at, 'logsource', `Events of this log are not kept here. Known are ${knownLogs()}.`)
  return vendorModel(vendor)
}

/** Our own services and the types of their events. */
const OWN_SERVICES: Readonly<Record<string, (type: TypeName) => boolean>> = {
  validation: (type) => type === 'token.validated' || type === 'token.consumed' || type.startsWith('limit.'),
  lifecycle: (type) => type.startsWith('token.') && type !== 'token.validated',
  principal: (type) => /^(?:principal|role)\./.test(type) || type === 'reading.rejected' || type === 'pseudonym.revealed',
  report: (type) => type.startsWith('report.') || type === 'page.viewed',
  system: (type) => TYPES[type].id >= 601 || /^(?:finding|incident|response|leak)\./.test(type),
}

function ownModel(service: string | null, at: Logsource['at']): LogModel {
  const belongs = service === null ? undefined : OWN_SERVICES[service]
  if (service !== null && !belongs)
    throw new Refused(at, 'logsource.service', `Expected one of ${Object.keys(OWN_SERVICES).join(', ')}.`)
  const types = belongs ? (Object.keys(TYPES) as TypeName[]).filter(belongs) : []
  return {
    condition: types.length === 0 ? null : namesLeaf('type', types),
    field: (name) =>
      fieldOf(name) ??
      `Our events have no field "${name.slice(0, 60)}". Known are ${[...FIELDS.keys()].join(', ')}, and detail.….`,
    prepare: (row) => {
      row.type = TYPES[types[0] ?? 'token.validated'].id
    },
  }
}

function vendorModel(log: VendorLog): LogModel {
  const parts: Logic<BoundTest>[] = [namesLeaf('observed', ['true']), serviceLeaf(log)]
  if (log.types) parts.push(namesLeaf('type', log.types))
  return { condition: { all: parts }, field: (name) => vendorField(log, name), prepare: (row) => prepareVendorRow(log, row) }
}

function vendorField(log: VendorLog, name: string): Field | string {
  const own = Object.hasOwn(log.fields, name) ? log.fields[name] : undefined
  if (own !== undefined) return fieldOf(own) ?? `The field "${name.slice(0, 60)}" has no place here.`
  if (log.kept.includes(name)) return { form: 'detail', column: 'detail', path: [name] }
  return `Imported events of ${log.product} do not keep the field "${name.slice(0, 60)}". Kept are ${[...Object.keys(log.fields), ...log.kept].join(', ')}.`
}

function prepareVendorRow({ label, types }: VendorLog, row: EventRow): void {
  row.type = TYPES[types?.at(-1) ?? 'other'].id
  row.flags |= FLAGS.observed
  row.service = label.replace('*', 'example')
}

function serviceLeaf({ label }: VendorLog): Logic<BoundTest> {
  const field = FIELDS.get('service') ?? null
  const text = label.startsWith('*') ? [ANY, label.slice(1)] : [label]
  return { leaf: { field, match: { is: 'text', text, cased: true }, part: null } }
}

function namesLeaf(name: keyof typeof FLAGS | 'type', names: readonly string[]): Logic<BoundTest> {
  return { leaf: { field: FIELDS.get(name) ?? null, match: { is: 'names', names: new Set(names) }, part: null } }
}

function knownLogs(): string {
  return ['tokentrail', ...new Set(VENDOR_LOGS.map(({ product, service }) => `${product}/${service}`))].join(', ')
}
