import { EVENT_COLUMNS, RETENTION_DAYS } from '../event/row.ts'
import { localName, onCluster } from './ddl.ts'
import { formOf } from './migrate.ts'
import { TABLES } from './schema.ts'
import type { Milliseconds } from 'tokentrail'
import type { StoreAddress } from './address.ts'
import type { SqlValue, Store } from './store.ts'
import type { Partition, Table } from './table.ts'

const DAY_MS = 86_400_000
/** Reads a few columns of every event. */
const LIMITS = { timeoutMs: 300_000, rowsReadMax: 100_000_000_000 } as const

export type AgingStore = Pick<Store, 'query' | 'command'> & { readonly address?: StoreAddress }

/** A partition as it stands: whole ones are dropped, nothing is rewritten. */
export interface StoredPart {
  /** Name of the table in the schema. */
  readonly table: string
  readonly id: string
  /** The first moment in it, and the first after it. */
  readonly from: Milliseconds
  readonly to: Milliseconds
  /** Days after its end for which it is kept; infinite where other rules decide. */
  readonly days: number
  readonly rows: number
  readonly bytes: number
}

/** Every partition of every table, oldest first. */
export async function storedParts(store: AgingStore): Promise<readonly StoredPart[]> {
  const form = formOf(store.address)
  const tables = new Map(TABLES.map((table) => [localName(table.name, form), table]))
  const { rows } = await store.query<{ table: string; id: string; partition: string; rows: number; bytes: number }>({
    sql: `SELECT table, partition_id AS id, any(partition) AS partition, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
      WHERE database = currentDatabase() AND active GROUP BY table, id ORDER BY table, id`,
    params: {},
  })
  return rows
    .flatMap(({ table: name, id, partition, rows: count, bytes }) => {
      const table = tables.get(name)
      if (!table) return []
      const { from, to } = boundsOf(table, partition)
      return [{ table: table.name, id, from, to, days: keptDays(table, partition), rows: count, bytes }]
    })
    .toSorted((a, b) => a.to - b.to)
}

/** When a partition's time is over. */
export function isDue(part: StoredPart, at: Milliseconds): boolean {
  return at >= part.to + part.days * DAY_MS
}

/** Drops a partition as a whole. Harmless when it is gone. */
export async function dropPart(store: AgingStore, { table, id }: StoredPart): Promise<void> {
  const form = formOf(store.address)
  await store.command(`ALTER TABLE ${localName(table, form)}${onCluster(form)} DROP PARTITION ID '${id}'`)
}

/** Rows of a partition of `events`, by tenant. */
export async function rowsByTenant(store: AgingStore, { id }: StoredPart): Promise<ReadonlyMap<number, number>> {
  const { rows } = await store.query<{ tenant: number; n: number }>({
    sql: 'SELECT tenant, count() AS n FROM events WHERE _partition_id = {id:String} GROUP BY tenant ORDER BY tenant',
    params: { id },
    limits: LIMITS,
  })
  return new Map(rows.map(({ tenant, n }) => [tenant, n]))
}

/** A tenant's rows that are older than a day and of a class that keeps longer than the tenant now does. */
export interface Surplus {
  readonly tenantNo: number
  /** The tenant's class now. */
  readonly class: number
  /** Rows of days before this one go. */
  readonly beforeDay: number
}

const SURPLUS = 'tenant = {tenant:UInt32} AND retention > {class:UInt8} AND occurred_at < toDateTime64(toDate({day:UInt16}), 3)'

/** How many rows a tenant has that its shorter rule lets go. */
export async function surplusRows(store: AgingStore, surplus: Surplus): Promise<number> {
  const { rows } = await store.query<{ n: number }>({
    sql: `SELECT count() AS n FROM events WHERE ${SURPLUS}`,
    params: paramsOf(surplus),
    limits: LIMITS,
  })
  return rows[0]?.n ?? 0
}

/** Deletes them: other tenants' rows stand in the same partitions, so these are rewritten, once after a rule became shorter. */
export async function dropSurplus(store: AgingStore, surplus: Surplus): Promise<void> {
  const form = formOf(store.address)
  await store.command(
    `ALTER TABLE ${localName('events', form)}${onCluster(form)} DELETE WHERE ${SURPLUS} SETTINGS mutations_sync = 2`,
    paramsOf(surplus),
  )
}

function paramsOf({ tenantNo, class: of, beforeDay }: Surplus): Readonly<Record<string, SqlValue>> {
  return { tenant: tenantNo, class: of, day: beforeDay }
}

/** Partitions of `events` with sealed addresses of days before this one, with their rows. */
export async function sealedAddressParts(
  store: AgingStore,
  beforeDay: number,
): Promise<readonly { readonly id: string; readonly rows: number }[]> {
  const { rows } = await store.query<{ id: string; n: number }>({
    sql: `SELECT _partition_id AS id, count() AS n FROM events
      WHERE toDate(occurred_at) < toDate({day:UInt16}) AND address_sealed != '' GROUP BY id ORDER BY id`,
    params: { day: beforeDay },
    limits: LIMITS,
  })
  return rows.map(({ id, n }) => ({ id, rows: n }))
}

/** Empties the sealed addresses of a partition; the events stay. */
export async function emptySealedAddresses(store: AgingStore, id: string): Promise<void> {
  const form = formOf(store.address)
  await store.command(
    `ALTER TABLE ${localName('events', form)}${onCluster(form)} CLEAR COLUMN address_sealed IN PARTITION ID '${id}'`,
  )
}

/** What a hold keeps in the store. 0 or null: all. */
export interface HeldScope {
  readonly hold: string
  readonly tenantNo: number
  readonly ownerNo: number | null
  readonly tokenNo: number | null
  readonly from: Milliseconds | null
  readonly to: Milliseconds | null
}

const COLUMNS = EVENT_COLUMNS.map(({ column }) => `\`${column}\``).join(', ')
const IN_SCOPE = `tenant = {tenant:UInt32}
  AND ({owner:UInt32} = 0 OR owner_no = {owner:UInt32} OR actor_no = {owner:UInt32}
    OR claimed_no IN (SELECT token_no FROM token_life WHERE tenant = {tenant:UInt32} AND owner_no = {owner:UInt32}))
  AND ({token:UInt64} = 0 OR token_no = {token:UInt64} OR claimed_no = {token:UInt64})
  AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`
/** The last moment that a time of the store can name, ms. */
const END_OF_TIME = Date.UTC(2299, 11, 31)

/** Copies what a hold keeps of a partition of `events`, each row once. */
export async function holdRows(store: AgingStore, scope: HeldScope, part: StoredPart): Promise<void> {
  const params = { ...scopeParams(scope), id: part.id, hold: scope.hold, dayFrom: part.from, dayTo: part.to }
  const copied = `SELECT writer, seq FROM events_held WHERE tenant = {tenant:UInt32} AND hold = {hold:String}
      AND occurred_at >= fromUnixTimestamp64Milli({dayFrom:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({dayTo:Int64}, 'UTC')`
  await store.command(
    `INSERT INTO events_held (hold, ${COLUMNS}) SELECT {hold:String}, ${COLUMNS} FROM events
      WHERE _partition_id = {id:String} AND ${IN_SCOPE} AND (writer, seq) NOT IN (${copied})`,
    params,
  )
}

/** How many rows of a partition of `events` a hold keeps. */
export async function rowsInScope(store: AgingStore, scope: HeldScope, { id }: StoredPart): Promise<number> {
  const { rows } = await store.query<{ n: number }>({
    sql: `SELECT count() AS n FROM events WHERE _partition_id = {id:String} AND ${IN_SCOPE}`,
    params: { ...scopeParams(scope), id },
    limits: LIMITS,
  })
  return rows[0]?.n ?? 0
}

/** Lets go what was kept for a hold. */
export async function releaseRows(store: AgingStore, tenantNo: number, hold: string): Promise<void> {
  const form = formOf(store.address)
  await store.command(
    `ALTER TABLE ${localName('events_held', form)}${onCluster(form)} DELETE WHERE tenant = {tenant:UInt32} AND hold = {hold:String} SETTINGS mutations_sync = 2`,
    { tenant: tenantNo, hold },
  )
}

/** Holds for which rows are kept, with how many. */
export async function heldRows(store: AgingStore): Promise<readonly { tenantNo: number; hold: string; rows: number }[]> {
  const { rows } = await store.query<{ tenant: number; hold: string; n: number }>({
    sql: 'SELECT tenant, hold, uniqExact(writer, seq) AS n FROM events_held GROUP BY tenant, hold ORDER BY tenant, hold',
    params: {},
    limits: LIMITS,
  })
  return rows.map(({ tenant, hold, n }) => ({ tenantNo: tenant, hold, rows: n }))
}

/**
 * Where the store is a server of its own, it lets rows go by itself one day after the engine should have: a net, in case the engine
 * does not run. Embedded, the store lives and ends with the engine. May be called at every start.
 */
export async function spreadNet(store: AgingStore): Promise<void> {
  if (store.address?.form !== 'served') return
  const form = formOf(store.address)
  const classes = Object.entries(RETENTION_DAYS).map(([id, days]) => `retention = ${id}, ${days + 2}`)
  const longest = Math.max(...Object.values(RETENTION_DAYS)) + 2
  await store.command(
    `ALTER TABLE ${localName('events', form)}${onCluster(form)} MODIFY TTL toDate(occurred_at) + toIntervalDay(multiIf(${classes.join(', ')}, ${longest})) SETTINGS materialize_ttl_after_modify = 0`,
  )
}

/** While nothing may go, the net is drawn in. */
export async function drawInNet(store: AgingStore, drawnIn: boolean): Promise<void> {
  if (store.address?.form !== 'served') return
  const form = formOf(store.address)
  await store.command(`SYSTEM ${drawnIn ? 'STOP' : 'START'} TTL MERGES${onCluster(form)} ${localName('events', form)}`)
}

function scopeParams({ tenantNo, ownerNo, tokenNo, from, to }: HeldScope): Readonly<Record<string, SqlValue>> {
  return { tenant: tenantNo, owner: ownerNo ?? 0, token: tokenNo ?? 0, from: from ?? 0, to: to ?? END_OF_TIME }
}

function keptDays({ keptDays: kept }: Table, partition: string): number {
  if (kept === 'records' || kept === 'holds') return Number.POSITIVE_INFINITY
  if (kept !== 'class') return kept
  const days: Readonly<Record<string, number | undefined>> = RETENTION_DAYS
  return days[/^\((\d+)/.exec(partition)?.[1] ?? ''] ?? Number.POSITIVE_INFINITY
}

/** A partition as the engine writes it: `(1,'2026-11-25')`, `2026-11-25`, `202611`, `2026`. */
function boundsOf({ partition: cut }: Table, partition: string): { readonly from: Milliseconds; readonly to: Milliseconds } {
  const [year, month] = [Number(partition.slice(0, 4)), Number(partition.slice(4, 6))]
  const day = Date.parse(/\d{4}-\d{2}-\d{2}/.exec(partition)?.[0] ?? '')
  const bounds: Readonly<Record<Partition, readonly [number, number]>> = {
    'retention and day': [day, day + DAY_MS],
    day: [day, day + DAY_MS],
    month: [Date.UTC(year, month - 1), Date.UTC(year, month)],
    year: [Date.UTC(year, 0), Date.UTC(year + 1, 0)],
    none: [0, Number.POSITIVE_INFINITY],
  }
  const [from, to] = bounds[cut]
  return { from, to }
}
