import type { Generated, Kysely } from 'kysely'

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
}
