import type { TokenRecord } from './records.ts'
import type { Database, TokenTable } from './schema.ts'

type Form = 'plain' | 'flag' | 'json' | 'bytes' | 'u64'
type OwnField = Exclude<keyof TokenRecord, 'ownerId' | 'ownerDisabled'>

/** Each field of a token's record, its column and how it is written there. */
const FIELDS: readonly (readonly [field: OwnField, column: keyof TokenTable, form: Form])[] = [
  ['no', 'no', 'plain'],
  ['tenantNo', 'tenant_no', 'plain'],
  ['id', 'id', 'plain'],
  ['kind', 'kind', 'plain'],
  ['prefix', 'prefix', 'plain'],
  ['name', 'name', 'plain'],
  ['ownerNo', 'owner_no', 'plain'],
  ['environment', 'environment', 'plain'],
  ['scheme', 'scheme', 'plain'],
  ['digest', 'digest', 'bytes'],
  ['salt', 'salt', 'bytes'],
  ['scopes', 'scopes', 'json'],
  ['metadata', 'metadata', 'json'],
  ['cidrs', 'cidrs', 'json'],
  ['origins', 'origins', 'json'],
  ['methods', 'methods', 'json'],
  ['issuedAt', 'issued_at', 'plain'],
  ['knownSince', 'known_since', 'plain'],
  ['issuedAtKnown', 'issued_at_known', 'flag'],
  ['notBefore', 'not_before', 'plain'],
  ['expiresAt', 'expires_at', 'plain'],
  ['usesMax', 'uses_max', 'plain'],
  ['usesLeft', 'uses_left', 'plain'],
  ['rateLimit', 'rate_limit', 'json'],
  ['action', 'action', 'plain'],
  ['resource', 'resource', 'plain'],
  ['attemptsMax', 'attempts_max', 'plain'],
  ['attemptsUsed', 'attempts_used', 'plain'],
  ['channel', 'channel', 'plain'],
  ['sentAt', 'sent_at', 'plain'],
  ['generation', 'generation', 'plain'],
  ['familyNo', 'family_no', 'plain'],
  ['predecessorNo', 'predecessor_no', 'plain'],
  ['successorNo', 'successor_no', 'plain'],
  ['graceUntil', 'grace_until', 'plain'],
  ['suspendedAt', 'suspended_at', 'plain'],
  ['suspendedUntil', 'suspended_until', 'plain'],
  ['throttle', 'throttle', 'json'],
  ['endedAt', 'ended_at', 'plain'],
  ['ending', 'ending', 'plain'],
  ['endingReason', 'ending_reason', 'plain'],
  ['endedByWriter', 'ended_by_writer', 'plain'],
  ['endedBySeq', 'ended_by_seq', 'plain'],
  ['endedNetwork', 'ended_network', 'u64'],
  ['endedClientHash', 'ended_client_hash', 'plain'],
  ['canary', 'canary', 'flag'],
  ['simulated', 'simulated', 'flag'],
  ['observed', 'observed', 'flag'],
  ['role', 'role', 'plain'],
  ['version', 'version', 'plain'],
]

const READERS: Readonly<Record<Form, (value: unknown) => unknown>> = {
  plain: (value) => value,
  flag: (value) => value === 1,
  json: (value) => (value === null ? null : JSON.parse(value as string)),
  bytes: (value) => (value instanceof Uint8Array ? new Uint8Array(value) : null),
  u64: (value) => BigInt(String(value)),
}

/** Tokens with their owner and their tenant's retention: the one shape in which tokens are read. */
export function selectTokens(db: Database) {
  return db
    .selectFrom('token')
    .innerJoin('owner', 'owner.no', 'token.owner_no')
    .selectAll('token')
    .select(['owner.id as owner_id', 'owner.disabled_at as owner_disabled_at'])
}

/** What `selectTokens` gives. */
export type TokenRow = Awaited<ReturnType<ReturnType<typeof selectTokens>['execute']>>[number]

/** The record of a row. */
export function toToken(row: TokenRow): TokenRecord {
  const record: Record<string, unknown> = { ownerId: row.owner_id, ownerDisabled: row.owner_disabled_at !== null }
  for (const [field, column, form] of FIELDS) record[field] = READERS[form](row[column])
  return record as unknown as TokenRecord
}
