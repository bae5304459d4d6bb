import type { Milliseconds } from 'tokentrail'
import type { Completeness } from '../../query/answer.ts'
import type { Ask } from '../../query/ask.ts'
import type { PlaceRow } from '../../query/rows.ts'
import type { TokenRecord } from '../../records/records.ts'

/** So far back a network counts as known before. */
const BEFORE_MS = 90 * 86_400_000
const ROWS_MAX = 500

/** Where a leaked token was used from since, and whether that network knew it before. */
export interface UsesSince {
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly accepted: number
  readonly refused: number
  /** Accepted uses from networks that came only after the exposure. */
  readonly acceptedFromNew: number
  readonly networks: readonly (PlaceRow & { readonly firstSeen: 'before' | 'after' })[]
  /** False where there are more networks than are shown. */
  readonly whole: boolean
  readonly watermark: Milliseconds
  readonly completeness: Completeness
}

/** All uses of a token since its exposure. */
export async function usesSince(ask: Ask, token: TokenRecord, exposedAt: Milliseconds, now: Milliseconds): Promise<UsesSince> {
  const places = (from: Milliseconds, to: Milliseconds) =>
    ask(token.tenantNo, 'places-of-token', { from, to, token: token.id, limit: ROWS_MAX })
  const to = Math.max(now, exposedAt) + 1
  const [since, before] = await Promise.all([
    places(exposedAt, to),
    places(Math.max(0, exposedAt - BEFORE_MS), Math.max(exposedAt, 1)),
  ])
  const known = new Set(before.rows.map(({ network }) => network))
  const networks = since.rows.map((row) => ({
    ...row,
    firstSeen: known.has(row.network) ? ('before' as const) : ('after' as const),
  }))
  const sum = (rows: readonly PlaceRow[], count: (row: PlaceRow) => number) => rows.reduce((all, row) => all + count(row), 0)
  return {
    from: exposedAt,
    to,
    accepted: sum(networks, ({ accepted }) => accepted),
    refused: sum(networks, ({ failed }) => failed),
    acceptedFromNew: sum(
      networks.filter(({ firstSeen }) => firstSeen === 'after'),
      ({ accepted }) => accepted,
    ),
    networks,
    whole: since.rows.length < ROWS_MAX && before.rows.length < ROWS_MAX,
    watermark: since.watermark,
    completeness: since.completeness,
  }
}
