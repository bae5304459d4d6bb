import { DECISION_REASONS } from 'tokentrail'
import { isAttempt, classOf } from '../classes.ts'
import { EXACT, type Question } from '../question.ts'
import type { Reader, Sql } from '../reader.ts'
import type { TotalsRow, WindowParams } from '../rows.ts'
import { HAS_DURATION, latencies, RAW_ATTEMPTS, uniquesByDay, uniquesByHour } from '../sources.ts'
import { shareOf } from '../wilson.ts'
import { type CountRow, WINDOW_COUNTS_SQL, windowCounts } from '../window-counts.ts'

const uniquesOf = (precision: number): string =>
  `SELECT uniqCombined64MergeIf(${precision})(tokens, outcome = 1) AS tokens, uniqCombined64Merge(${precision})(networks) AS networks`
const UNIQUES_BY_DAY: Sql = (arms) => `${uniquesOf(14)} FROM ${uniquesByDay(arms)}`
const UNIQUES_BY_HOUR: Sql = (arms) => `${uniquesOf(12)} FROM ${uniquesByHour(arms)}`
const UNIQUES_EXACT = `SELECT uniqExactIf(token_no, outcome = 1 AND token_no != 0) AS tokens, uniqExactIf(network, network != 0) AS networks FROM ${RAW_ATTEMPTS}`

const LATENCY: Sql = (arms) =>
  `SELECT quantilesTDigestMerge(0.5, 0.95, 0.99)(quantiles) AS q, sum(samples) AS n FROM ${latencies(arms)} WHERE outcome = 1`
const LATENCY_EXACT = `SELECT quantilesExact(0.5, 0.95, 0.99)(duration_us) AS q, count() AS n FROM ${RAW_ATTEMPTS} AND ${HAS_DURATION} AND outcome = 1`

/** Below so many attempts distinct counts and quantiles are counted out. */
export const EXACT_BELOW = 10_000
const TWO_DAYS_MS = 2 * 86_400_000

/** The window's figures. */
export const totals: Question<'totals'> = {
  name: 'totals',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'optional' },
  method: `${EXACT}; distinct counts and quantiles as \`uniques\` says`,
  sql: [...WINDOW_COUNTS_SQL, UNIQUES_BY_DAY, UNIQUES_BY_HOUR, UNIQUES_EXACT, LATENCY, LATENCY_EXACT],
  async answer(params, reader) {
    const counts = totalsOf(await windowCounts(params, reader))
    const exact = counts.attempts < EXACT_BELOW || params.token !== undefined
    const [uniques, latency] = await Promise.all([uniquesIn(params, reader, exact), latencyIn(params, reader, exact)])
    return { rows: [{ ...counts, ...uniques, latency }] }
  },
}

export type TotalCounts = Omit<TotalsRow, 'activeTokens' | 'networks' | 'uniques' | 'latency'>

/** What is a plain sum among the window's figures. */
export function totalsOf(counts: readonly CountRow[]): TotalCounts {
  const found = counts.flatMap((row) => {
    const name = isAttempt(row) ? classOf(row.outcome, row.reason) : null
    return name === null ? [] : [{ ...row, class: name }]
  })
  type Row = (typeof found)[number]
  const sum = (holds: (row: Row) => boolean): number => found.filter(holds).reduce((total, { n }) => total + n, 0)
  const judged = (row: Row): boolean => ['accepted', 'invalid', 'forbidden'].includes(row.class)
  const attributed = (row: Row): boolean => row.population === 1 && judged(row)
  return {
    attempts: sum(() => true),
    accepted: sum((row) => row.class === 'accepted'),
    invalid: sum((row) => row.class === 'invalid'),
    forbidden: sum((row) => row.class === 'forbidden'),
    throttled: sum((row) => row.class === 'throttled'),
    unavailable: sum((row) => row.class === 'unavailable'),
    successRate: shareOf(
      sum((row) => attributed(row) && row.class === 'accepted'),
      sum(attributed),
    ),
    successRateAll: shareOf(
      sum((row) => row.class === 'accepted'),
      sum(judged),
    ),
    unattributed: sum((row) => row.population === 2),
    replays: sum((row) => row.class === 'invalid' && row.reason === DECISION_REASONS.consumed.id),
  }
}

async function uniquesIn(
  params: WindowParams,
  reader: Reader,
  exact: boolean,
): Promise<Pick<TotalsRow, 'activeTokens' | 'networks' | 'uniques'>> {
  const [sql, source, uniques] = exact
    ? ([UNIQUES_EXACT, 'raw', 'exact'] as const)
    : params.to - params.from < TWO_DAYS_MS
      ? ([UNIQUES_BY_HOUR, 'uniqueHour', 'uniqCombined64(12), error about 1.6 %; latency by t-digest'] as const)
      : ([UNIQUES_BY_DAY, 'uniqueDay', 'uniqCombined64(14), error about 0.8 %; latency by t-digest'] as const)
  const [row] = await reader.rows<{ tokens: string; networks: string }>(sql, await reader.window(params, source))
  return { activeTokens: Number(row?.tokens ?? 0), networks: Number(row?.networks ?? 0), uniques }
}

/** Of accepted attempts: refusals are quick or slow for other reasons. */
async function latencyIn(params: WindowParams, reader: Reader, exact: boolean): Promise<TotalsRow['latency']> {
  const [sql, source] = exact ? ([LATENCY_EXACT, 'raw'] as const) : ([LATENCY, 'hour'] as const)
  const [row] = await reader.rows<{ q: readonly number[]; n: string }>(sql, await reader.window(params, source))
  const [p50Us, p95Us, p99Us] = row?.q ?? []
  if (Number(row?.n ?? 0) === 0 || p50Us === undefined || p95Us === undefined || p99Us === undefined) return null
  return { p50Us, p95Us, p99Us }
}
