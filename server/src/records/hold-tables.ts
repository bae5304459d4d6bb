/** Holds and runs of retention: how their tables are made. */
export const HOLD_TABLES: readonly string[] = [
  `CREATE TABLE hold (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), owner_no INTEGER, token_no INTEGER,
    from_at INTEGER, to_at INTEGER, ground TEXT NOT NULL, set_at INTEGER NOT NULL, set_by INTEGER NOT NULL,
    ends_at INTEGER NOT NULL, approval TEXT NOT NULL, released_at INTEGER, released_by INTEGER, release_ground TEXT
  ) TABLE_END`,
  'CREATE INDEX hold_by_tenant ON hold (tenant_no, released_at)',
  `CREATE TABLE retention_run (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL, class TEXT NOT NULL, days INTEGER, cut INTEGER NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, keys INTEGER NOT NULL, held INTEGER NOT NULL, shard TEXT, first_leaf INTEGER,
    last_leaf INTEGER, at INTEGER NOT NULL
  ) TABLE_END`,
  'CREATE INDEX retention_run_by_time ON retention_run (tenant_no, at, id)',
  'CREATE INDEX audit_batch_by_time ON audit_batch (tenant_no, last_at)',
]

export interface HoldTable {
  id: string
  tenant_no: number
  owner_no: number | null
  token_no: number | null
  from_at: number | null
  to_at: number | null
  ground: string
  set_at: number
  set_by: number
  ends_at: number
  approval: string
  released_at: number | null
  /** 0 = its end came. */
  released_by: number | null
  release_ground: string | null
}

export interface RetentionRunTable {
  /** Public id of its `retention.applied`. */
  id: string
  tenant_no: number
  class: string
  days: number | null
  cut: number
  rows: number
  bytes: number
  keys: number
  held: number
  shard: string | null
  first_leaf: number | null
  last_leaf: number | null
  at: number
}
