import { RETENTION_DAYS } from '../../event/row.ts'
import { RETENTION_SETTINGS } from '../../records/holds.ts'
import type { RecordedGrant, RecordedSetting } from '../../records/fact-reads.ts'
import { digestOfValue } from './digest.ts'
import type { Logged } from './reader.ts'
import { detailOf } from './tokens.ts'

/** Types whose entries say how the installation and its tenants are set up, and the hidden fields that say it. */
export const SETUP_TYPES = {
  'config.changed': ['detail'],
  'role.granted': ['token', 'detail'],
  'role.removed': ['detail'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** What the log proves of settings and roles. */
export interface Setup {
  /** Digest of each value, by tenant and name; null is what nobody can open any more. */
  readonly settings: ReadonlyMap<string, string | null>
  /** Roles that are held, by the grant's id. */
  readonly grants: ReadonlyMap<string, HeldRole>
  /** Tenants of which an entry about a role cannot be opened: what it said is not known. */
  readonly unread: ReadonlySet<number>
}

interface HeldRole {
  readonly tenantNo: number
  /** Public id; `undefined` where nobody can open it. */
  readonly token: string | undefined
  readonly role: string
  readonly scope: string
  readonly until: number | null
}

/** The class of a tenant's rows is a column of the tenant; here it stands among its settings. */
export const RETENTION_ROWS = 'retention.rows.days'
/** The install's own id, which is made once and is in the origin of every shard. */
const UNLOGGED: ReadonlySet<string> = new Set(['0 install.id'])
const DIGEST = /^[0-9a-f]{64}$/

export function createSetup(): Setup & { apply(logged: Logged): void } {
  const settings = new Map<string, string | null>()
  const grants = new Map<string, HeldRole>()
  const unread = new Set<number>()

  function configured({ tenantNo, shown, opened }: Logged): void {
    const detail = { ...detailOf(opened['detail']), ...shown }
    const { path, after } = detail as { path?: unknown; after?: unknown }
    if (path === 'retention') return keepRules(tenantNo, typeof after === 'string' ? detailOf(after) : undefined)
    if (typeof path === 'string' && typeof after === 'string' && DIGEST.test(after)) settings.set(`${tenantNo} ${path}`, after)
  }

  function keepRules(tenantNo: number, after: Readonly<Record<string, unknown>> | undefined): void {
    const names = { ...RETENTION_SETTINGS, rows: RETENTION_ROWS }
    for (const [member, name] of Object.entries(names)) {
      const days = after?.[member]
      settings.set(`${tenantNo} ${name}`, typeof days === 'number' ? digestOfValue(String(days)) : null)
    }
  }

  function granted({ type, tenantNo, opened }: Logged): void {
    const detail = detailOf(opened['detail'])
    if (typeof detail?.['grant'] !== 'string') return void unread.add(tenantNo)
    const { grant, role, scope, until } = detail as { grant: string; role: string; scope: string; until: number | null }
    if (type === 'role.removed') grants.delete(grant)
    else grants.set(grant, { tenantNo, role, scope, until, token: opened['token'] })
  }

  return {
    settings,
    grants,
    unread,
    apply: (logged) => (logged.type === 'config.changed' ? configured(logged) : granted(logged)),
  }
}

/** Where a setting is not what the log proves, and what to do. A row that is not there any more has no value. */
export function settingDeviations(
  { tenantNo, name, value }: Omit<RecordedSetting, 'value'> & { readonly value: string | null },
  { settings }: Setup,
): readonly string[] {
  const key = `${tenantNo} ${name}`
  const what = `setting ${name} of tenant ${tenantNo}`
  const todo = 'set it again through the server, and find who changed the database'
  const logged = settings.get(key)
  if (logged === null || UNLOGGED.has(key)) return []
  if (logged === undefined)
    return name === RETENTION_ROWS ? [] : [`${what} is in the records, and no entry of the log set it: ${todo}`]
  if (value === null) return [`${what} was set by the log, and is not in the records: ${todo}`]
  return digestOfValue(value) === logged ? [] : [`${what} has another value in the records than the log says: ${todo}`]
}

/** Where a role that is held in the records is not one that the log gave, or one that the log gave is not held, and what to do. */
export function grantDeviations(grant: RecordedGrant, { grants, unread }: Setup): readonly string[] {
  const { id, tenantNo, tokenId, role, removedAt } = grant
  const what = `role ${role} (${id}) of token ${tokenId} of tenant ${tenantNo}`
  const held = grants.get(id)
  if (removedAt !== null) {
    const isSilent = held !== undefined && !unread.has(tenantNo)
    return isSilent
      ? [`${what} is removed in the records, and no entry of the log says so: give it again, or remove it through the server`]
      : []
  }
  const todo = 'remove it, and find who changed the database'
  if (!held)
    return unread.has(tenantNo) ? [] : [`${what} is held in the records, and the log did not give it or took it back: ${todo}`]
  const differing = [
    held.tenantNo !== tenantNo && 'tenant',
    held.token !== undefined && held.token !== tokenId && 'token',
    held.role !== role && `role (the log gave ${held.role})`,
    held.scope !== grant.scope && `scope (the log gave ${held.scope})`,
    held.until !== grant.until && 'end',
  ].filter((each) => each !== false)
  return differing.length === 0 ? [] : [`${what} has another ${differing.join(', ')} in the records than the log gave: ${todo}`]
}

/** Days that a class of retention keeps rows, as the log says it. */
export function daysOfClass(retention: number): string {
  const days: Readonly<Record<number, number>> = RETENTION_DAYS
  return String(days[retention] ?? RETENTION_DAYS[1])
}
