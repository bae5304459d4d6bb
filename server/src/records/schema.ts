import type { Generated, Kysely } from 'kysely'
import type { ApprovalTable, RoleGrantTable, SecondFactorTable } from './access-tables.ts'
import type {
  AuditOutboxTable,
  LogEntryTable,
  LogHeadTable,
  LogShardTable,
  LogSignedTable,
  LogTenantTable,
} from './audit-tables.ts'
import type { LogAnchorTable, LogCosignedTable } from './anchor-tables.ts'
import type { AuditBatchSpanTable, AuditBatchTable, KeptLeafTable } from './batch-tables.ts'
import type { DenialTable } from './denial-tables.ts'
import type { HoldTable, RetentionRunTable } from './hold-tables.ts'
import type { PackTable, ReviewTable } from './evidence-tables.ts'
import type { LeakTable, ResponseTable } from './response-tables.ts'
import type { ErasureTable, RestrictionTable, RevealDayTable, SealedValueTable } from './subject-tables.ts'

/** The tables of records, the same on SQLite and PostgreSQL. Times are milliseconds UTC, flags are 0 or 1, lists are JSON. */
export interface Schema {
  tenant: TenantTable
  owner: OwnerTable
  token: TokenTable
  writer: WriterTable
  outbox: OutboxTable
  pseudonym_key: KeyTable
  setting: SettingTable
  import_progress: ImportTable
  session: SessionTable
  finding: FindingTable
  finding_touch: FindingTouchTable
  incident: IncidentTable
  suppression: SuppressionTable
  mark: MarkTable
  notice_credit: NoticeCreditTable
  rule: RuleTable
  rule_text: RuleTextTable
  response: ResponseTable
  leak: LeakTable
  approval: ApprovalTable
  role_grant: RoleGrantTable
  second_factor: SecondFactorTable
  pack: PackTable
  review: ReviewTable
  sealed_value: SealedValueTable
  erasure: ErasureTable
  restriction: RestrictionTable
  reveal_day: RevealDayTable
  hold: HoldTable
  retention_run: RetentionRunTable
  audit_outbox: AuditOutboxTable
  log_shard: LogShardTable
  log_head: LogHeadTable
  log_entry: LogEntryTable
  log_tenant: LogTenantTable
  log_signed: LogSignedTable
  log_cosigned: LogCosignedTable
  log_anchor: LogAnchorTable
  audit_batch: AuditBatchTable
  audit_batch_span: AuditBatchSpanTable
  kept_leaf: KeptLeafTable
  denial: DenialTable
}

export type Database = Kysely<Schema>

export interface TenantTable {
  no: Generated<number>
  id: string
  name: string
  prefixes: string
  retention: number
  simulated: number
  foreign_tokens: number
  created_at: number
}

export interface OwnerTable {
  no: Generated<number>
  tenant_no: number
  id: string
  name: string | null
  disabled_at: number | null
}

export interface TokenTable {
  no: Generated<number>
  tenant_no: number
  id: string
  kind: string
  prefix: string
  name: string | null
  owner_no: number
  environment: string | null
  scheme: string
  digest: Uint8Array | null
  salt: Uint8Array | null
  scopes: string
  metadata: string
  cidrs: string
  origins: string
  methods: string
  issued_at: number
  known_since: number
  issued_at_known: number
  not_before: number | null
  expires_at: number | null
  uses_max: number | null
  uses_left: number | null
  rate_limit: string | null
  action: string | null
  resource: string | null
  attempts_max: number | null
  attempts_used: number
  channel: string | null
  sent_at: number | null
  generation: number
  family_no: number
  predecessor_no: number | null
  successor_no: number | null
  grace_until: number | null
  suspended_at: number | null
  suspended_until: number | null
  throttle: string | null
  ended_at: number | null
  ending: string | null
  ending_reason: string | null
  ended_by_writer: number
  ended_by_seq: number
  /** Unsigned 64 bit, as decimal text: SQLite's integers are signed. */
  ended_network: string
  ended_client_hash: number
  canary: number
  simulated: number
  observed: number
  role: string | null
  version: number
}

/** Who numbers events. `seq` is the last number given, taken in the transaction of its event. */
interface WriterTable {
  no: Generated<number>
  purpose: string
  leased_at: number
  seq: number
}

/** Critical events that are committed and not yet in the journal. */
interface OutboxTable {
  position: Generated<number>
  writer: number
  seq: number
  event: string
}

export interface KeyTable {
  domain: string
  tenant_no: number
  epoch: number
  wrapped: Uint8Array
  destroy_after: number
}

interface SettingTable {
  tenant_no: number
  name: string
  value: string
}

export interface ImportTable {
  tenant_no: number
  source: string
  file: string
  records_done: number
  records_total: number
  finished_at: number | null
}

export interface SessionTable {
  id_digest: Uint8Array
  token_no: number
  tenant_no: number
  csrf: string
  created_at: number
  expires_at: number
  id: string
  proven_at: number | null
}

export interface FindingTable {
  id: string
  tenant_no: number
  detector: string
  detector_version: number
  /** Place in `SEVERITIES`. */
  severity: number
  confidence: string
  subject_kind: string
  subject_key: string
  from_at: number
  to_at: number
  detected_at: number
  seen_at: number
  found: string
  touches: string
  incident_id: string | null
  state: string
  verdict: string | null
  note: string | null
  assignee: string | null
  opened_at: number
  changed_at: number
  repeats: number
  notice: string
  version: number
}

/** What a finding touches, to find it by a token, a network or an owner. */
interface FindingTouchTable {
  tenant_no: number
  subject_kind: string
  subject_key: string
  finding_id: string
}

export interface IncidentTable {
  id: string
  tenant_no: number
  severity: number
  state: string
  title: string
  first_at: number
  last_at: number
  opened_at: number
  changed_at: number
  findings: number
  detectors: string
  touches: string
  notice: string
  notified: number | null
  merged_into: string | null
  version: number
}

export interface SuppressionTable {
  id: string
  tenant_no: number
  finding_id: string
  detector: string
  subject_kind: string | null
  subject_key: string | null
  value: string | null
  reason: string
  author_no: number
  needs_approval: number
  approver_no: number | null
  created_at: number
  ends_at: number
  hits: number
  last_hit_at: number | null
}

export interface MarkTable {
  id: string
  tenant_no: number
  kind: string
  name: string
  service: string | null
  from_at: number
  to_at: number
  author_no: number
  created_at: number
}

interface NoticeCreditTable {
  tenant_no: number
  credit_ms: number
  at: number
}

/** A rule of a tenant, or the state it gave a shipped one (version 0). */
interface RuleTable {
  tenant_no: number
  id: string
  state: string
  version: number
  digest: string
  changed_at: number
  changed_by: number
}

/** Every text that was saved, for findings name its version. */
interface RuleTextTable {
  tenant_no: number
  id: string
  version: number
  digest: string
  text: string
  saved_at: number
}
