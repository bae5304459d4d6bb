/** What can lead to a person: sealed values, erasures, restrictions, reveals: how their tables are made. */
export const SUBJECT_TABLES: readonly string[] = [
  `CREATE TABLE sealed_value (
    event TEXT NOT NULL, field TEXT NOT NULL, tenant_no INTEGER NOT NULL, key_id TEXT NOT NULL,
    nonce BYTES NOT NULL, sealed BYTES NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (event, field)
  ) TABLE_END`,
  'CREATE INDEX sealed_value_by_key ON sealed_value (key_id)',
  'CREATE INDEX sealed_value_by_end ON sealed_value (expires_at)',
  'CREATE INDEX sealed_value_by_tenant ON sealed_value (tenant_no, event, field)',
  `CREATE TABLE erasure (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), owner_no INTEGER NOT NULL, state TEXT NOT NULL,
    classes TEXT NOT NULL, kept TEXT NOT NULL, sealed INTEGER NOT NULL, tokens TEXT NOT NULL, key_ids TEXT NOT NULL,
    key_digest TEXT NOT NULL, terms TEXT NOT NULL, surrogate TEXT NOT NULL, actor_no INTEGER NOT NULL, actor_kind TEXT NOT NULL,
    begun_at INTEGER NOT NULL, done_at INTEGER, dead_from INTEGER NOT NULL
  ) TABLE_END`,
  'CREATE INDEX erasure_by_time ON erasure (begun_at, id)',
  "CREATE INDEX erasure_begun ON erasure (id) WHERE state = 'begun'",
  `CREATE TABLE restriction (
    tenant_no INTEGER NOT NULL REFERENCES tenant (no), owner_no INTEGER NOT NULL, ground TEXT NOT NULL, set_at INTEGER NOT NULL,
    set_by INTEGER NOT NULL, PRIMARY KEY (tenant_no, owner_no)
  ) TABLE_END`,
  `CREATE TABLE reveal_day (
    tenant_no INTEGER NOT NULL, principal_no INTEGER NOT NULL, day INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (tenant_no, principal_no, day)
  ) TABLE_END`,
]

/** A value of the audit log with its salt, encrypted under a key that stands elsewhere. */
export interface SealedValueTable {
  event: string
  field: string
  tenant_no: number
  key_id: string
  nonce: Uint8Array
  sealed: Uint8Array
  expires_at: number
}

/** An erasure, under way or done. What could name the person stands in it only while it is under way. */
export interface ErasureTable {
  id: string
  tenant_no: number
  owner_no: number
  state: string
  classes: string
  kept: string
  sealed: number
  tokens: string
  key_ids: string
  key_digest: string
  terms: string
  surrogate: string
  actor_no: number
  actor_kind: string
  begun_at: number
  done_at: number | null
  dead_from: number
}

export interface RestrictionTable {
  tenant_no: number
  owner_no: number
  ground: string
  set_at: number
  set_by: number
}

/** How many values a principal revealed on a day (since 1970). */
export interface RevealDayTable {
  tenant_no: number
  principal_no: number
  day: number
  count: number
}
