import { CACHE, FLAGS, KINDS, POPULATIONS, TYPES, type Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { blankEvent, type EventRow } from '../event/row.ts'
import type { Durability, Journal } from '../journal/journal.ts'
import type { Privacy, Source } from '../privacy/privacy.ts'
import { withoutSecrets } from '../privacy/secrets.ts'
import type { EventFacts, Tenant, TokenRecord } from '../records/records.ts'
import { bytesOf, type Digest } from './digests.ts'
import type { ValidationRequest } from './door.ts'
import { isSpentByUse, kindWanted } from './judge.ts'
import type { Labels } from './labels.ts'
import type { Said } from './reasons.ts'

/** What is known of a presented text that belongs to nobody known. */
export interface UnknownText {
  readonly digest: Digest
  readonly shape: string
  readonly kind: number
}

/** One request on its way through the door, and what the door learnt of it. */
export interface Visit {
  readonly request: ValidationRequest
  /** When it came: wall clock, and monotonic microseconds. */
  readonly at: Milliseconds
  readonly ticks: number
  tenant: Tenant | null
  /** The token whose identity was proven. */
  token: TokenRecord | null
  /** The token that the text names without proving it. */
  claimedNo: number
  text: UnknownText | null
  cache: number
  readAt: Milliseconds
  limit: string
}

/** A visit of which nothing is known yet. */
export function beginVisit(request: ValidationRequest, clock: Clock): Visit {
  return {
    request,
    at: clock.now(),
    ticks: clock.ticks(),
    tenant: null,
    token: null,
    claimedNo: 0,
    text: null,
    cache: CACHE.none,
    readAt: 0,
    limit: '',
  }
}

/** Turns decisions into rows: counted ones go to the journal, critical ones with their change of records. */
export interface ValidationEvents {
  record(visit: Visit, said: Said): Promise<Durability>
  /** The same row as facts of a critical event. */
  facts(visit: Visit, said: Said): EventFacts
  source(visit: Visit): Source
}

/** One row is used for all decisions: the journal reads it before `append` returns. */
export function createValidationEvents(o: {
  readonly journal: Pick<Journal, 'append'>
  readonly privacy: Privacy
  readonly clock: Clock
  readonly labels: Labels
}): ValidationEvents {
  const row = blankEvent()
  const noFingerprint = row.fingerprint

  const source = ({ request, at }: Visit) => o.privacy.source(request.tenantNo, at, request.ip, request.userAgent)

  function fill(visit: Visit, said: Said): EventRow {
    const { request, at } = visit
    const from = source(visit)
    row.tenant = request.tenantNo
    row.retention = visit.tenant ? visit.tenant.retention : 1
    row.writer = 0
    row.seq = 0
    row.type = TYPES['token.validated'].id
    row.reason = said.id
    row.outcome = said.outcome
    row.occurredAt = at
    row.claimedNo = visit.claimedNo
    row.cache = visit.cache
    row.cacheAgeMs = visit.cache === CACHE.none ? 0 : Math.max(0, at - visit.readAt)
    row.limit = visit.limit
    fillRequest(request)
    fillSource(from)
    row.addressSealed = o.privacy.sealAddress(request.tenantNo, at, request.ip)
    fillToken(visit, said)
    fillText(visit)
    fillAfterlife(visit, said, from)
    row.durationUs = Math.max(0, Math.round(o.clock.ticks() - visit.ticks))
    return row
  }

  function fillRequest(request: ValidationRequest): void {
    const { tenantNo, scopes, resource, requestId } = request
    row.service = o.labels(tenantNo, 'service', request.service)
    row.environment = o.labels(tenantNo, 'environment', request.environment)
    row.method = o.labels(tenantNo, 'method', request.method)
    row.route = o.labels(tenantNo, 'route', request.route)
    row.scope =
      scopes === undefined || scopes.length === 0
        ? ''
        : o.labels(tenantNo, 'scope', scopes.length === 1 ? scopes[0] : scopes.join(' '))
    row.action = o.labels(tenantNo, 'action', request.action)
    row.resource = resource === undefined ? 0n : o.privacy.resource(tenantNo, resource)
    row.requestId = requestId === undefined ? '' : recordedId(requestId)
  }

  function fillSource(from: Source): void {
    row.addressDay = from.addressDay
    row.addressMonth = from.addressMonth
    row.network = from.network
    row.asn = from.asn
    row.country = from.country
    row.client = from.client
    row.clientHash = from.clientHash
  }

  function fillToken({ request, tenant, token, text }: Visit, said: Said): void {
    const population = token ? POPULATIONS.attributed : POPULATIONS.unattributed
    row.population = said.isFault ? POPULATIONS.fault : population
    row.tokenNo = token ? token.no : 0
    row.generation = token ? token.generation : 0
    row.ownerNo = token ? token.ownerNo : 0
    row.kind = token ? KINDS[token.kind] : text ? text.kind : KINDS[kindWanted(request)]
    let flags = request.check === true ? FLAGS.check : 0
    if (token?.canary) flags |= FLAGS.canary
    if (token?.observed) flags |= FLAGS.observed
    if (token?.simulated || tenant?.simulated) flags |= FLAGS.simulated
    if (token && said.isAccepted && isFirstUse(token, request)) flags |= FLAGS.firstUse
    row.flags = flags
  }

  /** Known or unknown, never both: a text has a fingerprint only when it has no token. */
  function fillText({ request, text, at }: Visit): void {
    const print = text ? o.privacy.fingerprint(request.tenantNo, at, bytesOf(text.digest)) : undefined
    row.shape = text ? text.shape : ''
    row.fingerprint = print ? print.fingerprint : noFingerprint
    row.fingerprintEpoch = print ? print.epoch : 0
  }

  /** Links a use after the end to the event that ended the token, and says how alike the two users are. */
  function fillAfterlife({ token, at }: Visit, { isAfterlife, reason }: Said, from: Source): void {
    row.endedByWriter = 0
    row.endedBySeq = 0
    row.sinceEndMs = 0
    if (!token || !isAfterlife) return
    const endedAt = token.endedAt ?? (reason === 'superseded' ? token.graceUntil : token.expiresAt) ?? at
    row.endedByWriter = token.endedByWriter
    row.endedBySeq = token.endedBySeq
    row.sinceEndMs = at - endedAt
    if (from.network !== 0n && from.network === token.endedNetwork) row.flags |= FLAGS.sameNetwork
    if (from.clientHash !== 0 && from.clientHash === token.endedClientHash) row.flags |= FLAGS.sameClient
    if (reason === 'consumed' && at <= endedAt) row.flags |= FLAGS.concurrent
  }

  return {
    record: (visit, said) => o.journal.append(fill(visit, said)),
    facts(visit, said) {
      const { writer: _, seq: _1, schema: _2, tenant: _3, type: _4, ...facts } = fill(visit, said)
      return facts
    },
    source,
  }
}

const REQUEST_ID_CHARS_MAX = 200
/** Digits of a number in hex, with or without dashes: most ids, and never a credential by its shape. */
const PLAIN_ID = /^[0-9a-fA-F-]*$/

function recordedId(given: string): string {
  const id = given.slice(0, REQUEST_ID_CHARS_MAX)
  return PLAIN_ID.test(id) ? id : withoutSecrets(id.toWellFormed())
}

/** Known only of tokens whose uses are counted in records. */
function isFirstUse(token: TokenRecord, request: ValidationRequest): boolean {
  return request.check !== true && isSpentByUse(token) && (token.usesMax === null || token.usesLeft === token.usesMax)
}
