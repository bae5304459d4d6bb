import type { Milliseconds } from 'tokentrail'

/** The world's time, passed in so that tests can hold it still. */
export interface Clock {
  /** Wall clock. May jump; used for what people read and for expiry. */
  now(): Milliseconds
  /** Monotonic microseconds since some start; used for durations and limits. */
  ticks(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now() * 1000,
}
