import { createHash } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { Store } from '../../store/store.ts'
import { IS_ATTEMPT } from '../classes.ts'
import { CLASS } from '../classes.ts'
import { type Cell, MEMBERS_MAX } from './suppress.ts'

export type CubeStore = Pick<Store, 'query' | 'insert'>

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** Attempts with no known owner are one cell: nobody's activity is told by it, and sources stand in for owners. */
export const UNATTRIBUTED = 'unattributed'

/** What is counted of one bucket of one tenant. */
export interface Bucket {
  readonly tenantNo: number
  readonly at: Milliseconds
  readonly hours: 1 | 24
  readonly cells: readonly Cell[]
}

const MASK = 'if(tenant IN {simulated:Array(UInt32)}, 1, 3)'
const OF_DAY = `toDate(occurred_at) = toDate({day:UInt16}) AND ${IS_ATTEMPT} AND bitAnd(flags, ${MASK}) = 0`
/** Reads a day of every tenant. */
const LIMITS = { timeoutMs: 120_000, rowsReadMax: 10_000_000_000 } as const

interface CountRow {
  readonly tenant: number
  readonly start: number
  readonly key: string
  readonly n: number | string
  readonly members: readonly (number | string)[]
}

/** What happened on a day, by hour or as a whole: attempts by class and kind, with the owners behind them. */
export async function countDay(
  store: CubeStore,
  day: number,
  o: { readonly hours: 1 | 24; readonly tenants: readonly number[]; readonly simulated: readonly number[] },
): Promise<readonly Bucket[]> {
  const { rows } = await store.query<CountRow>({
    sql: `SELECT tenant, toUnixTimestamp(if({hours:UInt8} = 24, toStartOfDay(toDateTime(occurred_at, 'UTC')), toStartOfHour(toDateTime(occurred_at, 'UTC')))) AS start,
      if(population = 1, concat(${CLASS}, ':', transform(kind, [1, 2, 3], ['access', 'action', 'validation'], 'none')), '${UNATTRIBUTED}') AS key,
      sum(toUInt64(count)) AS n,
      groupUniqArray(${MEMBERS_MAX})(if(population = 1, toString(owner_no), if(claimed_no != 0, concat('t', toString(claimed_no)), concat('n', toString(network))))) AS members
      FROM events WHERE tenant IN {tenants:Array(UInt32)} AND ${OF_DAY} GROUP BY tenant, start, key ORDER BY tenant, start, key`,
    params: { day, hours: o.hours, tenants: o.tenants, simulated: o.simulated },
    limits: LIMITS,
  })
  return [...Map.groupBy(rows, ({ tenant, start }) => `${tenant} ${start}`).values()].flatMap((alike) => {
    const [first] = alike
    if (!first) return []
    const cells = alike.map(({ key, n, members }) => ({ key, count: Number(n), members: members.map(String) }))
    return [{ tenantNo: first.tenant, at: first.start * 1_000, hours: o.hours, cells }]
  })
}

/** By how many owners a usual hour of a day was used, for each tenant, and in how many hours anything happened. */
export async function usualHours(
  store: CubeStore,
  day: number,
  simulated: readonly number[],
): Promise<ReadonlyMap<number, { readonly hours: number; readonly owners: number }>> {
  const { rows } = await store.query<{ tenant: number; hours: number; owners: number }>({
    sql: `SELECT tenant, count() AS hours, quantileExactLow(0.25)(owners) AS owners FROM (
      SELECT tenant, toStartOfHour(occurred_at) AS hour, uniqExact(owner_no) AS owners FROM events
      WHERE ${OF_DAY} AND population = 1 GROUP BY tenant, hour) GROUP BY tenant`,
    params: { day, simulated },
    limits: LIMITS,
  })
  return new Map(rows.map(({ tenant, hours, owners }) => [tenant, { hours, owners }]))
}

/**
 * How much happened on each day from one to another, as a text that changes when more arrives: of the last two days by those hours that
 * end before `until`, so that running hours do not move it.
 */
export async function pulseOf(store: CubeStore, o: { readonly from: number; readonly to: number; readonly until: Milliseconds }) {
  const [days, hours] = await Promise.all([
    store.query<{ no: number; n: string | number }>({
      sql: `SELECT toUInt16(day) AS no, sum(count) AS n FROM events_day
        WHERE day >= toDate({from:UInt16}) AND day < toDate({recent:UInt16}) GROUP BY day ORDER BY day`,
      params: { from: o.from, recent: o.to - 1 },
    }),
    store.query<{ start: number; n: string | number }>({
      sql: `SELECT toUnixTimestamp(hour) AS start, sum(count) AS n FROM events_hour
        WHERE hour >= toDateTime(toDate({recent:UInt16}), 'UTC') AND hour < toDateTime({until:UInt32}, 'UTC') GROUP BY hour ORDER BY hour`,
      params: { recent: o.to - 1, until: Math.floor((o.until - HOUR_MS) / 1_000) + 1 },
    }),
  ])
  const pulse = new Map(days.rows.map(({ no, n }) => [no, String(n)]))
  for (const { start, n } of hours.rows) {
    const day = Math.floor((start * 1_000) / DAY_MS)
    pulse.set(day, `${pulse.get(day) ?? ''} ${start}:${n}`)
  }
  return pulse as ReadonlyMap<number, string>
}

/** What was released of some days: for each tenant the starts, and the length of its buckets. */
export async function releasedOf(
  store: CubeStore,
  from: number,
  to: number,
): Promise<readonly { readonly tenantNo: number; readonly at: Milliseconds; readonly hours: 1 | 24 }[]> {
  const { rows } = await store.query<{ tenant: number; start: number; length: number }>({
    sql: `SELECT tenant, toUnixTimestamp(hour) AS start, any(hours) AS length FROM viewer_hour
      WHERE cell = '' AND toDate(hour) >= toDate({from:UInt16}) AND toDate(hour) <= toDate({to:UInt16}) GROUP BY tenant, hour`,
    params: { from, to },
  })
  return rows.map(({ tenant, start, length }) => ({ tenantNo: tenant, at: start * 1_000, hours: length === 24 ? 24 : 1 }))
}

/** Puts buckets that may be shown where viewers are answered from. A bucket without cells says that it was released, and nothing else. */
export async function keepReleased(store: CubeStore, buckets: readonly Bucket[]): Promise<void> {
  if (buckets.length === 0) return
  const rows = buckets.flatMap(({ cells, ...bucket }) =>
    [{ key: '', count: 0, members: [] }, ...cells].map((cell) => ({ ...bucket, ...cell })),
  )
  const bytes = Buffer.concat(rows.map(encode))
  const token = `viewer ${createHash('sha256').update(bytes).digest('hex')}`
  await store.insert('viewer_hour', ['tenant', 'hour', 'hours', 'cell', 'count', 'members'], bytes, token)
}

type Row = Omit<Bucket, 'cells'> & Cell

/** RowBinary. Members are numbers for whoever counts them, so what stands in for an owner is hashed. */
function encode({ tenantNo, at, hours, key, count, members }: Row): Buffer {
  const text = Buffer.from(key)
  const bytes = Buffer.alloc(4 + 4 + 1 + 1 + text.length + 8 + 1 + 8 * members.length)
  let end = bytes.writeUInt32LE(tenantNo, 0)
  end = bytes.writeUInt32LE(at / 1_000, end)
  end = bytes.writeUInt8(hours, end)
  end = bytes.writeUInt8(text.length, end)
  end += text.copy(bytes, end)
  end = bytes.writeBigUInt64LE(BigInt(count), end)
  end = bytes.writeUInt8(members.length, end)
  for (const member of members) end = bytes.writeBigUInt64LE(numberOf(member), end)
  return bytes
}

function numberOf(member: string): bigint {
  return /^\d+$/.test(member) ? BigInt(member) : createHash('sha256').update(member).digest().readBigUInt64LE(0)
}

/** What was released of a window: buckets that begin in it, whole. */
export async function readReleased(
  store: Pick<CubeStore, 'query'>,
  tenantNo: number,
  window: { readonly from: Milliseconds; readonly to: Milliseconds },
  signal?: AbortSignal,
): Promise<{ readonly buckets: readonly Bucket[]; readonly rowsRead: number }> {
  const { rows, cost } = await store.query<{
    start: number
    hours: number
    cell: string
    count: number | string
    members: readonly (number | string)[]
  }>({
    sql: `SELECT toUnixTimestamp(hour) AS start, hours, toString(cell) AS cell, count, members FROM viewer_hour FINAL
      WHERE tenant = {tenant:UInt32} AND cell != '' AND hour < toDateTime(intDiv({to:Int64} + 999, 1000), 'UTC')
      AND addHours(hour, hours) > toDateTime(intDiv({from:Int64}, 1000), 'UTC') ORDER BY hour, cell`,
    params: { tenant: tenantNo, from: window.from, to: window.to },
    ...(signal ? { signal } : {}),
  })
  const buckets = [...Map.groupBy(rows, ({ start }) => start)].map(([start, alike]) => ({
    tenantNo,
    at: start * 1_000,
    hours: alike[0]?.hours === 24 ? (24 as const) : (1 as const),
    cells: alike.map(({ cell, count, members }) => ({ key: cell, count: Number(count), members: members.map(String) })),
  }))
  return { buckets, rowsRead: cost.rowsRead }
}
