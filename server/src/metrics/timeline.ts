import type { Milliseconds } from 'tokentrail'
import type { Completeness, Window } from '../query/answer.ts'
import type { Ask } from '../query/ask.ts'
import type { EventView, LastUsedRow, StepRow, TokenRef } from '../query/rows.ts'
import type { Reader } from '../query/reader.ts'
import { refOf } from '../query/token-ref.ts'

const DAY = 86_400_000
const DAYS = 90

export interface TimelineParams {
  /** Default: the last 90 days. */
  readonly from?: Milliseconds
  readonly to?: Milliseconds
}

/** One token's story: what happened to it, and how it was used day by day. */
export interface Timeline {
  readonly token: TokenRef
  readonly window: Window
  readonly watermark: Milliseconds
  readonly completeness: Completeness
  readonly lateEvents: number
  /** The whole life, oldest first; single validations are in `uses`. */
  readonly events: readonly EventView[]
  /** Attempts per day (UTC) by class, in the window. */
  readonly uses: readonly StepRow[]
  readonly lastUsed: Omit<LastUsedRow, 'token'>
}

/** Tells a token's story; `not_found` for strangers and other tenants' tokens. */
export async function timelineOf(
  tokenId: string,
  params: TimelineParams,
  ask: Ask,
  reader: Reader,
  signal?: AbortSignal,
): Promise<Timeline> {
  const token = await reader.token(tokenId)
  const to = params.to ?? reader.now
  const from = params.from ?? to - DAYS * DAY
  const options = signal ? { signal } : {}
  const { tenantNo } = reader
  const [life, uses, last] = await Promise.all([
    ask(tenantNo, 'token-life-line', { token: tokenId }, options),
    ask(tenantNo, 'validations-by-step', { from, to, step: 'day', by: 'class', token: tokenId }, options),
    ask(tenantNo, 'last-used-by-token', { tokens: [tokenId] }, options),
  ])
  const nothing = { lastAcceptedAt: null, lastAttemptAt: null, accepted30d: 0, failed30d: 0 }
  const { token: _id, ...lastUsed } = last.rows[0] ?? { token: tokenId, ...nothing }
  return {
    token: refOf(token, reader.now),
    window: { from, to },
    watermark: uses.watermark,
    completeness: uses.completeness,
    lateEvents: uses.lateEvents,
    events: life.rows,
    uses: uses.rows,
    lastUsed,
  }
}
