/** At most `count` in a burst, refilled evenly over `windowMs`. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
}

/**
 * Allowances by key (GCRA): for each key one number, the time at which its allowance is whole again. Exact in one process,
 * monotonic, bounded: at the bound the key that was first spent goes, which can only let more through.
 */
export interface Allowances<Key> {
  /** Takes one, or gives for how many ms there is none. 0 = taken. */
  take(key: Key, rate: Rate, ticks: number): number
  /** For how many ms there is none; takes nothing. */
  waitMs(key: Key, rate: Rate, ticks: number): number
  /** True while no key has spent anything: the hot path then asks no further. */
  isIdle(): boolean
  /** Forgets the keys that are whole again. */
  tidy(ticks: number): void
  size(): number
}

/** Makes allowances for at most `keysMax` keys. `ticks` are the clock's monotonic microseconds. */
export function createAllowances<Key>(keysMax: number): Allowances<Key> {
  const wholeAt = new Map<Key, number>()

  /** When `key` may take its next one; in the past while it has some left. */
  function nextAt(key: Key, rate: Rate, ticks: number): number {
    const step = (rate.windowMs * 1000) / rate.count
    return Math.max(wholeAt.get(key) ?? 0, ticks) + step - rate.windowMs * 1000
  }

  return {
    take(key, rate, ticks) {
      const next = nextAt(key, rate, ticks)
      if (next > ticks + SLACK_US) return Math.ceil((next - ticks) / 1000)
      if (wholeAt.size >= keysMax && !wholeAt.has(key)) wholeAt.delete(first(wholeAt))
      wholeAt.set(key, next + rate.windowMs * 1000)
      return 0
    },
    waitMs(key, rate, ticks) {
      const next = nextAt(key, rate, ticks)
      return next > ticks + SLACK_US ? Math.ceil((next - ticks) / 1000) : 0
    },
    isIdle: () => wholeAt.size === 0,
    tidy(ticks) {
      for (const [key, at] of wholeAt) if (at <= ticks) wholeAt.delete(key)
    },
    size: () => wholeAt.size,
  }
}

/** Sums of steps are not exact in doubles; less than a microsecond decides nothing. */
const SLACK_US = 0.5

function first<Key>(map: ReadonlyMap<Key, unknown>): Key {
  for (const key of map.keys()) return key
  throw new TypeError('an empty map has no first key')
}
