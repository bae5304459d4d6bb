import type { Pool } from 'pg'
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterPostgres, type RateLimiterAbstract } from 'rate-limiter-flexible'

/** Where counts are kept that several servers share; without it each process counts alone. */
export interface SharedLimits {
  readonly pool: Pool
  /** Servers that share: if the database does not answer, each limits by its part. */
  readonly nodes: number
}

export interface Bound {
  readonly name: string
  readonly points: number
  readonly seconds: number
}

/** Makes limiters: in memory, or in PostgreSQL with memory behind it. */
export type MakeLimiter = (bound: Bound) => RateLimiterAbstract

/** Keys are principals, tenants and source prefixes: as many as there are of them within the time of a bound. */
export function limiterMaker(shared: SharedLimits | undefined): MakeLimiter {
  return ({ name, points, seconds }) => {
    if (shared === undefined || points === 0) return new RateLimiterMemory({ keyPrefix: name, points, duration: seconds })
    const alone = { keyPrefix: name, points: Math.ceil(points / shared.nodes), duration: seconds }
    return new RateLimiterPostgres({
      storeClient: shared.pool,
      tableName: 'reading_limit',
      keyPrefix: name,
      points,
      duration: seconds,
      // what is refused once need not be asked again until its time is over
      inMemoryBlockOnConsumed: points + 1,
      insuranceLimiter: new RateLimiterMemory(alone),
    })
  }
}

/** One that lets some more through at once. */
export function withBurst(limiter: RateLimiterAbstract, burst: RateLimiterAbstract): BurstyRateLimiter {
  return new BurstyRateLimiter(limiter, burst)
}
