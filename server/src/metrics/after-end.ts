import { DECISION_REASONS, type Milliseconds } from 'tokentrail'
import { idsOf } from '../query/classes.ts'
import type { Reader } from '../query/reader.ts'
import type { WindowParams } from '../query/rows.ts'
import { RAW_ATTEMPTS } from '../query/sources.ts'
import type { Counts } from './counts.ts'

/** Revocations looked at one by one. */
const REVOCATIONS_MAX = 10_000
/** An acceptance so long after a revocation is one too many. */
const ACCEPTED_AFTER_MS = 1000

const REVOKED_AT = 'transform(token_no, {revoked:Array(UInt64)}, {times:Array(Int64)}, toInt64(0))'
const ACCEPTED_AFTER = `SELECT token_no, max(late_by) AS latest, sumIf(toUInt64(count), late_by > ${ACCEPTED_AFTER_MS}) AS too_late
  FROM (SELECT token_no, count, toUnixTimestamp64Milli(occurred_at) - ${REVOKED_AT} AS late_by
    FROM ${RAW_ATTEMPTS} AND token_no IN {revoked:Array(UInt64)} AND outcome = 1)
  WHERE late_by > 0 GROUP BY token_no`

const STILL_USED = ['revoked', 'superseded', 'expired'] as const
const AFTER_END = `SELECT uniqExactIf(network, network != 0) AS networks, uniqExactIf(owner_no, owner_no != 0) AS owners, uniqExact(token_no) AS tokens
  FROM ${RAW_ATTEMPTS} AND outcome = 2 AND reason IN (${idsOf(...STILL_USED)})`

export const AFTER_END_SQL = [ACCEPTED_AFTER, AFTER_END]

/** How fast a revocation takes hold: last acceptance − revocation, at least 0. */
export interface RevocationLatency {
  readonly p50: Milliseconds
  readonly p99: Milliseconds
  readonly max: Milliseconds
  readonly revocations: number
}

/** Rejections as revoked, superseded or expired: somebody still holds the token. */
export interface UseAfterEnd {
  readonly count: number
  readonly revoked: number
  readonly superseded: number
  readonly expired: number
  readonly tokens: number
  readonly networks: number
  readonly owners: number
}

export interface AfterRevocation {
  readonly latency: RevocationLatency | null
  /** Acceptances over 1 s after the revocation; the target is 0. Null where there are too many revocations to look at. */
  readonly acceptedAfterRevoke: number | null
}

export interface RevokedAt {
  readonly no: number
  readonly at: Milliseconds
}

/** Looks for acceptances after each revocation, up to the end of the window. */
export async function afterRevocation(
  params: WindowParams,
  revoked: readonly RevokedAt[],
  reader: Reader,
): Promise<AfterRevocation> {
  if (revoked.length === 0) return { latency: null, acceptedAfterRevoke: 0 }
  if (revoked.length > REVOCATIONS_MAX) return { latency: null, acceptedAfterRevoke: null }
  const rows = await reader.rows<{ token_no: number; latest: number; too_late: number }>(ACCEPTED_AFTER, {
    ...(await reader.window(params, 'raw')),
    revoked: revoked.map(({ no }) => no),
    times: revoked.map(({ at }) => at),
  })
  const late = new Map(rows.map((row) => [row.token_no, row.latest]))
  const sorted = revoked.map(({ no }) => late.get(no) ?? 0).sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return {
    latency: { p50: at(0.5), p99: at(0.99), max: at(1), revocations: revoked.length },
    acceptedAfterRevoke: rows.reduce((sum, row) => sum + row.too_late, 0),
  }
}

/** Who still tries with what has ended. */
export async function usesAfterEnd(params: WindowParams, counts: Counts, reader: Reader): Promise<UseAfterEnd> {
  const of = (name: (typeof STILL_USED)[number]): number => counts.reason(DECISION_REASONS[name].id)
  const [revoked, superseded, expired] = [of('revoked'), of('superseded'), of('expired')]
  const count = revoked + superseded + expired
  const nobody = { tokens: 0, networks: 0, owners: 0 }
  const [row = nobody] = count === 0 ? [] : await reader.rows<typeof nobody>(AFTER_END, await reader.window(params, 'raw'))
  return { count, revoked, superseded, expired, ...row }
}
