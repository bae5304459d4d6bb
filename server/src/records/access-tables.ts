/** Roles, approvals by a second person, second factors: how their tables are made. */
export const ACCESS_TABLES: readonly string[] = [
  `CREATE TABLE approval (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), action TEXT NOT NULL, params TEXT NOT NULL,
    ground TEXT NOT NULL, state TEXT NOT NULL, requester_no INTEGER NOT NULL, requested_at INTEGER NOT NULL, lapses_at INTEGER NOT NULL,
    decider_no INTEGER, decided_at INTEGER, note TEXT, self_approved INTEGER NOT NULL, spent_at INTEGER
  ) TABLE_END`,
  'CREATE INDEX approval_by_time ON approval (tenant_no, requested_at, id)',
]

/** A request that a second person agrees to. A lapse follows from `lapses_at`; it is written nowhere. */
export interface ApprovalTable {
  id: string
  tenant_no: number
  action: string
  params: string
  ground: string
  state: string
  requester_no: number
  requested_at: number
  lapses_at: number
  decider_no: number | null
  decided_at: number | null
  note: string | null
  self_approved: number
  spent_at: number | null
}
