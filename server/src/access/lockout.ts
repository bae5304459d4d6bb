import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'

/** Slows down whoever keeps failing to sign in. */
export interface Lockout {
  /** Milliseconds until the next attempt is heard; 0 = now. */
  waitMs(key: string): number
  failed(key: string): void
  succeeded(key: string): void
}

export interface LockoutOptions {
  readonly clock: Clock
  /** Failures that are free. */
  readonly failuresMax: number
  /** Time without failure after which a key is forgotten, and the longest wait. */
  readonly windowMs: number
  /** Keys held; beyond it the one that failed longest ago is forgotten. */
  readonly keysMax: number
}

type Failures = { readonly count: number; readonly last: Milliseconds; readonly until: Milliseconds }

const FIRST_WAIT_MS = 15_000

/** After the free failures each further one doubles the wait, up to the window. Memory is bounded. */
export function createLockout({ clock, failuresMax, windowMs, keysMax }: LockoutOptions): Lockout {
  const failures = new Map<string, Failures>()

  function current(key: string): Failures | undefined {
    const entry = failures.get(key)
    return entry && clock.now() - entry.last < windowMs ? entry : undefined
  }

  return {
    waitMs: (key) => Math.max(0, (current(key)?.until ?? 0) - clock.now()),
    failed(key) {
      const count = (current(key)?.count ?? 0) + 1
      const now = clock.now()
      const wait = count < failuresMax ? 0 : Math.min(windowMs, FIRST_WAIT_MS * 2 ** (count - failuresMax))
      failures.delete(key)
      failures.set(key, { count, last: now, until: now + wait })
      if (failures.size > keysMax) forgetOldest(failures)
    },
    succeeded: (key) => void failures.delete(key),
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}
