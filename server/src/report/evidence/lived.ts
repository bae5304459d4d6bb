import type { Milliseconds } from 'tokentrail'
import type { Window } from '../../query/answer.ts'
import type { TokenRecord } from '../../records/records.ts'
import type { MaybeTime } from './question.ts'

/** When a token ended, also where the sweep has not noted it yet; null while it lives. */
export function endOf(token: TokenRecord, now: Milliseconds): MaybeTime {
  if (token.endedAt !== null) return token.endedAt
  const end = Math.min(token.expiresAt ?? Infinity, token.graceUntil ?? Infinity)
  return end <= now ? end : null
}

/** Since when a token is known to live. */
export function sinceOf({ issuedAt, issuedAtKnown, knownSince }: TokenRecord): Milliseconds {
  return issuedAtKnown ? issuedAt : knownSince
}

/** Whether a token lived at any time of a window. */
export function livedIn(token: TokenRecord, { from, to }: Window, now: Milliseconds): boolean {
  const end = endOf(token, now)
  return sinceOf(token) < to && (end === null || end >= from)
}

/** Whether a token lived at a moment. */
export function livedAt(token: TokenRecord, at: Milliseconds, now: Milliseconds): boolean {
  const end = endOf(token, now)
  return sinceOf(token) <= at && (end === null || end > at)
}

/** Whether a token that was there before the window's end lives now. */
export function livesOn(token: TokenRecord, { to }: Window, now: Milliseconds): boolean {
  return sinceOf(token) < to && endOf(token, now) === null
}
