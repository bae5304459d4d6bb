/** Reviews and evidence packs: how their tables are made. */
export const EVIDENCE_TABLES: readonly string[] = [
  `CREATE TABLE pack (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), name TEXT NOT NULL, params TEXT NOT NULL,
    level TEXT NOT NULL, recipient TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    requester_no INTEGER NOT NULL, requested_at INTEGER NOT NULL, approval TEXT, state TEXT NOT NULL, failure TEXT, digest TEXT,
    bytes INTEGER, rows INTEGER, event TEXT, finished_at INTEGER
  ) TABLE_END`,
  'CREATE INDEX pack_by_time ON pack (tenant_no, requested_at, id)',
  `CREATE TABLE review (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), kind TEXT NOT NULL, pack_id TEXT NOT NULL,
    digest TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, maker_no INTEGER NOT NULL, signer_no INTEGER NOT NULL,
    signed_at INTEGER NOT NULL, waived INTEGER NOT NULL, open INTEGER NOT NULL, note TEXT, event TEXT NOT NULL
  ) TABLE_END`,
  'CREATE INDEX review_by_time ON review (tenant_no, signed_at, id)',
]

export interface PackTable {
  id: string
  tenant_no: number
  name: string
  params: string
  level: string
  recipient: string
  from_at: number
  to_at: number
  expires_at: number
  requester_no: number
  requested_at: number
  approval: string | null
  state: string
  failure: string | null
  /** SHA-256 of `report.json`, hex. */
  digest: string | null
  bytes: number | null
  rows: number | null
  /** Id of the event `report.exported`. */
  event: string | null
  finished_at: number | null
}

export interface ReviewTable {
  id: string
  tenant_no: number
  kind: string
  pack_id: string
  digest: string
  from_at: number
  to_at: number
  maker_no: number
  signer_no: number
  signed_at: number
  waived: number
  open: number
  note: string | null
  event: string
}
