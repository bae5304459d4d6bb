import type { Milliseconds } from 'tokentrail'
import type { Type } from 'typebox'
import type { TokenRecord } from '../records/records.ts'
import { stateOf } from '../records/token-state.ts'
import type { TokenSchema } from './schemas.ts'
import { timeText } from './times.ts'

export type TokenView = Type.Static<typeof TokenSchema>

/** A token as its resource: everything but the digest, its salt and our numbers. */
export function viewOfToken(record: TokenRecord, at: Milliseconds): TokenView {
  const { id, kind, name, environment, role, usesMax, usesLeft, rateLimit, action, resource, attemptsMax, attemptsUsed } = record
  const { channel, generation, ending, endingReason, scheme, canary, simulated, observed, metadata } = record
  return {
    id,
    kind,
    state: stateOf(record, at),
    name,
    owner: record.ownerId,
    environment,
    role,
    scopes: [...record.scopes],
    metadata: { ...metadata },
    cidrs: [...record.cidrs],
    origins: [...record.origins],
    methods: [...record.methods],
    issuedAt: record.issuedAtKnown ? timeText(record.issuedAt) : null,
    knownSince: timeText(record.knownSince),
    notBefore: timeText(record.notBefore),
    expiresAt: timeText(record.expiresAt),
    usesMax,
    usesLeft,
    rateLimit,
    action,
    resource,
    attemptsMax,
    attemptsUsed,
    channel,
    sentAt: timeText(record.sentAt),
    generation,
    graceUntil: timeText(record.graceUntil),
    suspendedAt: timeText(record.suspendedAt),
    endedAt: timeText(record.endedAt),
    ending,
    endingReason,
    scheme,
    canary,
    simulated,
    observed,
  }
}
