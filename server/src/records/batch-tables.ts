/** Batches of counted events: which leaf of the audit log covers which event. */
export const BATCH_TABLES: readonly string[] = [
  `CREATE TABLE audit_batch (
    id TEXT NOT NULL PRIMARY KEY, journal INTEGER NOT NULL, tenant_no INTEGER NOT NULL, from_position INTEGER NOT NULL,
    to_position INTEGER NOT NULL, row_count INTEGER NOT NULL, events INTEGER NOT NULL, accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL, first_at INTEGER, last_at INTEGER, root BYTES NOT NULL, runs BYTES NOT NULL,
    rows_total INTEGER NOT NULL, events_total INTEGER NOT NULL, UNIQUE (journal, tenant_no, from_position)
  ) TABLE_END`,
  `CREATE TABLE audit_batch_span (
    tenant_no INTEGER NOT NULL, writer INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, batch TEXT NOT NULL,
    PRIMARY KEY (tenant_no, writer, from_seq, batch)
  ) TABLE_END`,
  `CREATE TABLE kept_leaf (
    tenant_no INTEGER NOT NULL, writer INTEGER NOT NULL, seq INTEGER NOT NULL, hash BYTES NOT NULL,
    PRIMARY KEY (tenant_no, writer, seq)
  ) TABLE_END`,
]

export interface AuditBatchTable {
  id: string
  /** Writer number that the journal was made with. */
  journal: number
  tenant_no: number
  from_position: number
  to_position: number
  row_count: number
  events: number
  accepted: number
  rejected: number
  first_at: number | null
  last_at: number | null
  root: Uint8Array
  runs: Uint8Array
  rows_total: number
  events_total: number
}

/** First and last number of a writer in a batch. Writer 0 stands for all those that a batch of very many writers has. */
export interface AuditBatchSpanTable {
  tenant_no: number
  writer: number
  from_seq: number
  to_seq: number
  batch: string
}

/** The leaf hash of a row that is gone from the store. */
export interface KeptLeafTable {
  tenant_no: number
  writer: number
  seq: number
  hash: Uint8Array
}
