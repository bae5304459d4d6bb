import { createHash } from 'node:crypto'
import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import { limiterMaker, type SharedLimits, withBurst } from './limiters.ts'
import type { Principal } from './principal.ts'
import { COSTS, type CostClass, type ReadingLimits } from './reading-limits.ts'

/** What is left, for the headers of draft-ietf-httpapi-ratelimit-headers. */
interface Allowance {
  readonly policy: string
  readonly remaining: number
  readonly resetSeconds: number
}

/** Counts what each principal and tenant reads. */
export interface ReadingBudget {
  /** Takes one request of a class; throws `rate_limited` or `cost_refused` with the time to wait. */
  take(principal: Principal, cost: CostClass, question?: AskedQuestion): Promise<Allowance>
  /** Charges what a question turned out to cost beyond what was estimated, and learns from it. */
  charge(principal: Principal, rowsRead: number, question?: AskedQuestion): Promise<void>
  /** Takes one pack of the hour. */
  takePack(principal: Principal): Promise<void>
  /** Enters one of the places for questions that run at once, after a moment if need be; gives the way out. */
  enterQuestion(principal: Principal): Promise<() => void>
  /** Enters one of the places for live streams; gives the way out. */
  enter(principal: Principal, what: 'streams'): () => void
  /** Takes one of the different questions of a viewer's day; one that was asked today costs nothing. */
  askDaily(principal: Principal, question: string): Promise<void>
  /** Takes one request that came without a credential that is known. */
  takeAnonymous(source: string, what: 'anonymous' | 'published'): Promise<void>
}

/** What is asked, for the estimate: the route and the length of its window. */
export interface AskedQuestion {
  readonly route: string
  readonly windowMs?: number | undefined
}

const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400
const BURST_SECONDS = 300
const ROWS_PER_POINT = 1_000_000
const DAY_MS = 86_400_000
/** Routes of tenants whose cost is remembered; at the bound the oldest is learned anew. */
const LEARNED_MAX = 10_000
/** Questions of viewers that are remembered for their day. */
const ASKED_MAX = 200_000

/** A budget, held in this process or shared. Its keys are principals and tenants, so its size is theirs. */
export function createReadingBudget(limits: ReadingLimits, o: { shared?: SharedLimits; clock: Clock }): ReadingBudget {
  const make = limiterMaker(o.shared)
  const pair = (name: string, principal: number, tenant: number, seconds: number): Pair<RateLimiterAbstract> => ({
    principal: make({ name: `${name}_principal`, points: principal, seconds }),
    tenant: make({ name: `${name}_tenant`, points: tenant, seconds }),
  })
  const requests = pair('requests', limits.requestsPerPrincipal, limits.requestsPerTenant, MINUTE)
  const burst = make({ name: 'requests_burst', points: limits.burstPerPrincipal, seconds: BURST_SECONDS })
  const bursty = {
    ...requests,
    principal: limits.burstPerPrincipal === 0 ? requests.principal : withBurst(requests.principal, burst),
  }
  const cost = pair('cost', limits.costPerPrincipal, limits.costPerTenant, MINUTE)
  const packs = pair('packs', limits.packsPerPrincipal, limits.packsPerTenant, HOUR)
  const reports = pair('reports', limits.reportsPerPrincipal, limits.reportsPerTenant, HOUR)
  const reveals = make({ name: 'reveals_tenant', points: limits.revealsPerTenant, seconds: DAY })
  const daily = make({ name: 'viewer_questions', points: limits.viewerQuestionsPerDay, seconds: DAY })
  const sources = {
    anonymous: make({ name: 'anonymous', points: limits.anonymousPerSource, seconds: MINUTE }),
    published: make({ name: 'published', points: limits.publishedPerSource, seconds: MINUTE }),
  }
  const places = createPlaces()
  const learned = createLearned()
  const asked = new Set<string>()

  /** Points that a class costs; what may read events is estimated by what the same question read before. */
  function pointsOf(principal: Principal, of: CostClass, question: AskedQuestion | undefined): number {
    const { points } = COSTS[of]
    return points === 'estimated' ? learned.points(principal.tenantNo, question) : points
  }

  return {
    async take(principal, of, question) {
      const takes: readonly string[] = COSTS[of].takes
      const left = await consume(bursty, principal, 'rate_limited')
      const points = pointsOf(principal, of, question)
      if (points > limits.costPerQuestion) throw tooDear(points, limits.costPerQuestion)
      if (points > 0) await consume(cost, principal, 'cost_refused', points)
      if (takes.includes('export') && of !== 'pack') await consume(packs, principal, 'rate_limited')
      if (takes.includes('report')) await consume(reports, principal, 'rate_limited')
      if (takes.includes('reveal')) await consumeOne(reveals, tenantKey(principal), 'rate_limited')
      return { policy: `"requests";q=${limits.requestsPerPrincipal};w=${MINUTE}`, ...left }
    },
    async charge(principal, rowsRead, question) {
      const expected = question ? learned.points(principal.tenantNo, question) : 1
      if (question) learned.note(principal.tenantNo, question, rowsRead)
      const points = Math.ceil(rowsRead / ROWS_PER_POINT) - expected
      if (points <= 0) return
      await cost.principal.penalty(principalKey(principal), points)
      await cost.tenant.penalty(tenantKey(principal), points)
    },
    async takePack(principal) {
      await consume(packs, principal, 'rate_limited')
    },
    enterQuestion: (principal) =>
      places.wait([
        [`questions ${principalKey(principal)}`, limits.concurrentPerPrincipal],
        [`questions ${tenantKey(principal)}`, limits.concurrentPerTenant],
      ]),
    enter: (principal, _what) =>
      places.enter([
        [`streams ${principalKey(principal)}`, limits.streamsPerPrincipal],
        [`streams ${tenantKey(principal)}`, limits.streamsPerTenant],
      ]),
    async askDaily(principal, question) {
      const day = Math.floor(o.clock.now() / DAY_MS)
      const key = createHash('sha256')
        .update(`${day} ${principalKey(principal)} ${question}`)
        .digest('base64url')
      if (asked.has(key)) return
      await consumeOne(daily, `${principalKey(principal)} ${day}`, 'rate_limited')
      if (asked.size >= ASKED_MAX) asked.clear()
      asked.add(key)
    },
    takeAnonymous: async (source, what) => void (await consumeOne(sources[what], source, 'rate_limited')),
  }
}

type Limiter = Pick<RateLimiterAbstract, 'consume'>
type Pair<Each extends Limiter = Limiter> = { readonly principal: Each; readonly tenant: Each }

/** Rows that a route read for each millisecond of its window, of each tenant: what it will read for another. */
function createLearned() {
  const rates = new Map<string, number>()
  const keyOf = (tenantNo: number, { route }: AskedQuestion): string => `${tenantNo} ${route}`
  return {
    points(tenantNo: number, question: AskedQuestion | undefined): number {
      const rate = question ? (rates.get(keyOf(tenantNo, question)) ?? 0) : 0
      return Math.max(1, Math.ceil((rate * (question?.windowMs ?? DAY_MS)) / ROWS_PER_POINT))
    },
    note(tenantNo: number, question: AskedQuestion, rowsRead: number): void {
      if (rates.size >= LEARNED_MAX) rates.delete(rates.keys().next().value ?? '')
      rates.set(keyOf(tenantNo, question), rowsRead / Math.max(MS_MIN, question.windowMs ?? DAY_MS))
    },
  }
}

/** Shorter windows read what stands beside them too, and say little about long ones. */
const MS_MIN = 3_600_000

function tooDear(points: number, max: number): TrailError {
  return new TrailError(
    'cost_refused',
    `This question would cost about ${points} points (a million rows each), and one may cost ${max}. Ask for a shorter window.`,
    { retryAfterSeconds: MINUTE },
  )
}

const REFUSALS = {
  rate_limited: 'More requests in this time than one principal or tenant may make. Wait as long as Retry-After says.',
  cost_refused:
    'The questions of the last minute read more rows than the budget holds. Wait as long as Retry-After says, or ask for a shorter window.',
} as const

type Refusal = keyof typeof REFUSALS

async function consume(pair: Pair, principal: Principal, code: Refusal, points = 1): Promise<Omit<Allowance, 'policy'>> {
  const left = await consumeOne(pair.principal, principalKey(principal), code, points)
  await consumeOne(pair.tenant, tenantKey(principal), code, points)
  return left
}

async function consumeOne(limiter: Limiter, key: string, code: Refusal, points = 1): Promise<Omit<Allowance, 'policy'>> {
  try {
    const left = await limiter.consume(key, points)
    return { remaining: Math.max(0, left.remainingPoints), resetSeconds: secondsOf(left) }
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    throw new TrailError(code, REFUSALS[code], { retryAfterSeconds: secondsOf(refusal) })
  }
}

type Wanted = readonly (readonly [key: string, max: number])[]

/** How long a question waits for a place, and how many may wait for one key. */
const WAIT_MS = 8_000
const WAITING_MAX = 64

function createPlaces(): { enter(wanted: Wanted): () => void; wait(wanted: Wanted): Promise<() => void> } {
  const taken = new Map<string, number>()
  const waiting: { readonly wanted: Wanted; readonly go: (leave: () => void) => void }[] = []
  const isFull = (wanted: Wanted): boolean => wanted.some(([key, max]) => (taken.get(key) ?? 0) >= max)
  const change = (key: string, by: number): void => {
    const count = (taken.get(key) ?? 0) + by
    if (count > 0) taken.set(key, count)
    else taken.delete(key)
  }

  function take(wanted: Wanted): () => void {
    for (const [key] of wanted) change(key, 1)
    let left = false
    return () => {
      if (left) return
      left = true
      for (const [key] of wanted) change(key, -1)
      const next = waiting.findIndex((each) => !isFull(each.wanted))
      if (next >= 0) for (const each of waiting.splice(next, 1)) each.go(take(each.wanted))
    }
  }

  function enter(wanted: Wanted): () => void {
    if (isFull(wanted)) throw tooMany()
    return take(wanted)
  }

  async function wait(wanted: Wanted): Promise<() => void> {
    if (!isFull(wanted)) return take(wanted)
    if (waiting.filter((each) => each.wanted[0]?.[0] === wanted[0]?.[0]).length >= WAITING_MAX) throw tooMany()
    return new Promise((resolve, reject) => {
      const entry = { wanted, go: (leave: () => void) => (clearTimeout(timer), resolve(leave)) }
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(entry), 1)
        reject(tooMany())
      }, WAIT_MS).unref()
      waiting.push(entry)
    })
  }

  return { enter, wait }
}

function tooMany(): TrailError {
  return new TrailError('rate_limited', 'Too many at once. Wait until one of yours has ended.', { retryAfterSeconds: 1 })
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
