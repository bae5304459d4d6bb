import { TrailError } from '../errors.ts'
import type { Access } from '../access/access.ts'
import type { Records } from '../records/records.ts'
import { type App, principalOf } from './app.ts'

/** Ids of people who are hidden, and of their tokens. */
export interface Hidden {
  readonly owners: ReadonlySet<string>
  readonly tokens: ReadonlySet<string>
}

/** Knows who is hidden in a tenant; what changed anywhere is known within a second. */
export type HiddenOf = (tenantNo: number) => Promise<Hidden | null>

const TOKENS_MAX = 10_000
const KNOWN_MS = 1_000
const TENANTS_MAX = 10_000
const DEPTH_MAX = 6

/** Reads restrictions, and remembers them for a moment. */
export function createHidden(records: Pick<Records, 'read' | 'onChange'>): HiddenOf {
  const known = new Map<number, { readonly hidden: Promise<Hidden | null>; readonly until: number }>()
  records.onChange((change) => (change === 'all' ? known.clear() : undefined))
  return (tenantNo) => {
    const found = known.get(tenantNo)
    if (found && found.until > performance.now()) return found.hidden
    if (known.size >= TENANTS_MAX) known.clear()
    const hidden = readHidden(records, tenantNo)
    known.set(tenantNo, { hidden, until: performance.now() + KNOWN_MS })
    return hidden
  }
}

/** Restriction (GDPR 18): readers without the right to see hidden people get answers in which they do not occur. */
export function veilRestricted(app: App, o: { readonly access: Pick<Access, 'permits'>; readonly hiddenOf: HiddenOf }): void {
  app.addHook('preSerialization', async (request, _reply, payload: unknown) => {
    if (!request.identity || !request.routeOptions.config.reading) return payload
    const principal = principalOf(request)
    if (o.access.permits(principal, 'subjects:restrict')) return payload
    const hidden = await o.hiddenOf(principal.tenantNo)
    if (!hidden) return payload
    if (isHidden(payload, hidden)) throw new TrailError('not_found', 'There is nothing of this id here.', { input: 'id' })
    return without(payload, hidden, 0)
  })
}

/** Is this a view of a hidden person, of their token, or of an event about them? */
export function isHidden(view: unknown, { owners, tokens }: Hidden): boolean {
  if (typeof view !== 'object' || view === null) return false
  const { id, owner, actor, token, claimed } = view as Readonly<Record<string, unknown>>
  const isToken = [id, token, claimed].some((value) => tokens.has(idIn(value)))
  return isToken || [id, owner, actor].some((value) => owners.has(idIn(value)))
}

function idIn(value: unknown): string {
  if (typeof value === 'string') return value
  const { id } = (value ?? {}) as { readonly id?: unknown }
  return typeof id === 'string' ? id : ''
}

/** Lists without the entries that are about hidden people. */
function without(value: unknown, hidden: Hidden, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return value
  if (Array.isArray(value)) {
    const shown = value.filter((entry) => !isHidden(entry, hidden) && !isName(entry, hidden))
    return shown.map((entry) => without(entry, hidden, depth + 1))
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, without(inner, hidden, depth + 1)]))
}

function isName(entry: unknown, { owners, tokens }: Hidden): boolean {
  return typeof entry === 'string' && (owners.has(entry) || tokens.has(entry))
}

async function readHidden({ read }: Pick<Records, 'read'>, tenantNo: number): Promise<Hidden | null> {
  const restricted = await read.restrictions(tenantNo)
  if (restricted.length === 0) return null
  const owners = await read.ownersByNo(restricted.map(({ ownerNo }) => ownerNo))
  const tokens = await Promise.all(owners.map(({ id: ownerId }) => read.tokens({ tenantNo, ownerId }, { limit: TOKENS_MAX })))
  return { owners: new Set(owners.map(({ id }) => id)), tokens: new Set(tokens.flat().map(({ id }) => id)) }
}
