import { TrailError } from '../errors.ts'

/** Waiting for the store to come as far as a position. */
export interface Progress {
  /** To be called whenever the store has come further. */
  moved(): void
  /** Rejects with `store_unavailable` when the store does not come that far in time. */
  reached(position: number, timeoutMs: number): Promise<void>
}

/** `current` tells how far the store is. */
export function createProgress(current: () => number): Progress {
  const waiters = new Set<() => void>()

  function reached(position: number, timeoutMs: number): Promise<void> {
    if (current() >= position) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(giveUp, timeoutMs)
      waiters.add(wake)
      function wake(): void {
        if (current() < position) return
        clearTimeout(timer)
        waiters.delete(wake)
        resolve()
      }
      function giveUp(): void {
        waiters.delete(wake)
        reject(notInTime(timeoutMs))
      }
    })
  }

  return { moved: () => waiters.forEach((wake) => wake()), reached }
}

function notInTime(timeoutMs: number): TrailError {
  return new TrailError(
    'store_unavailable',
    `The store did not take the waiting events within ${timeoutMs} ms. They are safe in the journal; ask again later.`,
  )
}
