import type { Milliseconds } from 'tokentrail'
import type { TokenRecord, TokenState } from './records.ts'

/** Whether a token has ended at a moment, also where the sweep has not noted it yet. */
export function hasEnded(token: TokenRecord, at: Milliseconds): boolean {
  return token.endedAt !== null || isSuperseded(token, at) || isExpired(token, at)
}

/** The state of a token at a moment; where several hold, the order of the reasons decides. */
export function stateOf(token: TokenRecord, at: Milliseconds): TokenState {
  if (token.ending !== null) return token.ending
  return LIVING_STATES.find(({ holds }) => holds(token, at))?.state ?? 'active'
}

/** Whether a suspension holds at a moment; a timed one ends by itself. */
export function isSuspended(token: TokenRecord, at: Milliseconds): boolean {
  return token.suspendedAt !== null && (token.suspendedUntil === null || token.suspendedUntil > at)
}

const LIVING_STATES: readonly { state: TokenState; holds: (token: TokenRecord, at: Milliseconds) => boolean }[] = [
  { state: 'superseded', holds: isSuperseded },
  { state: 'suspended', holds: isSuspended },
  { state: 'expired', holds: isExpired },
  { state: 'not_yet_valid', holds: ({ notBefore }, at) => notBefore !== null && notBefore > at },
  { state: 'in_grace', holds: ({ successorNo }) => successorNo !== null },
]

function isSuperseded({ graceUntil }: TokenRecord, at: Milliseconds): boolean {
  return graceUntil !== null && graceUntil <= at
}

function isExpired({ expiresAt }: TokenRecord, at: Milliseconds): boolean {
  return expiresAt !== null && expiresAt <= at
}
