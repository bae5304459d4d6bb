import type { Milliseconds } from 'tokentrail'

export interface NewsOptions {
  /** So long after a strange point only a stranger one is news. */
  readonly quietMs: Milliseconds
  /** From here on a point begins an episode. */
  readonly from: number
  /** By how much a point of the same episode must be stranger to be news again. */
  readonly margin: number
}

/** Tells an episode once, and one that is like many before it less loudly. */
export interface News {
  /** What is new in a point's strangeness: nothing, unless it begins an episode or is much stranger than it. */
  hear(at: Milliseconds, strangeness: number): number
  snapshot(): NewsState
  restore(state: NewsState): void
}

export interface NewsState {
  readonly peak: number
  readonly until: Milliseconds
  readonly past: readonly number[]
}

/** Episodes that are remembered. */
const PAST_MAX = 64
/** An earlier episode counts as alike up to this much below. */
const ALIKE = 0.5

export function createNews({ quietMs, from, margin }: NewsOptions): News {
  let past: number[] = []
  let [peak, until] = [0, 0]

  function endEpisode(): void {
    past = [...past, peak].slice(-PAST_MAX)
    peak = 0
  }

  /** With k alike before, one more is 1 + k times as likely as its point alone says. */
  function habit(strangeness: number): number {
    return Math.log10(1 + past.filter((before) => before >= strangeness - ALIKE).length)
  }

  function hear(at: Milliseconds, strangeness: number): number {
    if (peak > 0 && at >= until) endEpisode()
    if (strangeness <= (peak > 0 ? peak + margin : 0)) return 0
    if (strangeness >= from) [peak, until] = [strangeness, at + quietMs]
    return Math.max(0, strangeness - habit(strangeness))
  }

  return {
    hear,
    snapshot: () => ({ peak, until, past: [...past] }),
    restore(state) {
      ;[peak, until, past] = [state.peak, state.until, [...state.past]]
    },
  }
}
