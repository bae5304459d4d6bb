import { FLAGS } from 'tokentrail'
import { LATE_MS } from '../store/rollups.ts'
import { CLASS, IS_ATTEMPT } from './classes.ts'
import { IS_METERED, IS_METERED_RAW, OF } from './scope.ts'
import type { Arms, Kept } from './spans.ts'

/** Days for which each roll-up is surely kept (`store/rollups.ts` keeps one more). */
const DAY: Kept = { grain: 'day', days: 1825 }
const HOUR: Kept = { grain: 'hour', days: 399 }
const MINUTE: Kept = { grain: 'minute', days: 13 }

/** Roll-ups that answer each kind of source, coarsest first; nothing of them is used where one token is asked for. */
export const KEPT = {
  day: [DAY, HOUR],
  hour: [HOUR],
  minute: [MINUTE],
  uniqueDay: [DAY],
  uniqueHour: [{ grain: 'hour', days: 89 }],
  tokenDay: [{ grain: 'day', days: 399 }],
  /** Days of one token, its scopes among them. */
  oneTokenDay: [{ grain: 'day', days: 399 }],
  networkDay: [{ grain: 'day', days: 89 }],
  raw: [],
} as const satisfies Record<string, readonly Kept[]>

const DAYS = 'day >= toDate({day_from:UInt16}) AND day < toDate({day_to:UInt16})'
const HOURS = ranges('hour', "toDateTime({?:UInt32}, 'UTC')", 'hour1', 'hour2')
const MINUTES = ranges('minute', "toDateTime({?:UInt32}, 'UTC')", 'minute1', 'minute2')
const RAW = ranges('occurred_at', "fromUnixTimestamp64Milli({?:Int64}, 'UTC')", 'raw1', 'raw2')
const OF_KIND = '({kind:UInt8} = 0 OR kind = {kind:UInt8})'

function ranges(column: string, bound: string, ...names: readonly string[]): string {
  const range = (name: string): string =>
    `(${column} >= ${bound.replace('?', `${name}_from`)} AND ${column} < ${bound.replace('?', `${name}_to`)})`
  return `(${names.map(range).join(' OR ')})`
}

/** Raw attempts at the edges of the window, or all of one token's. */
export const RAW_ATTEMPTS = `${OF.events} AND ${RAW} AND ${OF_KIND} AND ({token:UInt64} = 0 OR token_no = {token:UInt64})
  AND ${IS_METERED_RAW} AND ${IS_ATTEMPT}`

/** The arms that a window needs, joined; without any the raw one, whose ranges are empty then. */
function unionOf(arms: Arms, texts: Readonly<Partial<Record<keyof Arms, string>>>): string {
  const needed = Object.entries(texts).filter(([name]) => arms[name as keyof Arms])
  return `(${(needed.length === 0 ? [['raw', texts.raw]] : needed).map(([, text]) => text).join('\n  UNION ALL ')})`
}

const metered = (table: string, range: string): string => `FROM ${table} AND ${range} AND ${OF_KIND} AND ${IS_METERED}`

const LABELS = 'service, kind, type, outcome, reason, population'
const COUNTS = {
  day: `SELECT toDateTime(day, 'UTC') AS at, ${LABELS}, count, late ${metered(OF.events_day, DAYS)}`,
  hour: `SELECT hour AS at, ${LABELS}, count, late ${metered(OF.events_hour, HOURS)}`,
  minute: `SELECT minute AS at, ${LABELS}, count, late ${metered(OF.events_minute, MINUTES)}`,
  raw: `SELECT toDateTime(occurred_at, 'UTC') AS at, ${LABELS}, toUInt64(count) AS count, if(delay_ms > ${LATE_MS}, toUInt64(count), 0) AS late
    FROM ${OF.events} AND ${RAW} AND ${OF_KIND} AND ({token:UInt64} = 0 OR token_no = {token:UInt64}) AND ${IS_METERED_RAW}`,
} as const

/** Every event of the window by its labels: at, service, kind, type, outcome, reason, population, count, late. */
export const eventCounts = (arms: Arms): string => unionOf(arms, COUNTS)

const rawUniques = (precision: number): string => `SELECT kind, outcome, reason,
    uniqCombined64StateIf(${precision})(token_no, token_no != 0) AS tokens,
    uniqCombined64StateIf(${precision})(network, network != 0) AS networks FROM ${RAW_ATTEMPTS} GROUP BY kind, outcome, reason`

/** States of distinct tokens and networks by outcome and reason, at the precision of the days' roll-up (14). */
export const uniquesByDay = (arms: Arms): string =>
  unionOf(arms, {
    day: `SELECT kind, outcome, reason, tokens, networks ${metered(OF.unique_day, DAYS)}`,
    raw: rawUniques(14),
  })

/** The same by the hour (12). */
export const uniquesByHour = (arms: Arms): string =>
  unionOf(arms, {
    hour: `SELECT kind, outcome, reason, tokens, networks ${metered(OF.unique_hour, HOURS)}`,
    raw: rawUniques(12),
  })

/** A duration is measured where the door took one; a coalesced row has none of its own. */
export const HAS_DURATION = `duration_us > 0 AND bitAnd(flags, ${FLAGS.coalesced}) = 0`
const DIGEST = 'quantilesTDigestState(0.5, 0.95, 0.99)(duration_us)'

/** States of latency: at, outcome, quantiles, samples. */
export const latencies = (arms: Arms): string =>
  unionOf(arms, {
    hour: `SELECT hour AS at, outcome, quantiles, samples ${metered(OF.latency_hour, HOURS)}`,
    minute: `SELECT minute AS at, outcome, quantiles, samples ${metered(OF.latency_minute, MINUTES)}`,
    raw: `SELECT toStartOfMinute(toDateTime(occurred_at, 'UTC')) AS at, outcome, ${DIGEST} AS quantiles, count() AS samples
    FROM ${RAW_ATTEMPTS} AND ${HAS_DURATION} GROUP BY at, outcome`,
  })

const SUMS = 'accepted, invalid, forbidden, throttled, unavailable'
const RAW_SUMS = SUMS.split(', ')
  .map((name) => `if(class = '${name}', toUInt64(count), 0) AS ${name}`)
  .join(', ')

/** Attempts of each known token: token_no, the five classes, last_at. */
export const tokenCounts = (arms: Arms): string =>
  unionOf(arms, {
    day: `SELECT token_no, ${SUMS}, last_at ${metered(OF.token_day, DAYS)}`,
    raw: `SELECT token_no, ${RAW_SUMS}, occurred_at AS last_at
    FROM (SELECT token_no, occurred_at, count, ${CLASS} AS class FROM ${RAW_ATTEMPTS} AND token_no != 0)`,
  })

const ONLY_TOKENS = 'AND token_no IN {tokens:Array(UInt64)}'

/** Attempts of one token over time: at, the five classes. */
export const oneTokenCounts = (arms: Arms): string =>
  unionOf(arms, {
    day: `SELECT toDateTime(day, 'UTC') AS at, ${SUMS} ${metered(OF.token_day, DAYS)} AND token_no = {token:UInt64}`,
    raw: `SELECT toDateTime(occurred_at, 'UTC') AS at, ${RAW_SUMS} FROM (SELECT occurred_at, count, ${CLASS} AS class FROM ${RAW_ATTEMPTS})`,
  })

/** Scopes that one token needed: scope, attempts, accepted, failed, first_at, last_at. */
export const oneTokenScopes = (arms: Arms): string =>
  unionOf(arms, {
    day: `SELECT scope, attempts, accepted, failed, first_at, last_at FROM ${OF.scope_day} AND ${DAYS} AND ${IS_METERED}
      AND token_no = {token:UInt64} AND scope != ''`,
    raw: `SELECT scope, toUInt64(count) AS attempts, if(class = 'accepted', toUInt64(count), 0) AS accepted,
      if(class IN ('invalid', 'forbidden'), toUInt64(count), 0) AS failed, occurred_at AS first_at, occurred_at AS last_at
    FROM (SELECT scope, count, occurred_at, ${CLASS} AS class FROM ${RAW_ATTEMPTS} AND scope != '') WHERE class != ''`,
  })

/** States of the networks of some tokens. */
export const tokenNetworks = (arms: Arms): string =>
  unionOf(arms, {
    day: `SELECT token_no, networks ${metered(OF.token_day, DAYS)} ${ONLY_TOKENS}`,
    raw: `SELECT token_no, uniqCombined64StateIf(12)(network, network != 0) AS networks FROM ${RAW_ATTEMPTS} ${ONLY_TOKENS} GROUP BY token_no`,
  })

/** Attempts from each network: network, asn, country, the five classes. */
export const networkCounts = (arms: Arms): string =>
  unionOf(arms, {
    day: `SELECT network, asn, country, ${SUMS} ${metered(OF.network_day, DAYS)}`,
    raw: `SELECT network, asn, country, ${RAW_SUMS} FROM (SELECT network, asn, country, count, ${CLASS} AS class FROM ${RAW_ATTEMPTS})`,
  })

const ONLY_NETWORKS = 'AND network IN {networks:Array(UInt64)}'

/** States of the tokens and unknown credentials of some networks. */
export const networkUniques = (arms: Arms): string =>
  unionOf(arms, {
    day: `SELECT network, tokens, credentials ${metered(OF.network_day, DAYS)} ${ONLY_NETWORKS}`,
    raw: `SELECT network, uniqCombined64StateIf(12)(token_no, token_no != 0) AS tokens,
    uniqCombined64StateIf(12)(fingerprint, fingerprint != toFixedString('', 16)) AS credentials
    FROM ${RAW_ATTEMPTS} ${ONLY_NETWORKS} GROUP BY network`,
  })
