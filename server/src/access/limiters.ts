import { Pool } from 'pg'
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterPostgres, type RateLimiterAbstract } from 'rate-limiter-flexible'
import type { Log } from '../config/log.ts'

/** Where counts are kept that several servers share; without it each process counts alone. */
export interface SharedLimits {
  readonly pool: Pool
  /** Servers that share: while the database does not answer, each limits by its part. */
  readonly nodes: number
}

/** A database that does not answer so fast is treated as away: nobody waits for a count. */
const ANSWER_MS = 500
/** Servers that share, unless it is said. */
const NODES = 3
const CONNECTIONS = 4

/** Opens the counts in PostgreSQL. A database that is away stops nothing: each server limits by its part until it is back. */
export function openSharedLimits(o: { readonly url: string; readonly nodes?: number; readonly log: Log }) {
  const pool = new Pool({
    connectionString: o.url,
    max: CONNECTIONS,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    application_name: 'tokentrail limits',
  })
  pool.on('error', (error) => o.log.warn({ err: error }, 'the shared limits lost a connection'))
  let again: NodeJS.Timeout | undefined
  const make = (): void =>
    void pool.query(TABLE).catch((error: unknown) => {
      o.log.warn({ err: error }, 'the shared limits cannot be reached: each server limits by its part')
      again = setTimeout(make, AGAIN_MS).unref()
    })
  make()
  const clear = (): void => void pool.query(CLEAR, [Date.now() - CLEAR_MS]).catch(() => undefined)
  const clearing = setInterval(clear, CLEAR_MS).unref()
  return {
    pool,
    nodes: o.nodes ?? NODES,
    close: () => {
      clearTimeout(again)
      clearInterval(clearing)
      return pool.end()
    },
  }
}

const AGAIN_MS = 5_000
const CLEAR_MS = 300_000
const CLEAR = 'DELETE FROM reading_limit WHERE expire < $1'
const TABLE =
  'CREATE TABLE IF NOT EXISTS reading_limit (key VARCHAR(255) PRIMARY KEY, points INTEGER NOT NULL DEFAULT 0, expire BIGINT)'

interface Bound {
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
      tableCreated: true,
      clearExpiredByTimeout: false,
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
