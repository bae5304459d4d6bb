import type { DecisionReason, Milliseconds } from 'tokentrail'
import type { Journal } from '../journal/journal.ts'
import { throttleOf } from '../records/responses.ts'
import { createAllowances, type Rate } from './allowance.ts'
import type { ValidationRequest } from './door.ts'
import { createEpisodes } from './episodes.ts'
import { sourceKey, type DoorLimits } from './limits.ts'
import type { Visit } from './validation-event.ts'

/** A limit that refuses, and for how long. */
export interface Throttle {
  readonly reason: Extract<DecisionReason, `limit_${string}`>
  readonly rate: Rate
  readonly waitMs: number
  /** Tells whom it refuses, in memory only. */
  readonly subject: string
}

/** The limits at the door: what each has left, and the episodes in which they refuse. */
export interface Throttles {
  /** The source's allowance of failures. A source without an address has none to spend. */
  source(request: ValidationRequest, ticks: number): Throttle | undefined
  /** The door's allowance of failures. */
  global(ticks: number): Throttle | undefined
  /** A failure: the source pays for it, and after a lookup the door. */
  failed(visit: Visit, wasLookedUp: boolean): void
  /** What a token that would be accepted may spend: its own rate, its tenant's, then a response's. A check spends nothing. */
  accepting(visit: Visit): Throttle | undefined
  /** Notes a refusal: a run of them is one episode. */
  refused(visit: Visit, throttle: Throttle, network: bigint): void
  tidy(at: Milliseconds, ticks: number): void
  close(at: Milliseconds): void
}

const SOURCES_MAX = 65_536
const TOKENS_MAX = 262_144
const TENANTS_MAX = 65_536

/** Makes the limits; all in the memory of this process, monotonic and bounded. */
export function createThrottles(limits: DoorLimits, journal: Pick<Journal, 'append'>): Throttles {
  const sources = createAllowances<string>(SOURCES_MAX)
  const door = createAllowances<number>(1)
  const tokens = createAllowances<number>(TOKENS_MAX)
  const tenants = createAllowances<number>(TENANTS_MAX)
  const responses = createAllowances<number>(TOKENS_MAX)
  const episodes = createEpisodes(journal)

  function ofToken({ request, token, ticks }: Visit): Throttle | undefined {
    if (!token?.rateLimit) return undefined
    const waitMs = tokens[request.check === true ? 'waitMs' : 'take'](token.no, token.rateLimit, ticks)
    return waitMs > 0 ? { reason: 'limit_token', rate: token.rateLimit, waitMs, subject: String(token.no) } : undefined
  }

  function ofTenant({ request, ticks }: Visit): Throttle | undefined {
    if (!limits.tenant) return undefined
    const waitMs = tenants[request.check === true ? 'waitMs' : 'take'](request.tenantNo, limits.tenant, ticks)
    return waitMs > 0 ? { reason: 'limit_tenant', rate: limits.tenant, waitMs, subject: '' } : undefined
  }

  function ofResponse({ request, token, at, ticks }: Visit): Throttle | undefined {
    const rate = token ? throttleOf(token, at) : null
    if (!token || !rate) return undefined
    const waitMs = responses[request.check === true ? 'waitMs' : 'take'](token.no, rate, ticks)
    return waitMs > 0 ? { reason: 'limit_response', rate, waitMs, subject: String(token.no) } : undefined
  }

  return {
    source(request, ticks) {
      if (sources.isIdle()) return undefined
      const subject = sourceKey(request.tenantNo, request.ip)
      const waitMs = subject === undefined ? 0 : sources.waitMs(subject, limits.sourceFailures, ticks)
      return subject !== undefined && waitMs > 0
        ? { reason: 'limit_source', rate: limits.sourceFailures, waitMs, subject }
        : undefined
    },
    global(ticks) {
      const waitMs = door.waitMs(0, limits.globalFailures, ticks)
      return waitMs > 0 ? { reason: 'limit_global', rate: limits.globalFailures, waitMs, subject: '' } : undefined
    },
    failed({ request, ticks }, wasLookedUp) {
      const source = sourceKey(request.tenantNo, request.ip)
      if (source !== undefined) sources.take(source, limits.sourceFailures, ticks)
      if (wasLookedUp) door.take(0, limits.globalFailures, ticks)
    },
    accepting: (visit) => ofToken(visit) ?? ofTenant(visit) ?? ofResponse(visit),
    refused({ request, tenant, token, at }, { reason, rate, subject }, network) {
      const retention = tenant?.retention ?? 1
      const about = reason === 'limit_token' || reason === 'limit_response' ? token : null
      episodes.refused(
        { reason, tenantNo: request.tenantNo, retention, subject, token: about, network, windowMs: rate.windowMs },
        at,
      )
    },
    tidy(at, ticks) {
      episodes.settle(at)
      for (const allowances of [sources, tokens, tenants, responses]) allowances.tidy(ticks)
    },
    close: (at) => episodes.settle(at, true),
  }
}
