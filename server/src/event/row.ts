import type { Milliseconds } from 'tokentrail'

/** How a column is written: `time` is int64 milliseconds, `label` a low-cardinality string, `bytes16` sixteen raw bytes. */
export type ColumnForm =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'count'
  | 'u64'
  | 'i32'
  | 'i64'
  | 'time'
  | 'label'
  | 'text'
  | 'bytes16'
  | 'u64[]'
  | 'u32[]'

/** One row of the store's table `events`. The order of fields is the order of `EVENT_COLUMNS`. */
export interface EventRow {
  tenant: number
  retention: number
  writer: number
  seq: number
  schema: number
  type: number
  outcome: number
  reason: number
  kind: number
  population: number
  flags: number
  occurredAt: Milliseconds
  delayMs: number
  tokenNo: number
  claimedNo: number
  generation: number
  fingerprint: Uint8Array
  fingerprintEpoch: number
  shape: string
  ownerNo: number
  actorNo: number
  actorKind: number
  service: string
  environment: string
  method: string
  route: string
  scope: string
  action: string
  resource: bigint
  requestId: string
  addressDay: bigint
  addressMonth: bigint
  addressSealed: string
  network: bigint
  asn: number
  country: string
  client: string
  clientHash: number
  tls: number
  durationUs: number
  cache: number
  cacheAgeMs: number
  limit: string
  endedByWriter: number
  endedBySeq: number
  sinceEndMs: number
  count: number
  spanMs: number
  distinct: number
  topFingerprints: readonly bigint[]
  topCounts: readonly number[]
  leaf: number
  detail: string
}

export interface EventColumn {
  readonly field: keyof EventRow
  /** Name in SQL. */
  readonly column: string
  readonly form: ColumnForm
  /** ClickHouse codec; ZSTD is level 1 unless given. */
  readonly codec: string
  readonly doc: string
}

/**
 * Every column of `events`, explained. DDL, RowBinary encoding, journal frames and the reference page come from here.
 * `count` as a form is an unsigned 64-bit column whose values are held as safe integers.
 */
export const EVENT_COLUMNS: readonly EventColumn[] = [
  { field: 'tenant', column: 'tenant', form: 'u32', codec: 'ZSTD', doc: 'tenant number' },
  {
    field: 'retention',
    column: 'retention',
    form: 'u8',
    codec: 'ZSTD',
    doc: 'retention class: 1 = 30, 2 = 90, 3 = 400, 4 = 2,200 days',
  },
  { field: 'writer', column: 'writer', form: 'u32', codec: 'ZSTD', doc: 'who numbered the event' },
  { field: 'seq', column: 'seq', form: 'count', codec: 'T64, ZSTD', doc: 'its number at that writer' },
  { field: 'schema', column: 'schema', form: 'u8', codec: 'ZSTD', doc: 'version of this table' },
  { field: 'type', column: 'type', form: 'u16', codec: 'ZSTD', doc: 'what happened (TYPES)' },
  { field: 'outcome', column: 'outcome', form: 'u8', codec: 'ZSTD', doc: 'what was decided (OUTCOMES)' },
  { field: 'reason', column: 'reason', form: 'u16', codec: 'ZSTD', doc: 'why (REASONS)' },
  { field: 'kind', column: 'kind', form: 'u8', codec: 'ZSTD', doc: 'kind of token (KINDS)' },
  { field: 'population', column: 'population', form: 'u8', codec: 'ZSTD', doc: '1 attributed, 2 unattributed, 3 fault' },
  { field: 'flags', column: 'flags', form: 'u32', codec: 'T64, ZSTD', doc: 'bits of FLAGS' },
  {
    field: 'occurredAt',
    column: 'occurred_at',
    form: 'time',
    codec: 'Delta, ZSTD',
    doc: 'when it was decided, UTC, by the clock of who decided',
  },
  {
    field: 'delayMs',
    column: 'delay_ms',
    form: 'i64',
    codec: 'T64, ZSTD',
    doc: 'received − occurred, ms; 64 bit, since an import may be years late',
  },
  {
    field: 'tokenNo',
    column: 'token_no',
    form: 'count',
    codec: 'Delta, ZSTD',
    doc: 'the token, 0 = none; set only when its identity was proven',
  },
  {
    field: 'claimedNo',
    column: 'claimed_no',
    form: 'count',
    codec: 'Delta, ZSTD',
    doc: 'the token that the text names without proving it',
  },
  { field: 'generation', column: 'generation', form: 'u16', codec: 'ZSTD', doc: 'rotation generation' },
  {
    field: 'fingerprint',
    column: 'fingerprint',
    form: 'bytes16',
    codec: 'ZSTD',
    doc: 'keyed digest of an unknown credential, else zeros',
  },
  { field: 'fingerprintEpoch', column: 'fingerprint_epoch', form: 'u16', codec: 'ZSTD', doc: 'month of its key since 2020-01' },
  { field: 'shape', column: 'shape', form: 'label', codec: 'ZSTD', doc: 'prefix known, length band, charset, checksum good' },
  { field: 'ownerNo', column: 'owner_no', form: 'u32', codec: 'ZSTD', doc: 'whose token' },
  { field: 'actorNo', column: 'actor_no', form: 'u32', codec: 'ZSTD', doc: 'who acted' },
  {
    field: 'actorKind',
    column: 'actor_kind',
    form: 'u8',
    codec: 'ZSTD',
    doc: 'person, service, schedule, response, system (ACTORS)',
  },
  {
    field: 'service',
    column: 'service',
    form: 'label',
    codec: 'ZSTD',
    doc: 'service that asked; at most 64 per tenant, then other',
  },
  { field: 'environment', column: 'environment', form: 'label', codec: 'ZSTD', doc: 'at most 16 per tenant, then other' },
  { field: 'method', column: 'method', form: 'label', codec: 'ZSTD', doc: 'HTTP method; at most 16 per tenant, then other' },
  { field: 'route', column: 'route', form: 'label', codec: 'ZSTD', doc: 'route template; at most 10,000 per tenant, then other' },
  { field: 'scope', column: 'scope', form: 'label', codec: 'ZSTD', doc: 'scope needed; at most 1,000 per tenant, then other' },
  {
    field: 'action',
    column: 'action',
    form: 'label',
    codec: 'ZSTD',
    doc: 'action asked for; at most 1,000 per tenant, then other',
  },
  { field: 'resource', column: 'resource', form: 'u64', codec: 'ZSTD', doc: 'keyed hash of the bound resource' },
  { field: 'requestId', column: 'request_id', form: 'text', codec: 'ZSTD', doc: 'only if given' },
  {
    field: 'addressDay',
    column: 'address_day',
    form: 'u64',
    codec: 'ZSTD',
    doc: 'pseudonym of the address, unlinkable after a day',
  },
  {
    field: 'addressMonth',
    column: 'address_month',
    form: 'u64',
    codec: 'ZSTD',
    doc: 'pseudonym of the address, for monthly uniques',
  },
  { field: 'addressSealed', column: 'address_sealed', form: 'text', codec: 'ZSTD', doc: 'encrypted address; off by default' },
  { field: 'network', column: 'network', form: 'u64', codec: 'ZSTD', doc: '/24 or /48 as a keyed number' },
  { field: 'asn', column: 'asn', form: 'u32', codec: 'ZSTD', doc: "autonomous system, from the operator's geo file, else 0" },
  {
    field: 'country',
    column: 'country',
    form: 'label',
    codec: 'ZSTD',
    doc: "ISO 3166 code, from the operator's geo file, else empty",
  },
  { field: 'client', column: 'client', form: 'label', codec: 'ZSTD', doc: 'family of the user agent' },
  { field: 'clientHash', column: 'client_hash', form: 'u32', codec: 'ZSTD', doc: 'keyed hash of the whole user agent' },
  { field: 'tls', column: 'tls', form: 'u32', codec: 'ZSTD', doc: 'hash of a TLS fingerprint, if given' },
  { field: 'durationUs', column: 'duration_us', form: 'u32', codec: 'T64, ZSTD', doc: 'door to verdict, µs' },
  { field: 'cache', column: 'cache', form: 'u8', codec: 'ZSTD', doc: '1 hit, 2 miss, 3 stale' },
  { field: 'cacheAgeMs', column: 'cache_age_ms', form: 'u32', codec: 'T64, ZSTD', doc: 'age of the cache entry used, ms' },
  { field: 'limit', column: 'limit', form: 'label', codec: 'ZSTD', doc: 'limit that refused' },
  { field: 'endedByWriter', column: 'ended_by_writer', form: 'u32', codec: 'ZSTD', doc: 'the event that ended the token' },
  { field: 'endedBySeq', column: 'ended_by_seq', form: 'count', codec: 'ZSTD', doc: 'and its number' },
  { field: 'sinceEndMs', column: 'since_end_ms', form: 'i64', codec: 'ZSTD', doc: 'how long ago it ended, ms' },
  { field: 'count', column: 'count', form: 'u32', codec: 'T64, ZSTD', doc: 'decisions this row stands for; 1 unless coalesced' },
  { field: 'spanMs', column: 'span_ms', form: 'u32', codec: 'T64, ZSTD', doc: 'length of a coalesced row, ms' },
  {
    field: 'distinct',
    column: 'distinct',
    form: 'u32',
    codec: 'T64, ZSTD',
    doc: 'estimated distinct credentials of a coalesced row',
  },
  {
    field: 'topFingerprints',
    column: 'top_fingerprints',
    form: 'u64[]',
    codec: 'ZSTD',
    doc: 'heavy hitters of a coalesced row (first 8 bytes of each fingerprint)',
  },
  { field: 'topCounts', column: 'top_counts', form: 'u32[]', codec: 'ZSTD', doc: 'their counts, lower bounds' },
  { field: 'leaf', column: 'leaf', form: 'count', codec: 'ZSTD', doc: 'leaf index in the audit log + 1, 0 = none' },
  {
    field: 'detail',
    column: 'detail',
    form: 'text',
    codec: 'ZSTD(3)',
    doc: 'JSON for types that need more, empty for validations',
  },
]

/** Version of the table, in every row. */
export const EVENT_SCHEMA = 1

/** Retention classes and their days. */
export const RETENTION_DAYS = { 1: 30, 2: 90, 3: 400, 4: 2200 } as const

const NO_FINGERPRINT = new Uint8Array(16)
const NONE: readonly never[] = []

/** A row with every field at its default; the caller fills what it knows. One literal, so that all rows share a shape. */
export function blankEvent(): EventRow {
  return {
    tenant: 0,
    retention: 1,
    writer: 0,
    seq: 0,
    schema: EVENT_SCHEMA,
    type: 0,
    outcome: 0,
    reason: 0,
    kind: 0,
    population: 0,
    flags: 0,
    occurredAt: 0,
    delayMs: 0,
    tokenNo: 0,
    claimedNo: 0,
    generation: 0,
    fingerprint: NO_FINGERPRINT,
    fingerprintEpoch: 0,
    shape: '',
    ownerNo: 0,
    actorNo: 0,
    actorKind: 0,
    service: '',
    environment: '',
    method: '',
    route: '',
    scope: '',
    action: '',
    resource: 0n,
    requestId: '',
    addressDay: 0n,
    addressMonth: 0n,
    addressSealed: '',
    network: 0n,
    asn: 0,
    country: '',
    client: '',
    clientHash: 0,
    tls: 0,
    durationUs: 0,
    cache: 0,
    cacheAgeMs: 0,
    limit: '',
    endedByWriter: 0,
    endedBySeq: 0,
    sinceEndMs: 0,
    count: 1,
    spanMs: 0,
    distinct: 0,
    topFingerprints: NONE,
    topCounts: NONE,
    leaf: 0,
    detail: '',
  }
}
