import { DECISION_REASONS, type DecisionReason, reasonName } from 'tokentrail'
import type { Share } from '../query/answer.ts'
import { reasonsOf } from '../query/classes.ts'
import type { Reader } from '../query/reader.ts'
import type { WindowParams } from '../query/rows.ts'
import { RAW_ATTEMPTS } from '../query/sources.ts'
import { shareOf } from '../query/wilson.ts'
import type { Counts } from './counts.ts'
import type { TokenLife } from './life.ts'

/** Window of a limit that does not name its own; a token's limit does. */
export const LIMIT_WINDOW_MS = 60_000
/** Tokens with a limit of their own that are looked at one by one. */
const LIMITED_TOKENS_MAX = 5000

const MS = 'toUnixTimestamp64Milli(occurred_at)'
const LIMIT_WINDOW = `transform(token_no, {limited:Array(UInt64)}, {windows:Array(UInt64)}, toUInt64(${LIMIT_WINDOW_MS}))`
const BY_TOKEN = `reason = ${DECISION_REASONS.limit_token.id}`
const BY_SOURCE = `reason = ${DECISION_REASONS.limit_source.id}`

/** Rejections of one limit and subject, second by second. */
const SECONDS = `SELECT reason, multiIf(${BY_TOKEN}, token_no, ${BY_SOURCE}, network, toUInt64(0)) AS subject, intDiv(${MS}, 1000) AS second,
    min(${MS}) AS start, max(${MS} + span_ms) AS stop, sum(toUInt64(count)) AS n, max(if(${BY_TOKEN}, ${LIMIT_WINDOW}, ${LIMIT_WINDOW_MS})) AS gap
  FROM ${RAW_ATTEMPTS} AND outcome = 2 AND reason IN (${reasonsOf('throttled').join(', ')}) GROUP BY reason, subject, second`

/** An episode begins where the silence before it is at least the limit's window. */
const EPISODES = `SELECT reason, count() AS episodes, max(length) AS longest, max(peak) AS highest, uniqExact(subject) AS subjects
  FROM (SELECT reason, subject, episode, max(stop) - min(start) AS length, max(n) AS peak
    FROM (SELECT *, sum(fresh) OVER (PARTITION BY reason, subject ORDER BY start ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode
      FROM (SELECT *, start - max(stop) OVER (PARTITION BY reason, subject ORDER BY start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= gap AS fresh
        FROM (${SECONDS})))
    GROUP BY reason, subject, episode)
  GROUP BY reason ORDER BY reason`

const NEAR = `SELECT countIf(peak < allowed AND peak * 10 > allowed * 9) AS near
  FROM (SELECT token_no, max(n) AS peak, transform(token_no, {limited:Array(UInt64)}, {allowed:Array(UInt64)}, toUInt64(0)) AS allowed
    FROM (SELECT token_no, intDiv(toUInt64(${MS}), ${LIMIT_WINDOW}) AS step, sum(toUInt64(count)) AS n
      FROM ${RAW_ATTEMPTS} AND token_no IN {limited:Array(UInt64)} GROUP BY token_no, step) GROUP BY token_no)`

export const LIMITS_SQL = [EPISODES, NEAR]

/** What limits refused. A million rejections of one source are one episode. */
export interface Limits {
  readonly evaluated: number
  readonly share: Share | null
  readonly episodes: number
  readonly byLimit: readonly {
    readonly limit: DecisionReason
    readonly rejected: number
    readonly episodes: number
    readonly subjects: number
    readonly longestMs: number
    readonly peakPerSecond: number
  }[]
  /** Tokens whose busiest window left under 10 % of their own limit; null where there are too many limits to look at. */
  readonly nearLimit: number | null
}

/** Rejections as throttled, joined to episodes. */
export async function limitsOf(
  params: WindowParams,
  counts: Counts,
  lives: readonly TokenLife[],
  reader: Reader,
): Promise<Limits> {
  const throttled = counts.of('throttled')
  const limited = lives.filter((life) => life.rateLimit !== null)
  const own = limited.length > LIMITED_TOKENS_MAX ? [] : limited
  const limits = {
    limited: [0, ...own.map((life) => life.no)],
    windows: [LIMIT_WINDOW_MS, ...own.map((life) => life.rateLimit?.windowMs ?? LIMIT_WINDOW_MS)],
    allowed: [0, ...own.map((life) => life.rateLimit?.count ?? 0)],
  }
  const window = { ...(await reader.window(params, 'raw')), ...limits }
  const rows = throttled === 0 ? [] : await reader.rows<EpisodeRow>(EPISODES, window)
  const [near] = own.length === 0 ? [] : await reader.rows<{ near: number }>(NEAR, window)
  return {
    evaluated: counts.attempts,
    share: shareOf(throttled, counts.attempts),
    episodes: rows.reduce((sum, row) => sum + row.episodes, 0),
    byLimit: rows.map((row) => ({
      limit: reasonName(row.reason) as DecisionReason,
      rejected: counts.reason(row.reason),
      episodes: row.episodes,
      subjects: row.subjects,
      longestMs: row.longest,
      peakPerSecond: row.highest,
    })),
    nearLimit: limited.length > LIMITED_TOKENS_MAX ? null : (near?.near ?? 0),
  }
}

interface EpisodeRow {
  readonly reason: number
  readonly episodes: number
  readonly subjects: number
  readonly longest: number
  readonly highest: number
}
