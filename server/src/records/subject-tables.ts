/** What can lead to a person: sealed values, erasures, restrictions, reveals: how their tables are made. */
export const SUBJECT_TABLES: readonly string[] = [
  `CREATE TABLE sealed_value (
    event TEXT NOT NULL, field TEXT NOT NULL, tenant_no INTEGER NOT NULL REFERENCES tenant (no), key_id TEXT NOT NULL,
    nonce BYTES NOT NULL, sealed BYTES NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (event, field)
  ) TABLE_END`,
  'CREATE INDEX sealed_value_by_key ON sealed_value (key_id)',
  'CREATE INDEX sealed_value_by_end ON sealed_value (expires_at)',
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
