import {
  CACHE,
  DEFAULT_PREFIXES,
  KINDS,
  parseToken,
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
import { createCodeHash } from './code-hash.ts'
import type { Denials } from './denials.ts'
import { createDigests, sha256, withoutSecret } from './digests.ts'
import type { Door, ValidationRequest, Verdict } from './door.ts'
import { isSpentByUse, judge as judgeToken, kindWanted } from './judge.ts'
import { recordOf, type KnownToken } from './known-tokens.ts'
import { createLabels } from './labels.ts'
import { DEFAULT_LIMITS, type DoorLimits } from './limits.ts'
import type { Peppers } from './peppers.ts'
import { createProver, LookupTimeout } from './prover.ts'
import { saidOf } from './reasons.ts'
import { shapeOf } from './shape.ts'
import { SPENDING } from './spending.ts'
import { createTenants } from './tenants.ts'
import { createThrottles, type Throttle } from './throttles.ts'
import { createUnknownTexts } from './unknown-texts.ts'
import { beginVisit, createValidationEvents, type UnknownText, type Visit } from './validation-event.ts'

type Recorded = Verdict & { readonly recorded: Promise<unknown> }

/**
 * The door. The order is always: size → shape → checksum → source and global limits → lookup → compare in constant time →
 * judge → record → answer. A text that the cache proves has passed the first three before.
 *
 * Known weaknesses. Limits hold for one process. While the door's own limit refuses, a good token that is not in the cache is
 * refused with the flood; `warm` and reading ahead of what is issued keep that rare. A wrong secret of a validation token costs
 * a write more than an unknown id, since its attempt is counted before the answer.
 */
export function createDoor(o: {
  readonly records: Records
  readonly journal: Pick<Journal, 'append'>
  readonly privacy: Privacy
  readonly clock: Clock
  readonly peppers: Peppers
  /** Tokens that the cache holds at most. */
  readonly cacheMax?: number
  readonly limits?: DoorLimits
  /** What this node refuses by itself. */
  readonly denials?: Pick<Denials, 'denies'>
  /** Whether records may be wrong about this token: restored from a backup, they may call one living that has ended. */
  readonly doubts?: (token: TokenRecord) => boolean
  /** A verdict whose record was lost is not given. */
  readonly strict?: boolean
  readonly log: Log
}): Door {
  const { records, clock, journal, privacy, log, denials } = o
  const tenants = createTenants(records)
  const [digests, codes, cacheMax] = [createDigests(o.peppers), createCodeHash(), o.cacheMax ?? CACHE_MAX]
  const prover = createProver({ records, digests, codes, clock, log, cacheMax, tenantOf: tenants.get })
  const unknownTexts = createUnknownTexts(UNKNOWN_TEXTS_MAX)
  const throttles = createThrottles(o.limits ?? DEFAULT_LIMITS, journal)
  const events = createValidationEvents({ journal, privacy, clock, labels: createLabels() })
  let inFlight = 0
  let warnedAt = -Infinity

  const stopFeed = records.onChange((change) => {
    if (change === 'all') tenants.clear()
    prover.changed(change)
    unknownTexts.clear()
  })
  const timer = setInterval(() => throttles.tidy(clock.now(), clock.ticks()), TIDY_MS).unref()

  /** What the cache proves and no change of records is needed for. */
  function judge(request: ValidationRequest): Recorded | undefined {
    if (request.token.length > TOKEN_CHARS_MAX || !records.feedIsFresh()) return undefined
    const visit = beginVisit(request, clock)
    const known = prover.known(request.token)
    if (known?.shared.tenantNo !== request.tenantNo || throttles.source(request, visit.ticks)) return undefined
    return decide(visit, known)
  }

  async function validate(request: ValidationRequest): Promise<Verdict> {
    const { recorded, ...verdict } = judge(request) ?? (await examine(beginVisit(request, clock)))
    const durability = await recorded
    return o.strict === true && durability === 'lost' ? unrecorded(verdict) : verdict
  }

  async function examine(visit: Visit): Promise<Recorded> {
    if (inFlight >= IN_FLIGHT_MAX) return answer(visit, 'overload')
    inFlight++
    try {
      return await readText(visit)
    } catch (error) {
      warn(error, visit.ticks)
      return answer(visit, faultOf(error, records.feedIsFresh()))
    } finally {
      inFlight--
    }
  }

  /** Once a second: an outage must not fill the log. Every fault is an event as well. */
  function warn(error: unknown, ticks: number): void {
    if (ticks - warnedAt < WARN_US) return
    warnedAt = ticks
    log.warn({ err: error }, 'validations are answered as unavailable')
  }

  async function readText(visit: Visit): Promise<Recorded> {
    const { request, ticks } = visit
    const tenant = await tenants.get(request.tenantNo)
    if (!tenant) return answer(visit, 'misconfigured')
    visit.tenant = tenant
    const read = parseToken(request.token, tenant.prefixes)
    const mayBeForeign = read === 'malformed' && tenant.foreignTokens && FOREIGN_TEXT.test(request.token)
    if (typeof read === 'string' && !mayBeForeign) return refuse(visit, read, read)
    const throttle = throttles.source(request, ticks)
    if (throttle) return refuseByLimit(visit, throttle, read)
    const known = records.feedIsFresh() ? prover.known(request.token) : undefined
    return known ? (decide(visit, known) ?? spend(visit)) : lookUp(visit, tenant, read)
  }

  async function lookUp(visit: Visit, tenant: Tenant, read: TokenText | TextReason): Promise<Recorded> {
    const { request, ticks } = visit
    const digest = sha256(request.token)
    const repeated = unknownTexts.get(digest, ticks)
    if (repeated) return refuse(visit, repeated.reason, read, repeated.claimedNo)
    const throttle = throttles.global(ticks)
    if (throttle) return refuseByLimit(visit, throttle, read)
    const begun = prover.begin()
    const proof = await prover.lookUp(request.token, typeof read === 'string' ? null : read, tenant)
    if ('token' in proof) return decideOn(visit, proof.token, proof.cache, proof.readAt) ?? spend(visit)
    const { refusal, claimed } = proof
    if (refusal === 'overload' || refusal === 'misconfigured') return answer(visit, refusal)
    const own = claimed?.tenantNo === request.tenantNo ? claimed : null
    if (own?.kind === 'validation') await takeAttempt(visit, own)
    else if (prover.isQuiet(begun)) unknownTexts.put(digest, { reason: refusal, claimedNo: own?.no ?? 0 }, ticks)
    throttles.failed(visit, true)
    return answer(describe(visit, read, own?.no ?? 0), refusal)
  }

  function decide(visit: Visit, known: KnownToken): Recorded | undefined {
    visit.tenant ??= known.tenant
    return decideOn(visit, recordOf(known), CACHE.hit, known.readAt)
  }

  /** What a proven token comes to; `undefined` when accepting it must change records first. */
  function decideOn(visit: Visit, found: TokenRecord, cache: number, readAt: number): Recorded | undefined {
    const token = denials?.denies(found.tenantNo, found.id) ? suspended(found, visit.at) : found
    const reason = o.doubts?.(found) ? 'stale' : judgeToken(token, visit.request, visit.at)
    if (token.tenantNo !== visit.request.tenantNo) return refuse(visit, reason)
    visit.token = token
    visit.cache = cache
    visit.readAt = readAt
    // a canary costs its source what any unknown text does, or the allowance would tell them apart
    if (reason === 'canary') throttles.failed(visit, cache !== CACHE.hit)
    if (!saidOf(reason).isAccepted) return answer(visit, reason)
    if (isSpentByUse(token) && visit.request.check !== true) return undefined
    const throttle = throttles.accepting(visit)
    return throttle ? refuseByLimit(visit, throttle) : answer(visit, reason)
  }

  /** Accepts by a guarded change of records: of any number of visits at once only as many win as the token allows. */
  async function spend(visit: Visit): Promise<Recorded> {
    const { token, request, at } = visit
    if (!token) throw new TypeError('visit: expected a proven token')
    const throttle = throttles.accepting(visit)
    if (throttle) return refuseByLimit(visit, throttle)
    const reason = judgeToken(token, request, at)
    const facts = events.facts(visit, saidOf(reason))
    const done = await SPENDING[token.kind](records, { tenantNo: token.tenantNo, no: token.no, at, facts })
    visit.token = done.token
    if (!('refused' in done)) return done.event ? accept(visit, reason, done.token, done.event) : answer(visit, reason)
    const now = judgeToken(done.token, request, at)
    return answer(visit, saidOf(now).isAccepted ? 'records_unavailable' : now)
  }

  /** Counts a wrong secret against the validation token that it names, before the answer. */
  async function takeAttempt(visit: Visit, token: TokenRecord): Promise<void> {
    const facts = events.facts({ ...visit, token }, saidOf('wrong_secret'))
    await records.act('attemptToken', { tenantNo: token.tenantNo, no: token.no, succeeded: false, at: visit.at, facts })
  }

  function refuseByLimit(visit: Visit, throttle: Throttle, read?: TokenText | TextReason): Recorded {
    const network = throttle.reason === 'limit_source' ? events.source(visit).network : 0n
    throttles.refused(visit, throttle, network)
    visit.limit = throttle.reason
    if (!visit.token) describe(visit, read)
    return { ...answer(visit, throttle.reason), retryAfterMs: throttle.waitMs }
  }

  /** Refuses a text that belongs to nobody known here; the source pays for it. */
  function refuse(visit: Visit, reason: DecisionReason, read?: TokenText | TextReason, claimedNo = 0): Recorded {
    throttles.failed(visit, false)
    return answer(describe(visit, read, claimedNo), reason)
  }

  function answer(visit: Visit, reason: DecisionReason): Recorded {
    const said = saidOf(reason)
    const recorded = events.record(visit, said)
    const token = visit.token && withoutSecret(visit.token)
    return { verdict: said.verdict, reason, answer: said.answer, token, at: visit.at, recorded }
  }

  /** An acceptance whose event stands in records, in one transaction with what was taken. */
  function accept(visit: Visit, reason: DecisionReason, token: TokenRecord, event: EventNumber): Recorded {
    const verdict = { verdict: 'accepted', reason, answer: 'accepted' } as const
    return { ...verdict, token: withoutSecret(token), at: visit.at, event, recorded: RECORDED }
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
      throttles.close(clock.now())
    },
  }
}

const CACHE_MAX = 1_048_576
const UNKNOWN_TEXTS_MAX = 8192
/** Visits that may wait for records at once. */
const IN_FLIGHT_MAX = 10_000
const TIDY_MS = 1000
const WARN_US = 1_000_000
const RECORDED = Promise.resolve()
/** A text of another system: printable ASCII without spaces. */
const FOREIGN_TEXT = /^[\x21-\x7e]{8,}$/

function unrecorded({ at }: Verdict): Verdict {
  return { verdict: 'rejected', reason: 'records_unavailable', answer: 'unavailable', token: null, at, unrecorded: true }
}

/** A token that this node denies is refused as if records had suspended it. */
function suspended(token: TokenRecord, at: Milliseconds): TokenRecord {
  return { ...token, suspendedAt: token.suspendedAt ?? at, suspendedUntil: null }
}

/** Notes what a text that is not proven looks like. */
function describe(visit: Visit, read?: TokenText | TextReason, claimedNo = 0): Visit {
  visit.text = unknownText(visit, read)
  visit.claimedNo = claimedNo
  return visit
}

function unknownText({ request, tenant }: Visit, given?: TokenText | TextReason): UnknownText {
  const { token } = request
  const prefixes = tenant?.prefixes ?? DEFAULT_PREFIXES
  const read = given ?? parseToken(token, prefixes)
  const kind = typeof read === 'string' ? kindWanted(request) : read.kind
  const start = token.length > TOKEN_CHARS_MAX ? `${token.slice(0, TOKEN_CHARS_MAX)} ${token.length}` : token
  return { digest: sha256(start), shape: shapeOf(token, prefixes, read), kind: KINDS[kind] }
}

function faultOf(error: unknown, isFeedFresh: boolean): DecisionReason {
  if (!isFeedFresh) return 'stale'
  return error instanceof LookupTimeout ? 'timeout' : 'records_unavailable'
}
