import { ACTORS, FLAGS, KINDS, OUTCOMES, reasonName, typeName } from 'tokentrail'
import { canonicalBytes } from 'tokentrail/log'
import type { EventRow } from '../event/row.ts'
import type { LogWaiting } from '../records/audit.ts'
import { decodeEvent } from '../records/outbox-event.ts'
import type { ToSeal } from '../records/sealed.ts'
import { REGISTRY, type EntryType, type HiddenField } from './registry.ts'

/** An entry before it has its number and its commitments. */
export interface Draft {
  readonly id: string
  readonly tenantNo: number
  readonly at: number
  readonly type: EntryType
  readonly outcome: string
  readonly reason: string
  readonly shown: Readonly<Record<string, unknown>>
  readonly hidden: readonly ToSeal[]
}

/** Public ids of the numbers that events carry. */
export interface Names {
  token(no: number): string
  owner(no: number): string
}

/** Version of the entry's form. */
const ENTRY_VERSION = 1

/** The install's own entries stand under this in place of a tenant's surrogate. */
export const INSTALL = 'install'

/** What waits, as an event; `undefined` for what exists in the log alone. */
export function eventOf(waiting: LogWaiting): EventRow | undefined {
  return waiting.form === 'event' ? decodeEvent(waiting.body) : undefined
}

/** What an event says, divided into what is shown and what will be sealed. */
export function draftOfEvent(waiting: LogWaiting, event: EventRow, names: Names): Draft {
  const type = typeName(event.type)
  const { shown, hidden } = REGISTRY[type]
  const detail = parseDetail(event.detail)
  const { id, tenantNo } = waiting
  const values = hidden.flatMap((field) => sealing(field, event, names, { id, tenantNo }))
  return {
    id,
    tenantNo,
    type,
    at: event.occurredAt,
    outcome: nameOf(OUTCOMES, event.outcome),
    reason: reasonName(event.reason) ?? 'none',
    shown: { ...shownColumns(event), ...shownMembers(detail, shown) },
    hidden: values,
  }
}

/** An entry that exists in the log alone: everything in it was made to be shown. */
export function draftOfLog(waiting: LogWaiting): Draft {
  const { type, shown }: { type: EntryType; shown: Readonly<Record<string, unknown>> } = JSON.parse(waiting.body)
  const { id, tenantNo, at } = waiting
  return { id, tenantNo, at, type, outcome: 'none', reason: 'none', shown, hidden: [] }
}

/** The bytes that are hashed: canonical JSON. */
export function entryBytes(
  draft: Draft,
  place: { readonly n: number; readonly tenant: string; readonly commitments: Readonly<Record<string, string>> },
): Uint8Array {
  return canonicalBytes({
    at: new Date(draft.at).toISOString(),
    event: draft.id,
    hidden: place.commitments,
    n: place.n,
    outcome: draft.outcome,
    reason: draft.reason,
    shown: draft.shown,
    tenant: place.tenant,
    type: draft.type,
    v: ENTRY_VERSION,
  })
}

/** Flags that an entry shows. A honeytoken's is not among them. */
const FLAGS_SHOWN = ['simulated', 'observed', 'check'] as const

function shownColumns(event: EventRow): Record<string, unknown> {
  const flags = FLAGS_SHOWN.filter((flag) => (event.flags & FLAGS[flag]) !== 0)
  return {
    ...(event.actorKind > 0 && { actorKind: nameOf(ACTORS, event.actorKind) }),
    ...(event.kind > 0 && { kind: nameOf(KINDS, event.kind) }),
    ...(event.count > 1 && { count: event.count }),
    ...(flags.length > 0 && { flags }),
  }
}

const MEMBERS_MAX = 16
const TEXT_MAX = 100
const LIST_MAX = 16

/** Only numbers, flags and technical words: a member that holds free text stays sealed, whatever the registry says. */
function shownMembers(detail: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const given = names.filter((name) => Object.hasOwn(detail, name) && isHarmless(detail[name])).slice(0, MEMBERS_MAX)
  return Object.fromEntries(given.map((name) => [name, detail[name]]))
}

function isHarmless(value: unknown): boolean {
  return Array.isArray(value) ? value.length <= LIST_MAX && value.every(isScalar) : isScalar(value)
}

function isScalar(value: unknown): boolean {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value === 'string' && value.length <= TEXT_MAX && /^[\w.:+/=-]*$/.test(value)
}

/** What a hidden field says of an event; empty where it says nothing. */
const VALUES: Readonly<Record<HiddenField, (event: EventRow, names: Names) => string>> = {
  actor: ({ actorNo }, names) => (actorNo > 0 ? names.owner(actorNo) : ''),
  owner: ({ ownerNo }, names) => (ownerNo > 0 ? names.owner(ownerNo) : ''),
  token: ({ tokenNo }, names) => (tokenNo > 0 ? names.token(tokenNo) : ''),
  address: ({ addressDay, addressMonth, network, asn, country, client }) =>
    jsonOf({ addressDay: hexOf(addressDay), addressMonth: hexOf(addressMonth), asn, client, country, network: hexOf(network) }),
  request: ({ action, environment, method, requestId, route, scope, service }) =>
    jsonOf({ action, environment, method, requestId, route, scope, service }),
  detail: ({ detail }) => detail,
}

function sealing(field: HiddenField, event: EventRow, names: Names, of: Pick<ToSeal, 'tenantNo'> & { id: string }): ToSeal[] {
  const value = VALUES[field](event, names).toWellFormed()
  if (value === '') return []
  const ownerNo = field === 'actor' ? event.actorNo : event.ownerNo || event.actorNo
  return [{ tenantNo: of.tenantNo, event: of.id, field, value, ownerNo, at: event.occurredAt }]
}

/** JSON of the members that say something; empty without any. */
function jsonOf(members: Readonly<Record<string, string | number>>): string {
  const told = Object.entries(members).filter(([, value]) => value !== '' && value !== 0)
  return told.length === 0 ? '' : JSON.stringify(Object.fromEntries(told))
}

function hexOf(value: bigint): string {
  return value === 0n ? '' : value.toString(16).padStart(16, '0')
}

function parseDetail(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function nameOf(table: Readonly<Record<string, number>>, id: number): string {
  return Object.keys(table).find((name) => table[name] === id) ?? 'none'
}
