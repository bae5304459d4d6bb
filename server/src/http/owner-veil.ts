import type { Access } from '../access/access.ts'
import type { Principal } from '../access/principal.ts'
import { type DataClass, TABLE } from '../access/table.ts'
import type { RecordReads } from '../records/records.ts'
import type { App } from './app.ts'

interface Parts {
  readonly access: Access
  readonly read: Pick<RecordReads, 'owner' | 'ownersByNo'>
}

/** Fields that hold the id of an owner. */
const OWNER_FIELDS: ReadonlySet<string> = new Set(['owner', 'ownerId'])
/** Fields whose texts are no prose: only a whole id is replaced in them. */
const EXACT_FIELDS: ReadonlySet<string> = new Set(['id', 'cursor', 'next', 'role', 'type', 'route', 'kind', 'state'])
/** What is granted on identified data shows it; whoever holds a token's text learns whose it is. */
const UNVEILED: ReadonlySet<DataClass> = new Set<DataClass>(['identified', 'secret'])
/** A shorter id would be found inside other words. */
const CHARS_MIN = 3

/** May the principal know who owners are? Who reaches own tokens only sees no others. */
export function seesOwners(access: Pick<Access, 'decide'>, principal: Principal): boolean {
  const { reach } = access.decide(principal, 'identities:read')
  return reach === 'yes' || reach === 'own'
}

/**
 * To whoever may not know who owners are they are numbers, on every answer: `owner-17`. The same number everywhere, so that what one
 * owner did can still be told from what another did.
 */
export function veilOwners(app: App, { access, read }: Parts): void {
  app.addHook('preSerialization', async (request, _reply, payload) => {
    const { permission } = request.routeOptions.config
    if (!request.identity || permission === undefined || permission === 'public' || permission === 'session:own') return payload
    const { principal } = request.identity
    if (UNVEILED.has(TABLE[permission].class) || seesOwners(access, principal)) return payload
    return veiled(payload, await namesIn(payload, principal.tenantNo, read))
  })
}

/** How an owner is called where names are veiled. */
export function veiledName(ownerNo: number): string {
  return `owner-${ownerNo}`
}

/** The number of an owner that is called so; undefined for any other text. */
export function unveiledNo(text: string): number | undefined {
  const match = /^owner-(\d{1,15})$/.exec(text)
  return match ? Number(match[1]) : undefined
}

/** What each owner's id that stands in a payload is shown as. */
export async function namesIn(payload: unknown, tenantNo: number, read: Parts['read']): Promise<ReadonlyMap<string, string>> {
  const ids = new Set<string>()
  collect(payload, ids)
  const names = new Map<string, string>()
  for (const id of ids) names.set(id, veiledName((await read.owner(tenantNo, id))?.no ?? 0))
  return names
}

function collect(value: unknown, ids: Set<string>): void {
  if (typeof value !== 'object' || value === null) return
  for (const id of namedBy(value as Readonly<Record<string, unknown>>)) ids.add(id)
  for (const held of Object.values(value)) collect(held, ids)
}

/** The owners that an object names: in a field of its own, as `owner: { id }`, as a subject, or as a fact about one. */
function namedBy(value: Readonly<Record<string, unknown>>): readonly string[] {
  const { kind, name, as, link, owner } = value
  const inFields = Object.entries(value).flatMap(([field, held]) => (OWNER_FIELDS.has(field) ? [held] : []))
  const asObject = typeof owner === 'object' && owner !== null && 'id' in owner ? [owner.id] : []
  const asSubject = kind === 'owner' || kind === 'principal' ? [name] : []
  const asFact = as === 'owner' ? [link] : []
  return [...inFields, ...asObject, ...asSubject, ...asFact].filter((id) => typeof id === 'string')
}

/** The payload with names in place of ids, in their fields and inside sentences. */
export function veiled(value: unknown, names: ReadonlyMap<string, string>, field = ''): unknown {
  if (typeof value === 'string') return names.get(value) ?? inProse(value, names, field)
  if (Array.isArray(value)) return value.map((each) => veiled(each, names, field))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, veiled(held, names, name)]))
}

function inProse(text: string, names: ReadonlyMap<string, string>, field: string): string {
  if (EXACT_FIELDS.has(field)) return text
  let shown = text
  for (const [id, name] of names) if (id.length >= CHARS_MIN && shown.includes(id)) shown = shown.replaceAll(id, name)
  return shown
}
