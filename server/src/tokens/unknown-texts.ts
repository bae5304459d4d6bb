import type { Digest } from './digests.ts'

/** Why a text was refused after a lookup, and the token it named without proving it. */
export interface Refusal {
  readonly reason: 'unknown' | 'wrong_secret'
  readonly claimedNo: number
}

/**
 * Texts that were just refused, so that a caller who repeats one costs no lookup. Bounded and short-lived: two generations
 * of at most half the bound, each at most half a second old. Forgotten whole when any token is issued or changed.
 */
export interface UnknownTexts {
  get(text: Digest, ticks: number): Refusal | undefined
  put(text: Digest, refusal: Refusal, ticks: number): void
  clear(): void
}

/** Makes a cache of at most `countMax` refusals. `ticks` are the clock's monotonic microseconds. */
export function createUnknownTexts(countMax: number): UnknownTexts {
  let young = new Map<Digest, Refusal>()
  let old = new Map<Digest, Refusal>()
  let since = -Infinity

  function age(ticks: number): void {
    if (ticks - since < GENERATION_US && young.size < countMax / 2) return
    old = ticks - since < 2 * GENERATION_US ? young : new Map()
    young = new Map()
    since = ticks
  }

  return {
    get(text, ticks) {
      age(ticks)
      return young.get(text) ?? old.get(text)
    },
    put(text, refusal, ticks) {
      age(ticks)
      young.set(text, refusal)
    },
    clear() {
      if (young.size > 0) young = new Map()
      if (old.size > 0) old = new Map()
    },
  }
}

const GENERATION_US = 500_000
