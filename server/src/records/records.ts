import type { ActorKind, EndingReason, FactReason, Milliseconds, RotationReason, TokenKind } from 'tokentrail'
import type { TrailError } from '../errors.ts'
import type { EventRow } from '../event/row.ts'
import type { AnchorActions, AnchorReads } from './anchors.ts'
import type { ApprovalActions, ApprovalReads } from './approvals.ts'
import type { AuditActions, AuditReads } from './audit.ts'
import type { DenialActions } from './denials.ts'
import type { BatchActions, BatchReads } from './batches.ts'
import type { FactReads } from './fact-reads.ts'
import type { ReconcileReads } from './reconcile-reads.ts'
import type { EvidenceActions, EvidenceReads } from './evidence.ts'
import type { FindingActions, FindingReads } from './findings.ts'
import type { HoldActions, HoldReads } from './holds.ts'
import type { FactorActions, GrantActions, GrantReads } from './grants.ts'
import type { Leadership } from './leader.ts'
import type { ResponseActions, ResponseReads, ResponseThrottle } from './responses.ts'
import type { RuleActions, RuleReads } from './rules.ts'
import type { SubjectActions, SubjectReads } from './subjects.ts'

/** How a token ended. Plain expiry is not written at once: it follows from `expiresAt`; a sweep notes it later. */
export type Ending = 'consumed' | 'revoked' | 'superseded' | 'locked' | 'exhausted' | 'expired'

/** How the secret is stored. `observed` tokens are validated elsewhere and have no digest here. */
export type DigestScheme =
  | 'sha256'
  | `hmac-sha256:${number}`
  | 'sha256:hex'
  | 'sha256:base64'
  | 'sha512-256'
  | 'scrypt'
  | 'observed'

/** Everything about one token but its secret. Living token and tombstone alike. */
export interface TokenRecord {
  readonly no: number
  readonly tenantNo: number
  /** Public id: 16 base62 for ours, the foreign id for imported and observed ones. */
  readonly id: string
  readonly kind: TokenKind
  readonly prefix: string
  readonly name: string | null
  readonly ownerNo: number
  readonly ownerId: string
  readonly ownerDisabled: boolean
  readonly environment: string | null
  readonly scheme: DigestScheme
  readonly digest: Uint8Array | null
  /** Salt of a stretched code, else null. */
  readonly salt: Uint8Array | null
  readonly scopes: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly cidrs: readonly string[]
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly issuedAt: Milliseconds
  /** From when it is known here; later than `issuedAt` for imports. `null` issue age unknown: `issuedAtKnown` false. */
  readonly knownSince: Milliseconds
  readonly issuedAtKnown: boolean
  readonly notBefore: Milliseconds | null
  readonly expiresAt: Milliseconds | null
  readonly usesMax: number | null
  readonly usesLeft: number | null
  readonly rateLimit: { readonly count: number; readonly windowMs: number } | null
  readonly action: string | null
  readonly resource: string | null
  readonly attemptsMax: number | null
  readonly attemptsUsed: number
  readonly channel: string | null
  readonly sentAt: Milliseconds | null
  readonly generation: number
  readonly familyNo: number
  readonly predecessorNo: number | null
  readonly successorNo: number | null
  readonly graceUntil: Milliseconds | null
  readonly suspendedAt: Milliseconds | null
  /** When a suspension ends by itself (the sweep resumes the token), else null. */
  readonly suspendedUntil: Milliseconds | null
  /** A limit that a response set, beside the token's own; it counts until its `until`. */
  readonly throttle: ResponseThrottle | null
  readonly endedAt: Milliseconds | null
  readonly ending: Ending | null
  readonly endingReason: FactReason | null
  readonly endedByWriter: number
  readonly endedBySeq: number
  /** Pseudonyms of who consumed or ended it, for *same network*, *same client* of replays. */
  readonly endedNetwork: bigint
  readonly endedClientHash: number
  readonly canary: boolean
  readonly simulated: boolean
  readonly observed: boolean
  /** Role when this token signs in to Tokentrail itself, else null. */
  readonly role: Role | null
  /** Grows with every change: what a cache compares. */
  readonly version: number
}

/** Roles of people, then those of services, which have one purpose each. */
export const HUMAN_ROLES = [
  'viewer',
  'owner',
  'analyst',
  'responder',
  'token_admin',
  'admin',
  'auditor',
  'privacy_officer',
  'log_custodian',
] as const
export const ROLES = [...HUMAN_ROLES, 'ingest', 'validate', 'introspect', 'report'] as const
export type Role = (typeof ROLES)[number]

export interface Tenant {
  readonly no: number
  /** Random surrogate `t_…`. */
  readonly id: string
  readonly name: string
  readonly prefixes: Readonly<Record<TokenKind, string>>
  readonly retention: number
  readonly simulated: boolean
  /** True once a token with a foreign text was imported: then texts of unknown shape are looked up by hash. */
  readonly foreignTokens: boolean
  readonly createdAt: Milliseconds
}

export interface Owner {
  readonly no: number
  readonly tenantNo: number
  readonly id: string
  readonly name: string | null
  readonly disabledAt: Milliseconds | null
}

/** Who causes an action: goes into the event and nowhere else. */
export interface Actor {
  readonly no: number
  readonly kind: ActorKind
}

export interface NewToken {
  readonly tenantNo: number
  readonly id: string
  readonly kind: TokenKind
  readonly prefix: string
  readonly ownerId: string
  readonly scheme: DigestScheme
  readonly digest: Uint8Array | null
  readonly salt?: Uint8Array | null
  readonly name?: string | null
  readonly environment?: string | null
  readonly scopes?: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
  readonly cidrs?: readonly string[]
  readonly origins?: readonly string[]
  readonly methods?: readonly string[]
  readonly issuedAt: Milliseconds
  readonly knownSince?: Milliseconds
  readonly issuedAtKnown?: boolean
  readonly notBefore?: Milliseconds | null
  readonly expiresAt?: Milliseconds | null
  readonly usesMax?: number | null
  readonly rateLimit?: { readonly count: number; readonly windowMs: number } | null
  readonly action?: string | null
  readonly resource?: string | null
  readonly attemptsMax?: number | null
  readonly channel?: string | null
  readonly canary?: boolean
  readonly simulated?: boolean
  readonly observed?: boolean
  readonly role?: Role | null
  /** For a role that needs a second person: who agreed, and to what. */
  readonly roleApproval?: { readonly id: string | null; readonly params: string; readonly ground?: string }
}

/** What a validation knows when it consumes; becomes columns of the event. All optional parts default as in `blankEvent`. */
export type EventFacts = Partial<Omit<EventRow, 'writer' | 'seq' | 'schema' | 'tenant' | 'type'>>

export interface EventNumber {
  readonly writer: number
  readonly seq: number
}

export type Changed = { readonly token: TokenRecord; readonly event: EventNumber }
/** The guarded statement found the token already ended (or in no state for this): nothing was changed. */
export type Refused = { readonly refused: true; readonly token: TokenRecord }

/**
 * Every action that changes records. Each runs in one transaction together with its critical event, is durable before it
 * resolves, and is refused whole (`records_unavailable`) when it cannot be. Parameters and results are plain data, because
 * on SQLite they cross to the writer thread. `at` is the caller's clock.
 */
export interface RecordActions
  extends
    ApprovalActions,
    GrantActions,
    FactorActions,
    FindingActions,
    RuleActions,
    ResponseActions,
    AuditActions,
    AnchorActions,
    BatchActions,
    DenialActions,
    SubjectActions,
    HoldActions,
    EvidenceActions {
  /** 604 `tenant.added`. An `id` that exists gives the tenant that has it, unchanged. */
  addTenant(p: {
    name: string
    id?: string
    prefixes?: Partial<Record<TokenKind, string>>
    retention?: number
    simulated?: boolean
    at: Milliseconds
    actor: Actor
  }): Tenant
  putOwner(p: { tenantNo: number; id: string; name?: string | null; disabled?: boolean; at: Milliseconds; actor: Actor }): Owner
  /** 101 `token.issued`; `token_exists` when the id is taken. Owner rows are made as needed. */
  issueToken(p: { token: NewToken; at: Milliseconds; actor: Actor; facts?: EventFacts }): Changed
  /** 101 or 102 in one transaction, many at once; existing ids are skipped and reported. */
  importTokens(p: { tokens: readonly NewToken[]; at: Milliseconds; actor: Actor }): {
    imported: readonly TokenRecord[]
    existing: readonly string[]
  }
  /** Gives numbers to tokens another system validates, making rows (observed) where needed; no event, idempotent. */
  observeTokens(p: {
    tenantNo: number
    tokens: readonly { id: string; kind: TokenKind; ownerId: string; seenAt: Milliseconds }[]
    at: Milliseconds
    simulated?: boolean
  }): readonly TokenRecord[]
  /** State of an observed token as its own system reports it (created, deleted, status changed); the event comes with ingest. */
  noteObserved(p: {
    tenantNo: number
    id: string
    change: {
      issuedAt?: Milliseconds
      endedAt?: Milliseconds
      ending?: Ending
      endingReason?: EndingReason
      suspendedAt?: Milliseconds | null
    }
    endedBy?: EventNumber
  }): TokenRecord | null
  /** 103 `token.changed` and/or 104 `token.scopes_changed`. Ended tokens are refused. */
  changeToken(p: {
    tenantNo: number
    id: string
    change: {
      name?: string | null
      metadata?: Record<string, string>
      scopes?: readonly string[]
      cidrs?: readonly string[]
      origins?: readonly string[]
      methods?: readonly string[]
      expiresAt?: Milliseconds | null
      rateLimit?: { count: number; windowMs: number } | null
      canary?: boolean
    }
    at: Milliseconds
    actor: Actor
  }): Changed | Refused
  /** 105 `token.rotated` on the predecessor, 101 `successor`; one transaction. The predecessor keeps working until `graceUntil`. */
  rotateToken(p: {
    tenantNo: number
    id: string
    successor: NewToken
    graceUntil: Milliseconds
    reason: RotationReason
    at: Milliseconds
    actor: Actor
  }): { predecessor: TokenRecord; successor: TokenRecord; event: EventNumber } | Refused
  /** 107. An already ended token is refused; `family` also revokes every living generation. */
  revokeToken(p: {
    tenantNo: number
    id: string
    reason: EndingReason
    note?: string
    family?: boolean
    at: Milliseconds
    actor: Actor
  }): Changed | Refused
  suspendToken(p: {
    tenantNo: number
    id: string
    until?: Milliseconds | null
    note?: string
    at: Milliseconds
    actor: Actor
  }): Changed | Refused
  resumeToken(p: { tenantNo: number; id: string; at: Milliseconds; actor: Actor }): Changed | Refused
  /**
   * 202 `token.consumed`: `UPDATE … SET ended… WHERE no = ? AND ended_at IS NULL RETURNING …`, one guarded statement that also
   * holds expiry and suspension. Exactly one caller of any number wins; the others get the winner's row.
   */
  consumeToken(p: { tenantNo: number; no: number; at: Milliseconds; facts: EventFacts }): Changed | Refused
  /** Takes one use of a token with a use limit; the last one also writes 111 `token.exhausted`. */
  useToken(p: {
    tenantNo: number
    no: number
    at: Milliseconds
    facts: EventFacts
  }): { usesLeft: number; token: TokenRecord } | Refused
  /**
   * Takes one attempt of a validation token, whatever the comparison said: a success ends it as consumed (202), the last
   * failing attempt locks it (112). A success without attempts left is refused. `event` is the number of 202 or 112.
   */
  attemptToken(p: {
    tenantNo: number
    no: number
    succeeded: boolean
    at: Milliseconds
    facts: EventFacts
  }): { attemptsUsed: number; locked: boolean; token: TokenRecord; event: EventNumber | null } | Refused
  /** Notes that a token was handed to a channel (113) or came back (114); the events are counted ones and go through the journal. */
  noteSent(p: { tenantNo: number; id: string; at: Milliseconds; delivered: boolean }): TokenRecord
  /** Replaces the digest after an accepted use (lazy re-keying to the newest pepper). No event. */
  rekeyToken(p: { no: number; scheme: DigestScheme; digest: Uint8Array; version: number }): boolean
  /**
   * What follows from the clock, each token noted once: expiries and ends of grace (the caller journals 110 and 106 from the
   * rows), ends of a timed suspension (109) and purge of tombstones (115), both in the outbox.
   */
  sweep(p: { at: Milliseconds; max: number; purgeBefore: Milliseconds }): {
    expired: readonly TokenRecord[]
    superseded: readonly TokenRecord[]
    resumed: readonly TokenRecord[]
    purged: number
    more: boolean
  }
  /** Any critical event without a change of its own here (sign-in, export): only the outbox row. */
  noteCritical(p: { tenantNo: number; type: number; facts: EventFacts; at: Milliseconds }): EventNumber
  createSession(p: {
    idDigest: Uint8Array
    tokenNo: number
    tenantNo: number
    csrf: string
    at: Milliseconds
    expiresAt: Milliseconds
    /** What its list calls it. */
    id: string
    /** When the second factor was proven. */
    provenAt: Milliseconds | null
    actor: Actor
  }): EventNumber
  endSession(p: { idDigest: Uint8Array }): boolean
  leaseWriter(p: { purpose: string; at: Milliseconds }): number
  putKey(p: StoredKey): StoredKey
  /** 606 for each tenant whose keys went; `only` those of one domain of a tenant. */
  destroyKeys(p: { before: Milliseconds; only?: { domain: string; tenantNo: number; at: Milliseconds } }): number
  putSetting(p: { tenantNo: number; name: string; value: string; at: Milliseconds; actor: Actor }): void
  putImport(p: ImportProgress): void
  /** Drops outbox rows that the journal holds. By number, not "up to": on PostgreSQL transactions commit out of order. */
  forgetOutbox(p: { events: readonly EventNumber[] }): void
}

/** A pseudonym key: 32 random bytes, wrapped by the key-encryption key. The first writer of (domain, tenant, epoch) wins. */
export interface StoredKey {
  readonly domain: string
  readonly tenantNo: number
  readonly epoch: number
  readonly wrapped: Uint8Array
  readonly destroyAfter: Milliseconds
}

export interface ImportProgress {
  readonly tenantNo: number
  /** Format and digest of the file's content. */
  readonly source: string
  readonly file: string
  readonly recordsDone: number
  readonly recordsTotal: number
  readonly finishedAt: Milliseconds | null
}

export interface SessionRecord {
  readonly tokenNo: number
  readonly tenantNo: number
  readonly csrf: string
  readonly createdAt: Milliseconds
  readonly expiresAt: Milliseconds
  readonly id: string
  readonly provenAt: Milliseconds | null
}

export interface TokenFilter {
  readonly tenantNo: number
  readonly kind?: TokenKind
  readonly state?: TokenState
  readonly ownerId?: string
  /** Substring of name, id prefix or owner. */
  readonly search?: string
  /** False: the search does not look at owners. */
  readonly searchOwners?: boolean
  readonly simulated?: boolean
  readonly canary?: boolean
}

export type TokenState = 'active' | 'in_grace' | 'suspended' | 'not_yet_valid' | Ending

/** Reading is synchronous nowhere: on PostgreSQL it is a round trip, on SQLite about 12 µs. */
export interface RecordReads
  extends
    ApprovalReads,
    GrantReads,
    FindingReads,
    RuleReads,
    ResponseReads,
    AuditReads,
    AnchorReads,
    BatchReads,
    FactReads,
    ReconcileReads,
    SubjectReads,
    HoldReads,
    EvidenceReads {
  tenant(no: number): Promise<Tenant | null>
  tenantById(id: string): Promise<Tenant | null>
  tenants(): Promise<readonly Tenant[]>
  token(tenantNo: number, id: string): Promise<TokenRecord | null>
  /** Any tenant, so that the door can answer `wrong_audience`; where a foreign id is in several, `tenantNo`'s, else the oldest. */
  tokenByPublicId(id: string, tenantNo?: number): Promise<TokenRecord | null>
  tokenByNo(no: number): Promise<TokenRecord | null>
  tokensByNo(nos: readonly number[]): Promise<readonly TokenRecord[]>
  /** Imported tokens, by what their text hashes to; where several hold it, `tenantNo`'s, else the oldest. */
  tokenByDigest(scheme: DigestScheme, digest: Uint8Array, tenantNo?: number): Promise<TokenRecord | null>
  /** Newest first, keyset by number: `before` is the last number of the page above. */
  tokens(filter: TokenFilter, page: { before?: number; limit: number }): Promise<readonly TokenRecord[]>
  /** Every generation of a rotation family, oldest first. */
  family(familyNo: number): Promise<readonly TokenRecord[]>
  /** All tokens of a tenant that were known in or before a window, for lifecycle metrics; streamed by number. */
  lives(tenantNo: number, page: { after: number; limit: number }): Promise<readonly TokenRecord[]>
  owner(tenantNo: number, id: string): Promise<Owner | null>
  ownersByNo(nos: readonly number[]): Promise<readonly Owner[]>
  session(idDigest: Uint8Array): Promise<SessionRecord | null>
  /** For what a writer number was leased; null when it never was. Ingest asks before it believes a client's own numbers. */
  writerPurpose(no: number): Promise<string | null>
  keys(): Promise<readonly StoredKey[]>
  setting(tenantNo: number, name: string): Promise<string | null>
  import(tenantNo: number, source: string): Promise<ImportProgress | null>
  imports(tenantNo: number): Promise<readonly ImportProgress[]>
}

/** A token changed: every cache forgets what it holds of it. `all` after a silence of the feed. */
export type TokenChange = { readonly no: number; readonly id: string; readonly version: number } | 'all'

/** A critical event that is committed and not yet handed to the journal. */
export interface OutboxEvent {
  readonly seq: number
  readonly writer: number
  readonly event: EventRow
}

export interface Records {
  readonly form: 'sqlite' | 'postgres'
  readonly read: RecordReads
  act<Name extends keyof RecordActions>(
    name: Name,
    params: Parameters<RecordActions[Name]>[0],
  ): Promise<ReturnType<RecordActions[Name]>>
  /** Committed critical events, oldest first. The relay appends them to the journal and then forgets them. */
  outbox(limit: number): Promise<readonly OutboxEvent[]>
  /** Called after each commit that left something in the outbox. */
  onOutbox(listener: () => void): () => void
  /** Called before `act` resolves in this process, and within 100 ms for other processes' changes (PostgreSQL). */
  onChange(listener: (change: TokenChange) => void): () => void
  /**
   * Stands for a task that one process at a time does. On SQLite a process that has the records open is the only one; on PostgreSQL
   * an advisory lock says who leads, and another takes over within 5 s after it is gone.
   */
  lead(task: string): Leadership
  /** Refuses every action that would write a critical event, with this error, until it is `null` again. */
  halt(error: TrailError | null): void
  /** False when the invalidation feed is silent: the door re-reads or refuses (`stale`). Always true on SQLite. */
  feedIsFresh(): boolean
  /** Overwrites what deleted and changed rows left behind in files; false when a reader was in the way. */
  scrub(): Promise<boolean>
  close(): Promise<void>
}
