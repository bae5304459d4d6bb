import type { Milliseconds } from 'tokentrail'
import type { Window } from '../query/answer.ts'
import { type Apart, type Birth, type Cause, isActiveBefore, leavesAt, type TokenLife } from './life.ts'
import type { LastUses } from './last-uses.ts'

const DAY = 86_400_000

/** Tokens at one moment. */
export interface StockAt {
  readonly at: Milliseconds
  readonly active: number
}

/** Tokens at the start, what came and what ended, and tokens at the end. */
export interface TokenStock {
  readonly from: StockAt
  readonly to: StockAt & {
    /** As the records stand now. */
    readonly suspended: number
    readonly neverExpiring: number
    readonly expiringIn7d: number
    readonly expiringIn30d: number
    readonly owners: number
    /** null where there are too many tokens to look at each. */
    readonly neverUsed: number | null
    readonly idleOver30d: number | null
    readonly idleOver90d: number | null
  }
  readonly issued: number
  readonly imported: number
  /** First seen at a verifier that is only watched. */
  readonly observed: number
  readonly endings: Readonly<Partial<Record<Cause, number>>>
  /** Canaries and simulated tokens, counted in nothing else. */
  readonly apart: Readonly<Apart>
  /** Start + came − ended is the end, with issues and imports as events tell them and the rest as records do. */
  readonly closes: boolean
}

/** What events say came in the window. */
export interface Arrivals {
  readonly issued: number
  readonly imported: number
}

/** Stock and flow over a window whose end is not later than the watermark. */
export function stockOf(
  lives: readonly TokenLife[],
  window: Window,
  arrivals: Arrivals,
  apart: Apart,
  uses: LastUses | null,
): TokenStock {
  const { from, to } = window
  const active = lives.filter((life) => isActiveBefore(life, to))
  const atFrom = lives.filter((life) => isActiveBefore(life, from)).length
  const observed = bornIn(lives, window, 'observed')
  const endings = endingsIn(lives, window)
  const ended = Object.values(endings).reduce((sum, count) => sum + count, 0)
  return {
    from: { at: from, active: atFrom },
    to: { at: to, active: active.length, ...detailsOf(active, to), ...usesOf(active, to, uses) },
    ...arrivals,
    observed,
    endings,
    apart: { ...apart },
    closes: atFrom + arrivals.issued + arrivals.imported + observed - ended === active.length,
  }
}

/** Tokens that came in the window. */
export function bornIn(lives: readonly TokenLife[], { from, to }: Window, birth?: Birth): number {
  return lives.filter((life) => life.enteredAt >= from && life.enteredAt < to && (birth === undefined || life.birth === birth))
    .length
}

/** First endings in the window by cause. */
export function endingsIn(lives: readonly TokenLife[], { from, to }: Window): Partial<Record<Cause, number>> {
  const counts: Partial<Record<Cause, number>> = {}
  for (const life of lives) {
    const at = leavesAt(life)
    if (life.cause !== null && at >= from && at < to) counts[life.cause] = (counts[life.cause] ?? 0) + 1
  }
  return counts
}

function detailsOf(
  active: readonly TokenLife[],
  to: Milliseconds,
): Pick<TokenStock['to'], 'suspended' | 'neverExpiring' | 'expiringIn7d' | 'expiringIn30d' | 'owners'> {
  const expiringIn = (days: number): number =>
    active.filter(({ expiresAt }) => expiresAt !== null && expiresAt < to + days * DAY).length
  return {
    suspended: active.filter((life) => life.suspended).length,
    neverExpiring: active.filter((life) => life.expiresAt === null).length,
    expiringIn7d: expiringIn(7),
    expiringIn30d: expiringIn(30),
    owners: new Set(active.map((life) => life.ownerNo)).size,
  }
}

function usesOf(
  active: readonly TokenLife[],
  to: Milliseconds,
  uses: LastUses | null,
): Pick<TokenStock['to'], 'neverUsed' | 'idleOver30d' | 'idleOver90d'> {
  if (uses === null) return { neverUsed: null, idleOver30d: null, idleOver90d: null }
  const idleOver = (days: number): number =>
    active.filter((life) => (uses.get(life.no)?.last ?? life.enteredAt) < to - days * DAY).length
  return { neverUsed: active.filter((life) => !uses.has(life.no)).length, idleOver30d: idleOver(30), idleOver90d: idleOver(90) }
}
