import type { Generated } from 'kysely'
import { BATCH_TABLES } from './batch-tables.ts'
import { DENIAL_TABLES } from './denial-tables.ts'

/** The audit log: what waits for it, its shards and heads, its entries, and what was signed: how their tables are made. */
export const AUDIT_TABLES: readonly string[] = [
  `CREATE TABLE audit_outbox (
    position NUMBERED, id TEXT NOT NULL UNIQUE, form TEXT NOT NULL, tenant_no INTEGER NOT NULL, at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) TABLE_END`,
  `CREATE TABLE log_shard (
    name TEXT NOT NULL PRIMARY KEY, origin TEXT NOT NULL UNIQUE, vkey TEXT NOT NULL, epoch INTEGER NOT NULL UNIQUE,
    previous TEXT, opened_at INTEGER NOT NULL, closed_at INTEGER, halted TEXT, recovered TEXT
  ) TABLE_END`,
  `CREATE TABLE log_head (
    shard TEXT NOT NULL PRIMARY KEY REFERENCES log_shard (name), size INTEGER NOT NULL, root BYTES NOT NULL,
    edge BYTES NOT NULL, epoch INTEGER NOT NULL, closed INTEGER NOT NULL
  ) TABLE_END`,
  `CREATE TABLE log_entry (
    shard TEXT NOT NULL REFERENCES log_shard (name), place INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, tenant_no INTEGER NOT NULL,
    n INTEGER NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL, bytes BYTES NOT NULL, PRIMARY KEY (shard, place)
  ) TABLE_END`,
  'CREATE INDEX log_entry_by_tenant ON log_entry (tenant_no, n)',
  'CREATE TABLE log_tenant (tenant_no INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL) TABLE_END',
  `CREATE TABLE log_signed (
    shard TEXT NOT NULL REFERENCES log_shard (name), size INTEGER NOT NULL, root BYTES NOT NULL, signed_at INTEGER NOT NULL,
    note TEXT, PRIMARY KEY (shard, size)
  ) TABLE_END`,
  ...BATCH_TABLES,
  ...DENIAL_TABLES,
]

/** What waits for its place in the log: written in the transaction of its action, or handed over afterwards. */
export interface AuditOutboxTable {
  position: Generated<number>
  id: string
  /** `event`: `body` is an event as the outbox keeps it; `log`: the shown fields of an entry that exists in the log alone. */
  form: string
  tenant_no: number
  at: number
  body: string
}

export interface LogShardTable {
  name: string
  origin: string
  vkey: string
  /** Grows with each shard; a sequencer of an older one changes nothing any more. */
  epoch: number
  previous: string | null
  opened_at: number
  closed_at: number | null
  /** Why nothing may be appended, for example a restored backup; else null. */
  halted: string | null
  /** What its first entry says, where it takes the place of a shard that must not be continued; else null. */
  recovered: string | null
}

/** How far a shard has grown. `edge` holds the hashes of its full subtrees, 32 bytes each. */
export interface LogHeadTable {
  shard: string
  size: number
  root: Uint8Array
  edge: Uint8Array
  epoch: number
  closed: number
}

export interface LogEntryTable {
  shard: string
  /** Index of the leaf, from 0. */
  place: number
  id: string
  tenant_no: number
  /** The tenant's own gapless number. */
  n: number
  type: string
  at: number
  bytes: Uint8Array
}

export interface LogTenantTable {
  tenant_no: number
  /** The last number that was given. */
  n: number
}

/** Written before a checkpoint is signed, so that no size is ever signed with two roots. */
export interface LogSignedTable {
  shard: string
  size: number
  root: Uint8Array
  signed_at: number
  note: string | null
}
