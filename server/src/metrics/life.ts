import { ENDING_GROUPS, type EndingGroup, type Milliseconds, type TokenKind } from 'tokentrail'
import type { Ending, TokenRecord } from '../records/records.ts'

/** What can end a token first. A revocation counts by its group; a rotation is never one. */
export type Cause = Exclude<Ending, 'revoked'> | EndingGroup

/** How a token came here: issued by us, taken over with its hash, or first seen at a verifier that we only watch. */
export type Birth = 'issued' | 'imported' | 'observed'

/** What the lifecycle metrics need of one token. */
export interface TokenLife {
  readonly no: number
  readonly kind: TokenKind
  readonly ownerNo: number
  readonly birth: Birth
  /** From when it counts: its issue, or when it became known here. */
  readonly enteredAt: Milliseconds
  /** Null where the age of a foreign token is unknown. */
  readonly issuedAt: Milliseconds | null
  readonly expiresAt: Milliseconds | null
  readonly suspended: boolean
  readonly rateLimit: TokenRecord['rateLimit']
  /** First ending, also one that the clock brings later. */
  readonly endsAt: Milliseconds | null
  readonly cause: Cause | null
}

/** At the same moment the earlier in this list is the first ending, as in the order of reasons. */
const ORDER: readonly Ending[] = ['consumed', 'revoked', 'superseded', 'locked', 'exhausted', 'expired']
const FOREIGN_SCHEMES: ReadonlySet<string> = new Set(['sha256:hex', 'sha256:base64', 'sha512-256'])

/** The life of a token as its record tells it. */
export function lifeOf(token: TokenRecord): TokenLife {
  const first = firstEnding(token)
  const birth = birthOf(token)
  return {
    no: token.no,
    kind: token.kind,
    ownerNo: token.ownerNo,
    birth,
    enteredAt: birth === 'issued' ? token.issuedAt : token.knownSince,
    issuedAt: token.issuedAtKnown ? token.issuedAt : null,
    expiresAt: token.expiresAt,
    suspended: token.suspendedAt !== null,
    rateLimit: token.rateLimit,
    endsAt: first?.at ?? null,
    cause: first === undefined ? null : causeOf(first.ending, token),
  }
}

/** When a token left the stock: one that had ended before it was taken over leaves as it comes. */
export function leavesAt({ endsAt, enteredAt }: TokenLife): Milliseconds {
  return endsAt === null ? Infinity : Math.max(endsAt, enteredAt)
}

/**
 * Whether a token counts just before a time. A window `[from, to)` runs from just before `from` to just before `to`, so that
 * stock at its start + what came − what ended is the stock at its end.
 */
export function isActiveBefore(life: TokenLife, at: Milliseconds): boolean {
  return life.enteredAt < at && leavesAt(life) >= at
}

/** Tokens that no metric counts. */
export interface Apart {
  canaries: number
  simulated: number
}

function firstEnding(token: TokenRecord): { readonly at: Milliseconds; readonly ending: Ending } | undefined {
  const ends: { at: Milliseconds; ending: Ending }[] = []
  if (token.endedAt !== null && token.ending !== null) ends.push({ at: token.endedAt, ending: token.ending })
  if (token.graceUntil !== null) ends.push({ at: token.graceUntil, ending: 'superseded' })
  if (token.expiresAt !== null) ends.push({ at: token.expiresAt, ending: 'expired' })
  return ends.sort((a, b) => a.at - b.at || ORDER.indexOf(a.ending) - ORDER.indexOf(b.ending))[0]
}

function causeOf(ending: Ending, { endingReason }: TokenRecord): Cause {
  if (ending !== 'revoked') return ending
  const groups = Object.entries(ENDING_GROUPS) as readonly [EndingGroup, readonly string[]][]
  return groups.find(([, reasons]) => reasons.includes(endingReason ?? 'unspecified'))?.[0] ?? 'unspecified'
}

function birthOf(token: TokenRecord): Birth {
  const knownLate = !token.issuedAtKnown || token.knownSince > token.issuedAt
  if (token.observed) return knownLate ? 'observed' : 'issued'
  return knownLate || FOREIGN_SCHEMES.has(token.scheme) ? 'imported' : 'issued'
}
