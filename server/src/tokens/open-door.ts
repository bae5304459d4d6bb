import {
  CACHE,
  DEFAULT_PREFIXES,
  KINDS,
  parseToken,
  reasonClass,
  TOKEN_CHARS_MAX,
  type DecisionReason,
  type Milliseconds,
  type TextReason,
  type TokenText,
} from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { EventNumber, Records, Tenant, TokenRecord } from '../records/records.ts'
import { createAllowances, type Rate } from './allowance.ts'
import { createCodeHash } from './code-hash.ts'
import { createDigests, sha256, withoutSecret } from './digests.ts'
import type { Door, ValidationRequest, Verdict } from './door.ts'
import { createEpisodes } from './episodes.ts'
import { isSpentByUse, judge as judgeToken, kindWanted } from './judge.ts'
import { recordOf } from './known-tokens.ts'
import { createLabels } from './labels.ts'
import { DEFAULT_LIMITS, sourceKey, type DoorLimits } from './limits.ts'
import type { Peppers } from './peppers.ts'
import { createProver, LookupTimeout } from './prover.ts'
import { shapeOf } from './shape.ts'
import { SPENDING } from './spending.ts'
import { createTenants } from './tenants.ts'
import { createUnknownTexts } from './unknown-texts.ts'
import { createValidationEvents, type Decision, type UnknownText } from './validation-event.ts'

/** One request on its way through the door. */
interface Visit {
  readonly request: ValidationRequest
  readonly at: Milliseconds
  readonly ticks: number
  tenant: Tenant | null
}

/** How the token was found: `CACHE`, and when it was read. */
interface Found {
  readonly cache: number
  readonly readAt: Milliseconds
}

type Recorded = Verdict & { readonly recorded: Promise<unknown> }
/** What a decision adds to a visit; the rest is nothing. */
type Told = Partial<Omit<Decision, 'request' | 'at' | 'ticks' | 'tenant' | 'reason'>>

/**
 * The door. The order is always: size → shape → checksum → source and global limits → lookup → compare in constant time →
 * judge → record → answer. A text that the cache proves has passed the first three before.
 */
export function createDoor(o: {
  readonly records: Records
  readonly journal: Pick<Journal, 'append'>
  readonly privacy: Privacy
  readonly clock: Clock
  readonly peppers: Peppers
  readonly cacheMax?: number
  readonly limits?: DoorLimits
  readonly log: Log
}): Door {
  const { records, clock } = o
  const limits = o.limits ?? DEFAULT_LIMITS
  const tenants = createTenants(records)
  const digests = createDigests(o.peppers)
  const codes = createCodeHash()
  const prover = createProver({
    records,
    digests,
    codes,
    clock,
    log: o.log,
    cacheMax: o.cacheMax ?? CACHE_MAX,
    tenantOf: tenants.get,
  })
  const unknownTexts = createUnknownTexts(UNKNOWN_MAX)
  const sources = createAllowances<string>(SOURCES_MAX)
  const global = createAllowances<number>(1)
  const ofTokens = createAllowances<number>(LIMITED_TOKENS_MAX)
  const ofTenants = createAllowances<number>(LIMITED_TENANTS_MAX)
  const episodes = createEpisodes(o.journal)
  const events = createValidationEvents({ journal: o.journal, privacy: o.privacy, clock, labels: createLabels() })
  let inFlight = 0

  const stopFeed = records.onChange((change) => {
    if (change === 'all') tenants.clear()
    prover.changed(change)
    unknownTexts.clear()
  })
  const timer = setInterval(() => {
    episodes.settle(clock.now())
    for (const allowances of [sources, ofTokens, ofTenants]) allowances.tidy(clock.ticks())
  }, TIDY_MS).unref()

  function begin(request: ValidationRequest): Visit {
    return { request, at: clock.now(), ticks: clock.ticks(), tenant: null }
  }

  function judge(request: ValidationRequest): Recorded | undefined {
    if (request.token.length > TOKEN_CHARS_MAX || !records.feedIsFresh()) return undefined
    const visit = begin(request)
    const known = prover.known(request.token)
    if (known?.shared.tenantNo !== request.tenantNo || sourceWaitMs(request, visit.ticks) > 0) return undefined
    visit.tenant = known.tenant
    return decide(visit, recordOf(known), { cache: CACHE.hit, readAt: known.readAt })
  }

  async function validate(request: ValidationRequest): Promise<Verdict> {
    const { recorded, ...verdict } = judge(request) ?? (await examineOnce(begin(request)))
    await recorded
    return verdict
  }

  async function examineOnce(visit: Visit): Promise<Recorded> {
    if (inFlight >= IN_FLIGHT_MAX) return answer(visit, 'overload')
    inFlight++
    try {
      return await examine(visit)
    } catch (error) {
      return answer(visit, records.feedIsFresh() ? reasonOf(error) : 'stale')
    } finally {
      inFlight--
    }
  }

  async function examine(visit: Visit): Promise<Recorded> {
    const { request } = visit
    visit.tenant = await tenants.get(request.tenantNo)
    if (!visit.tenant) return answer(visit, 'misconfigured')
    const read = parseToken(request.token, visit.tenant.prefixes)
    if (typeof read === 'string' && !(read === 'malformed' && mayBeForeign(request.token, visit.tenant)))
      return refuse(visit, read, read)
    const waitMs = sourceWaitMs(request, visit.ticks)
    if (waitMs > 0) return throttle(visit, 'limit_source', limits.sourceFailures, waitMs, { text: describeText(visit, read) })
    const known = records.feedIsFresh() ? prover.known(request.token) : undefined
    if (known) {
      const found = { cache: CACHE.hit, readAt: known.readAt }
      return decide(visit, recordOf(known), found) ?? spend(visit, recordOf(known), found)
    }
    return lookUp(visit, visit.tenant, read)
  }

  async function lookUp(visit: Visit, tenant: Tenant, read: TokenText | TextReason): Promise<Recorded> {
    const { request, ticks } = visit
    const digest = sha256(request.token)
    const repeated = unknownTexts.get(digest, ticks)
    if (repeated) return refuse(visit, repeated.reason, read, repeated.claimedNo)
    const waitMs = global.waitMs(0, limits.globalFailures, ticks)
    if (waitMs > 0) return throttle(visit, 'limit_global', limits.globalFailures, waitMs, { text: describeText(visit, read) })
    const begun = prover.begin()
    const proof = await prover.lookUp(request.token, typeof read === 'string' ? null : read, tenant)
    if ('token' in proof) return decide(visit, proof.token, proof) ?? spend(visit, proof.token, proof)
    const { refusal, claimed } = proof
    if (refusal === 'overload' || refusal === 'misconfigured') return answer(visit, refusal)
    global.take(0, limits.globalFailures, ticks)
    const isOwn = claimed?.tenantNo === request.tenantNo
    if (isOwn && claimed.kind === 'validation') await takeAttempt(visit, claimed)
    else if (prover.isQuiet(begun)) unknownTexts.put(digest, { reason: refusal, claimedNo: isOwn ? claimed.no : 0 }, ticks)
    return refuse(visit, refusal, read, isOwn ? claimed.no : 0)
  }

  /** What a proven token comes to; `undefined` when accepting it must change records first. */
  function decide(visit: Visit, token: TokenRecord, found: Found): Recorded | undefined {
    const reason = judgeToken(token, visit.request, visit.at)
    if (token.tenantNo !== visit.request.tenantNo) return refuse(visit, reason)
    if (reasonClass(reason) !== 'accepted') return answer(visit, reason, { token, ...found })
    if (isSpentByUse(token) && visit.request.check !== true) return undefined
    return overLimit(visit, token, found) ?? answer(visit, reason, { token, ...found })
  }

  /** Accepts by a guarded change of records: of any number of visits at once only as many win as the token allows. */
  async function spend(visit: Visit, token: TokenRecord, found: Found): Promise<Recorded> {
    const limited = overLimit(visit, token, found)
    if (limited) return limited
    const reason = judgeToken(token, visit.request, visit.at)
    const params = {
      tenantNo: token.tenantNo,
      no: token.no,
      at: visit.at,
      facts: events.facts(decisionOf(visit, reason, { token, ...found })),
    }
    const done = await SPENDING[token.kind](records, params)
    if (!('refused' in done)) {
      return done.event ? accept(visit, reason, done.token, done.event) : answer(visit, reason, { token: done.token, ...found })
    }
    const now = judgeToken(done.token, visit.request, visit.at)
    return answer(visit, reasonClass(now) === 'accepted' ? 'records_unavailable' : now, { token: done.token, ...found })
  }

  async function takeAttempt(visit: Visit, token: TokenRecord): Promise<void> {
    const facts = events.facts(decisionOf(visit, 'wrong_secret', { token }))
    await records.act('attemptToken', { tenantNo: token.tenantNo, no: token.no, succeeded: false, at: visit.at, facts })
  }

  function overLimit(visit: Visit, token: TokenRecord, found: Found): Recorded | undefined {
    const { request, ticks } = visit
    const ask = request.check === true ? 'waitMs' : 'take'
    const rate = token.rateLimit
    const waitMs = rate ? ofTokens[ask](token.no, rate, ticks) : 0
    if (rate && waitMs > 0) return throttle(visit, 'limit_token', rate, waitMs, { token, ...found })
    const tenantWaitMs = limits.tenant ? ofTenants[ask](token.tenantNo, limits.tenant, ticks) : 0
    return limits.tenant && tenantWaitMs > 0
      ? throttle(visit, 'limit_tenant', limits.tenant, tenantWaitMs, { token, ...found })
      : undefined
  }

  function sourceWaitMs({ tenantNo, ip }: ValidationRequest, ticks: number): number {
    if (sources.isIdle()) return 0
    const key = sourceKey(tenantNo, ip)
    return key === undefined ? 0 : sources.waitMs(key, limits.sourceFailures, ticks)
  }

  function throttle(visit: Visit, reason: DecisionReason, rate: Rate, retryAfterMs: number, told: Told): Recorded {
    const { request, tenant, at } = visit
    const token = told.token ?? null
    const network = reason === 'limit_source' ? events.source(visit).network : 0n
    const subject =
      reason === 'limit_token'
        ? String(token?.no)
        : reason === 'limit_source'
          ? (sourceKey(request.tenantNo, request.ip) ?? '')
          : ''
    const about = reason === 'limit_token' ? token : null
    episodes.refused(
      {
        reason,
        tenantNo: request.tenantNo,
        retention: tenant?.retention ?? 1,
        subject,
        token: about,
        network,
        windowMs: rate.windowMs,
      },
      at,
    )
    return { ...answer(visit, reason, { ...told, limit: reason }), retryAfterMs }
  }

  /** Refuses a text that belongs to nobody known here; the source pays for it. */
  function refuse(visit: Visit, reason: DecisionReason, read?: TokenText | TextReason, claimedNo = 0): Recorded {
    const key = sourceKey(visit.request.tenantNo, visit.request.ip)
    if (key !== undefined) sources.take(key, limits.sourceFailures, visit.ticks)
    return answer(visit, reason, { text: describeText(visit, read), claimedNo })
  }

  function answer(visit: Visit, reason: DecisionReason, told: Told = {}): Recorded {
    const recorded = events.record(decisionOf(visit, reason, told))
    const answerClass = reasonClass(reason)
    const verdict = answerClass === 'accepted' ? 'accepted' : 'rejected'
    return { verdict, reason, answer: answerClass, token: told.token ? withoutSecret(told.token) : null, at: visit.at, recorded }
  }

  /** An acceptance whose event stands in records, in one transaction with what was taken. */
  function accept(visit: Visit, reason: DecisionReason, token: TokenRecord, event: EventNumber): Recorded {
    return {
      verdict: 'accepted',
      reason,
      answer: 'accepted',
      token: withoutSecret(token),
      at: visit.at,
      event,
      recorded: RECORDED,
    }
  }

  return {
    validate,
    judge,
    async warm(tenantNo) {
      const tenant = await tenants.get(tenantNo)
      return tenant ? prover.warm(tenant) : 0
    },
    cacheSize: prover.size,
    close() {
      clearInterval(timer)
      stopFeed()
      episodes.settle(clock.now(), true)
    },
  }
}

/** Tokens that the cache holds by default. */
const CACHE_MAX = 1_048_576
const UNKNOWN_MAX = 8192
const SOURCES_MAX = 65_536
const LIMITED_TOKENS_MAX = 1_048_576
const LIMITED_TENANTS_MAX = 65_536
/** Visits that may wait for records at once. */
const IN_FLIGHT_MAX = 10_000
const TIDY_MS = 1000
const RECORDED = Promise.resolve()

function decisionOf({ request, tenant, at, ticks }: Visit, reason: DecisionReason, told: Told): Decision {
  return {
    request,
    reason,
    tenant,
    at,
    ticks,
    token: told.token ?? null,
    claimedNo: told.claimedNo ?? 0,
    text: told.text ?? null,
    cache: told.cache ?? CACHE.none,
    readAt: told.readAt ?? 0,
    limit: told.limit ?? '',
  }
}

function describeText({ request, tenant }: Visit, read?: TokenText | TextReason): UnknownText {
  const { token } = request
  const start = token.length > TOKEN_CHARS_MAX ? `${token.slice(0, TOKEN_CHARS_MAX)} ${token.length}` : token
  const prefixes = tenant?.prefixes ?? DEFAULT_PREFIXES
  const seen = read ?? parseToken(token, prefixes)
  const kind = typeof seen === 'string' ? kindWanted(request) : seen.kind
  return { digest: sha256(start), shape: shapeOf(token, prefixes, seen), kind: KINDS[kind] }
}

/** A text of another system, in a tenant that took over hashes of such texts: printable ASCII without spaces. */
function mayBeForeign(text: string, tenant: Tenant): boolean {
  return tenant.foreignTokens && /^[\x21-\x7e]{8,}$/.test(text)
}

function reasonOf(error: unknown): DecisionReason {
  return error instanceof LookupTimeout ? 'timeout' : 'records_unavailable'
}
