/**
 * The tenant's scope, added here and nowhere else: a question reads `FROM ${OF.events} AND …` and cannot name a table
 * without it. `tenant` and `hidden` are set by the reader, after every parameter of a question.
 */
export const OF = {
  events: of('events'),
  events_minute: of('events_minute'),
  events_hour: of('events_hour'),
  events_day: of('events_day'),
  unique_hour: of('unique_hour'),
  unique_day: of('unique_day'),
  token_day: of('token_day'),
  network_day: of('network_day'),
  latency_minute: of('latency_minute'),
  latency_hour: of('latency_hour'),
  scope_day: of('scope_day'),
  token_life: of('token_life'),
  capture_minute: of('capture_minute'),
} as const

function of(table: string): string {
  return `${table} WHERE tenant = {tenant:UInt32}`
}

/** Canaries and simulated events are left out of every metric; in a simulated tenant only canaries are. */
export const IS_METERED = 'bitAnd(special, {hidden:UInt8}) = 0'
/** The same on raw events, whose two lowest flags are `special`. */
export const IS_METERED_RAW = 'bitAnd(flags, {hidden:UInt8}) = 0'

/** What of the tenant a reader may see: all of it, or what happened in a period, or what is about one owner. */
export interface Sight {
  readonly period: { readonly from: number; readonly to: number } | null
  readonly ownerNo: number | null
  /** May see exact reasons, not only their classes. */
  readonly reasons: boolean
}

export const WHOLE_SIGHT: Sight = { period: null, ownerNo: null, reasons: true }

/** Where the time of a row stands, and how a moment is written for it; a table that has no time is closed to who has a period. */
const TIME_OF: Readonly<Record<string, readonly [column: string, moment: (name: string) => string]>> = {
  events: ['occurred_at', (name) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`],
  ...Object.fromEntries(
    ['events_minute', 'latency_minute', 'capture_minute'].map((table) => [table, ['minute', asDateTime] as const]),
  ),
  ...Object.fromEntries(['events_hour', 'unique_hour', 'latency_hour'].map((table) => [table, ['hour', asDateTime] as const])),
  ...Object.fromEntries(
    ['events_day', 'unique_day', 'token_day', 'network_day', 'scope_day'].map((table) => [table, ['day', asDate] as const]),
  ),
}

function asDateTime(name: string): string {
  return `toDateTime(intDiv({${name}:Int64}, 1000), 'UTC')`
}

function asDate(name: string): string {
  return `toDate(${asDateTime(name)})`
}

/**
 * The same SQL with the reader's sight beside the tenant, wherever a table is named: constant text again. Whole buckets at the edges of
 * a period belong to it where they begin in it.
 */
export function within(sql: string, { period, ownerNo }: Sight): string {
  if (period === null && ownerNo === null) return sql
  return sql.replaceAll(/\b(\w+) WHERE tenant = \{tenant:UInt32\}/g, (scoped, table: string) => {
    const time = TIME_OF[table]
    const inPeriod = time ? ` AND ${time[0]} >= ${time[1]('seen_from')} AND ${time[0]} < ${time[1]('seen_to')}` : ' AND 0 = 1'
    const ofOwner = table === 'events' ? ' AND owner_no = {seen_owner:UInt32}' : ''
    return scoped + (period === null ? '' : inPeriod) + (ownerNo === null ? '' : ofOwner)
  })
}

/** The values that `within` needs. */
export function sightParams({ period, ownerNo }: Sight): Readonly<Record<string, number>> {
  return {
    ...(period === null ? {} : { seen_from: period.from, seen_to: period.to }),
    ...(ownerNo === null ? {} : { seen_owner: ownerNo }),
  }
}
