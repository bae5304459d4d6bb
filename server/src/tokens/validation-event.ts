import {
  CACHE,
  FLAGS,
  KINDS,
  OUTCOMES,
  POPULATIONS,
  reasonClass,
  reasonId,
  TYPES,
  type DecisionReason,
  type Milliseconds,
} from 'tokentrail'
import type { Clock } from '../clock.ts'
import { blankEvent, type EventRow } from '../event/row.ts'
import type { Durability, Journal } from '../journal/journal.ts'
import type { Privacy, Source } from '../privacy/privacy.ts'
import type { EventFacts, Tenant, TokenRecord } from '../records/records.ts'
import { bytesOf, type Digest } from './digests.ts'
import type { ValidationRequest } from './door.ts'
import { AFTERLIFE, kindWanted } from './judge.ts'
import type { Labels } from './labels.ts'

/** What is known of a presented text that belongs to nobody known. */
export interface UnknownText {
  readonly digest: Digest
  readonly shape: string
  readonly kind: number
}

/** One decision of the door, before it is a row. */
export interface Decision {
  readonly request: ValidationRequest
  readonly reason: DecisionReason
  readonly tenant: Tenant | null
  /** The token whose identity was proven. */
  readonly token: TokenRecord | null
  /** The token that the text names without proving it. */
  readonly claimedNo: number
  readonly text: UnknownText | null
  readonly cache: number
  readonly readAt: Milliseconds
  /** When the request came to the door: wall clock, and monotonic microseconds. */
  readonly at: Milliseconds
  readonly ticks: number
  readonly limit: string
}

/** Turns decisions into rows: counted ones go to the journal, critical ones with their change of records. */
export interface ValidationEvents {
  record(decision: Decision): Promise<Durability>
  /** The same row as facts of a critical event. */
  facts(decision: Decision): EventFacts
  source(decision: Pick<Decision, 'request' | 'at'>): Source
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

  const source = ({ request, at }: Pick<Decision, 'request' | 'at'>) =>
    o.privacy.source(request.tenantNo, at, request.ip, request.userAgent)

  function fill(decision: Decision): EventRow {
    const { request, reason, token } = decision
    row.tenant = request.tenantNo
    row.retention = decision.tenant?.retention ?? 1
    row.writer = 0
    row.seq = 0
    row.type = TYPES['token.validated'].id
    row.reason = reasonId(reason)
    row.outcome = reasonClass(reason) === 'accepted' ? OUTCOMES.accepted : OUTCOMES.rejected
    row.occurredAt = decision.at
    row.claimedNo = decision.claimedNo
    row.cache = decision.cache
    row.cacheAgeMs = decision.cache === CACHE.none ? 0 : Math.max(0, decision.at - decision.readAt)
    row.limit = decision.limit
    fillRequest(request)
    const from = source(decision)
    fillSource(from)
    fillToken(token, decision)
    fillAfterlife(token, decision, from)
    row.durationUs = Math.max(0, Math.round(o.clock.ticks() - decision.ticks))
    return row
  }

  function fillRequest(request: ValidationRequest): void {
    const { tenantNo, scopes } = request
    row.service = o.labels(tenantNo, 'service', request.service)
    row.environment = o.labels(tenantNo, 'environment', request.environment)
    row.method = o.labels(tenantNo, 'method', request.method)
    row.route = o.labels(tenantNo, 'route', request.route)
    row.scope = scopes === undefined || scopes.length === 0 ? '' : o.labels(tenantNo, 'scope', scopes.join(' '))
    row.action = o.labels(tenantNo, 'action', request.action)
    row.resource = request.resource === undefined ? 0n : o.privacy.resource(tenantNo, request.resource)
    row.requestId = request.requestId === undefined ? '' : boundedText(request.requestId)
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

  /** Known or unknown, never both: a token's number, or a fingerprint. */
  function fillToken(token: TokenRecord | null, { request, tenant, reason, text, at }: Decision): void {
    row.tokenNo = token ? token.no : 0
    row.generation = token ? token.generation : 0
    row.ownerNo = token ? token.ownerNo : 0
    row.kind = token ? KINDS[token.kind] : text ? text.kind : KINDS[kindWanted(request)]
    row.population = token ? POPULATIONS.attributed : POPULATIONS.unattributed
    if (reasonClass(reason) === 'unavailable') row.population = POPULATIONS.fault
    row.flags = request.check === true ? FLAGS.check : 0
    if (token?.canary) row.flags |= FLAGS.canary
    if (token?.simulated || tenant?.simulated) row.flags |= FLAGS.simulated
    if (token?.observed) row.flags |= FLAGS.observed
    row.shape = text ? text.shape : ''
    const print = text ? o.privacy.fingerprint(request.tenantNo, at, bytesOf(text.digest)) : undefined
    row.fingerprint = print ? print.fingerprint : noFingerprint
    row.fingerprintEpoch = print ? print.epoch : 0
  }

  /** Links a use after the end to the event that ended the token, and says how alike the two users are. */
  function fillAfterlife(token: TokenRecord | null, { reason, at }: Decision, from: Source): void {
    row.endedByWriter = 0
    row.endedBySeq = 0
    row.sinceEndMs = 0
    if (!token || !AFTERLIFE.has(reason)) return
    const endedAt = token.endedAt ?? (reason === 'superseded' ? token.graceUntil : token.expiresAt) ?? at
    row.endedByWriter = token.endedByWriter
    row.endedBySeq = token.endedBySeq
    row.sinceEndMs = at - endedAt
    if (from.network !== 0n && from.network === token.endedNetwork) row.flags |= FLAGS.sameNetwork
    if (from.clientHash !== 0 && from.clientHash === token.endedClientHash) row.flags |= FLAGS.sameClient
    if (reason === 'consumed' && at <= endedAt) row.flags |= FLAGS.concurrent
  }

  return {
    record: (decision) => o.journal.append(fill(decision)),
    facts(decision) {
      const { writer: _, seq: _1, schema: _2, tenant: _3, type: _4, ...facts } = fill(decision)
      return facts
    },
    source,
  }
}

const REQUEST_ID_CHARS_MAX = 200

function boundedText(text: string): string {
  return text.slice(0, REQUEST_ID_CHARS_MAX).toWellFormed()
}
