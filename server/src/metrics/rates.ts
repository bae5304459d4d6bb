import { DECISION_REASONS, FLAGS } from 'tokentrail'
import type { Rate, Share } from '../query/answer.ts'
import type { Reader, Sql } from '../query/reader.ts'
import type { ReasonRow, TotalsRow, WindowParams } from '../query/rows.ts'
import { HAS_DURATION, latencies, RAW_ATTEMPTS, tokenCounts } from '../query/sources.ts'
import { EXACT_BELOW } from '../query/questions/totals.ts'
import { shareOf } from '../query/wilson.ts'
import type { Counts } from './counts.ts'
import { rateOf } from './poisson-exact.ts'

const MINUTE = 60_000
/** A token's rate is looked at from so many attempts on. */
const ATTEMPTS_MIN = 20
const SAME_CLIENT_MS = 10_000

/** Order statistics: the interval of a median needs no distribution. */
const BY_TOKEN: Sql = (arms) => `WITH arraySort(groupArray(rate)) AS rates, length(rates) AS n SELECT n,
    if(n = 0, 0, (rates[intDiv(n + 1, 2)] + rates[intDiv(n, 2) + 1]) / 2) AS median,
    if(n = 0, 0, rates[toUInt64(greatest(1, floor((n - 1.959963984540054 * sqrt(n)) / 2)))]) AS low,
    if(n = 0, 0, rates[toUInt64(least(toFloat64(n), ceil(1 + (n + 1.959963984540054 * sqrt(n)) / 2)))]) AS high
  FROM (SELECT sum(accepted) AS ok, sum(invalid) + sum(forbidden) AS failed, ok / (ok + failed) AS rate
    FROM ${tokenCounts(arms)} GROUP BY token_no HAVING ok + failed + sum(throttled) + sum(unavailable) >= ${ATTEMPTS_MIN} AND ok + failed > 0)`

const PRESSURE = `SELECT uniqExactIf(network, network != 0) AS networks, countIf(bitAnd(flags, ${FLAGS.coalesced}) != 0) AS coalesced
  FROM ${RAW_ATTEMPTS} AND token_no = 0 AND population = 2 AND outcome = 2`

const REPLAYS = `SELECT sumIf(toUInt64(count), bitAnd(flags, ${FLAGS.sameClient}) != 0 AND since_end_ms <= ${SAME_CLIENT_MS}) AS same_client,
    sumIf(toUInt64(count), bitAnd(flags, ${FLAGS.sameNetwork}) = 0) AS other_network, sumIf(toUInt64(count), bitAnd(flags, ${FLAGS.concurrent}) != 0) AS at_once
  FROM ${RAW_ATTEMPTS} AND outcome = 2 AND reason = ${DECISION_REASONS.consumed.id}`

const LATENCY: Sql = (arms) =>
  `SELECT outcome, quantilesTDigestMerge(0.5, 0.95, 0.99)(quantiles) AS q, sum(samples) AS n FROM ${latencies(arms)} GROUP BY outcome`
const LATENCY_EXACT = `SELECT outcome, quantilesExact(0.5, 0.95, 0.99)(duration_us) AS q, count() AS n FROM ${RAW_ATTEMPTS} AND ${HAS_DURATION} GROUP BY outcome`

export const RATES_SQL = [BY_TOKEN, PRESSURE, REPLAYS, LATENCY, LATENCY_EXACT]

/** How validations went, each figure with its denominator. */
export interface ValidationRates {
  /** accepted ÷ (accepted + invalid + forbidden), attributed: health of real integrations. */
  readonly successRate: Share | null
  /** The same over both populations: pressure at the door. */
  readonly successRateAll: Share | null
  /** Median over tokens with at least 20 attempts; interval by order statistics. */
  readonly successRateByToken: {
    readonly median: number
    readonly low: number
    readonly high: number
    readonly tokens: number
  } | null
  readonly byReason: readonly ReasonRow[]
  readonly latency: { readonly accepted: Latency | null; readonly rejected: Latency | null; readonly method: string }
  readonly pressure: {
    readonly perMinute: Rate | null
    readonly networks: number
    /** Refused before any lookup. */
    readonly beforeLookup: Share | null
    /** Attempts were coalesced: `networks` is a lower bound. */
    readonly lowerBound: boolean
  }
  readonly replays: {
    readonly count: number
    readonly per1000Consumed: number | null
    readonly sameClientWithin10s: number
    readonly otherNetwork: number
    readonly concurrent: number
  }
  readonly errorShare: Share | null
  readonly failedOpen: number
}

export interface Latency {
  readonly p50Us: number
  readonly p95Us: number
  readonly p99Us: number
  readonly samples: number
}

/** Reads what plain counts do not tell. */
export async function ratesOf(
  params: WindowParams,
  totals: Pick<TotalsRow, 'successRate' | 'successRateAll'>,
  counts: Counts,
  reader: Reader,
): Promise<Omit<ValidationRates, 'byReason'>> {
  const [successRateByToken, pressure, replays, latency] = await Promise.all([
    byTokenOf(params, reader),
    pressureOf(params, counts, reader),
    replaysOf(params, counts, reader),
    latencyOf(params, counts.attempts < EXACT_BELOW, reader),
  ])
  return {
    successRate: totals.successRate,
    successRateAll: totals.successRateAll,
    successRateByToken,
    latency,
    pressure,
    replays,
    errorShare: shareOf(counts.of('unavailable'), counts.attempts),
    failedOpen: counts.failedOpen,
  }
}

async function byTokenOf(params: WindowParams, reader: Reader): Promise<ValidationRates['successRateByToken']> {
  const [row] = await reader.rows<{ n: number; median: number; low: number; high: number }>(
    BY_TOKEN,
    await reader.window(params, 'tokenDay'),
  )
  return row === undefined || row.n === 0 ? null : { median: row.median, low: row.low, high: row.high, tokens: row.n }
}

async function pressureOf(params: WindowParams, counts: Counts, reader: Reader): Promise<ValidationRates['pressure']> {
  const minutes = (params.to - params.from) / MINUTE
  const perMinute = rateOf(counts.unattributedRejections, minutes, 1, 'unattributed rejections per minute')
  const beforeLookup = shareOf(counts.unattributedBeforeLookup, counts.unattributedRejections)
  if (counts.unattributedRejections === 0) return { perMinute, networks: 0, beforeLookup, lowerBound: false }
  const [row] = await reader.rows<{ networks: number; coalesced: number }>(PRESSURE, await reader.window(params, 'raw'))
  return { perMinute, networks: row?.networks ?? 0, beforeLookup, lowerBound: (row?.coalesced ?? 0) > 0 }
}

async function replaysOf(params: WindowParams, counts: Counts, reader: Reader): Promise<ValidationRates['replays']> {
  const count = counts.reason(DECISION_REASONS.consumed.id)
  const per1000Consumed = counts.consumed === 0 ? null : (1000 * count) / counts.consumed
  if (count === 0) return { count, per1000Consumed, sameClientWithin10s: 0, otherNetwork: 0, concurrent: 0 }
  const [row] = await reader.rows<{ same_client: number; other_network: number; at_once: number }>(
    REPLAYS,
    await reader.window(params, 'raw'),
  )
  return {
    count,
    per1000Consumed,
    sameClientWithin10s: row?.same_client ?? 0,
    otherNetwork: row?.other_network ?? 0,
    concurrent: row?.at_once ?? 0,
  }
}

async function latencyOf(params: WindowParams, exact: boolean, reader: Reader): Promise<ValidationRates['latency']> {
  const [sql, source] = exact ? ([LATENCY_EXACT, 'raw'] as const) : ([LATENCY, 'hour'] as const)
  const rows = await reader.rows<{ outcome: number; q: readonly number[]; n: number }>(sql, await reader.window(params, source))
  const of = (outcome: number): Latency | null => {
    const row = rows.find((each) => each.outcome === outcome)
    const [p50Us, p95Us, p99Us] = row?.q ?? []
    if (row === undefined || p50Us === undefined || p95Us === undefined || p99Us === undefined) return null
    return { p50Us, p95Us, p99Us, samples: row.n }
  }
  return { accepted: of(1), rejected: of(2), method: exact ? 'exact' : 't-digest' }
}
