import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { TrailError } from '../errors.ts'
import type { Principal } from './principal.ts'

/** Bounds of every route that reads, per minute. */
export interface ReadingLimits {
  readonly requestsPerPrincipal: number
  readonly requestsPerTenant: number
  /** Points: 1 per question, and 1 more per begun million rows read beyond the first. */
  readonly costPerPrincipal: number
  readonly costPerTenant: number
  /** Questions running at once for one principal. */
  readonly concurrentPerPrincipal: number
  /** Live streams open at once. */
  readonly streamsPerPrincipal: number
  readonly streamsPerTenant: number
  /** Evidence packs, per hour. */
  readonly packsPerPrincipal: number
  readonly packsPerTenant: number
}

/** Defaults: a dashboard with a dozen panels that refreshes every 5 s stays under them. */
export const READING_LIMITS: ReadingLimits = {
  requestsPerPrincipal: 300,
  requestsPerTenant: 1500,
  costPerPrincipal: 600,
  costPerTenant: 3000,
  concurrentPerPrincipal: 16,
  streamsPerPrincipal: 5,
  streamsPerTenant: 200,
  packsPerPrincipal: 10,
  packsPerTenant: 60,
}

/** What is left, for the headers of draft-ietf-httpapi-ratelimit-headers. */
interface Allowance {
  readonly policy: string
  readonly remaining: number
  readonly resetSeconds: number
}

/** Counts what each principal and tenant reads. */
export interface ReadingBudget {
  /** Takes one request; throws `rate_limited` or `cost_refused` with the time to wait. */
  take(principal: Principal): Promise<Allowance>
  /** Charges what a question turned out to cost beyond its first point. */
  charge(principal: Principal, rowsRead: number): Promise<void>
  /** Takes one pack of the hour. */
  takePack(principal: Principal): Promise<void>
  /** Enters one of the places for what runs at once; gives the way out. */
  enter(principal: Principal, what: 'questions' | 'streams'): () => void
}

const WINDOW_SECONDS = 60
const HOUR_SECONDS = 3600
const ROWS_PER_POINT = 1_000_000

/** A budget held in this process. Its keys are principals and tenants, so its size is theirs. */
export function createReadingBudget(limits: ReadingLimits): ReadingBudget {
  const requests = pairOf(limits.requestsPerPrincipal, limits.requestsPerTenant)
  const cost = pairOf(limits.costPerPrincipal, limits.costPerTenant)
  const packs = pairOf(limits.packsPerPrincipal, limits.packsPerTenant, HOUR_SECONDS)
  const places = createPlaces()

  return {
    async take(principal) {
      const left = await consume(requests, principal, 'rate_limited')
      await consume(cost, principal, 'cost_refused')
      return { policy: `"requests";q=${limits.requestsPerPrincipal};w=${WINDOW_SECONDS}`, ...left }
    },
    async charge(principal, rowsRead) {
      const points = Math.max(0, Math.ceil(rowsRead / ROWS_PER_POINT) - 1)
      if (points === 0) return
      await cost.principal.penalty(principalKey(principal), points)
      await cost.tenant.penalty(tenantKey(principal), points)
    },
    async takePack(principal) {
      await consume(packs, principal, 'rate_limited')
    },
    enter(principal, what) {
      if (what === 'questions') return places.enter([[`questions ${principalKey(principal)}`, limits.concurrentPerPrincipal]])
      return places.enter([
        [`streams ${principalKey(principal)}`, limits.streamsPerPrincipal],
        [`streams ${tenantKey(principal)}`, limits.streamsPerTenant],
      ])
    },
  }
}

type Pair = { readonly principal: RateLimiterMemory; readonly tenant: RateLimiterMemory }

function pairOf(perPrincipal: number, perTenant: number, duration = WINDOW_SECONDS): Pair {
  return {
    principal: new RateLimiterMemory({ points: perPrincipal, duration }),
    tenant: new RateLimiterMemory({ points: perTenant, duration }),
  }
}

const REFUSALS = {
  rate_limited: 'More requests in this time than one principal or tenant may make. Wait as long as Retry-After says.',
  cost_refused:
    'The questions of the last minute read more rows than the budget holds. Wait as long as Retry-After says, or ask for a shorter window.',
} as const

async function consume(pair: Pair, principal: Principal, code: keyof typeof REFUSALS): Promise<Omit<Allowance, 'policy'>> {
  try {
    const left = await pair.principal.consume(principalKey(principal))
    await pair.tenant.consume(tenantKey(principal))
    return { remaining: left.remainingPoints, resetSeconds: secondsOf(left) }
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    throw new TrailError(code, REFUSALS[code], { retryAfterSeconds: secondsOf(refusal) })
  }
}

function createPlaces(): { enter(wanted: readonly (readonly [key: string, max: number])[]): () => void } {
  const taken = new Map<string, number>()
  const change = (key: string, by: number): void => {
    const count = (taken.get(key) ?? 0) + by
    if (count > 0) taken.set(key, count)
    else taken.delete(key)
  }
  return {
    enter(wanted) {
      if (wanted.some(([key, max]) => (taken.get(key) ?? 0) >= max)) {
        throw new TrailError('rate_limited', 'Too many at once. Wait until one of yours has ended.', { retryAfterSeconds: 1 })
      }
      for (const [key] of wanted) change(key, 1)
      let left = false
      return () => {
        if (!left) for (const [key] of wanted) change(key, -1)
        left = true
      }
    },
  }
}

/** All tokens and sessions of one owner share one budget. */
function principalKey(principal: Principal): string {
  return `p${principal.tenantNo}.${principal.ownerNo}`
}

function tenantKey(principal: Principal): string {
  return `t${principal.tenantNo}`
}

function secondsOf(result: RateLimiterRes): number {
  return Math.max(1, Math.ceil(result.msBeforeNext / 1000))
}
