/** Roles, approvals by a second person, second factors: how their tables are made. */
export const ACCESS_TABLES: readonly string[] = [
  `CREATE TABLE approval (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), action TEXT NOT NULL, params TEXT NOT NULL,
    ground TEXT NOT NULL, state TEXT NOT NULL, requester_no INTEGER NOT NULL, requested_at INTEGER NOT NULL, lapses_at INTEGER NOT NULL,
    decider_no INTEGER, decided_at INTEGER, note TEXT, self_approved INTEGER NOT NULL, spent_at INTEGER
  ) TABLE_END`,
  'CREATE INDEX approval_by_time ON approval (tenant_no, requested_at, id)',
  `CREATE TABLE role_grant (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), token_no INTEGER NOT NULL,
    owner_no INTEGER NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL, scope_owner_no INTEGER, from_at INTEGER NOT NULL,
    until_at INTEGER, period_from INTEGER, period_to INTEGER, ground TEXT NOT NULL, approval TEXT, waived INTEGER NOT NULL,
    break_glass INTEGER NOT NULL, review_by INTEGER, reviewed_at INTEGER, reviewer_no INTEGER, granter_no INTEGER NOT NULL,
    granted_at INTEGER NOT NULL, removed_at INTEGER
  ) TABLE_END`,
  'CREATE INDEX role_grant_by_token ON role_grant (token_no)',
  'CREATE INDEX role_grant_by_owner ON role_grant (owner_no)',
  'CREATE INDEX role_grant_by_tenant ON role_grant (tenant_no, granted_at)',
  `CREATE TABLE second_factor (
    owner_no INTEGER NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), secret BYTES NOT NULL,
    active INTEGER NOT NULL, enrolled_at INTEGER NOT NULL, last_step INTEGER NOT NULL, failures INTEGER NOT NULL, failed_at INTEGER
  ) TABLE_END`,
  "ALTER TABLE session ADD COLUMN id TEXT NOT NULL DEFAULT ''",
  'ALTER TABLE session ADD COLUMN proven_at INTEGER',
  'CREATE INDEX session_by_tenant ON session (tenant_no, created_at)',
]

export interface RoleGrantTable {
  id: string
  tenant_no: number
  token_no: number
  owner_no: number
  role: string
  scope: string
  scope_owner_no: number | null
  from_at: number
  until_at: number | null
  period_from: number | null
  period_to: number | null
  ground: string
  approval: string | null
  waived: number
  break_glass: number
  review_by: number | null
  reviewed_at: number | null
  reviewer_no: number | null
  granter_no: number
  granted_at: number
  removed_at: number | null
}

export interface SecondFactorTable {
  owner_no: number
  tenant_no: number
  secret: Uint8Array
  active: number
  enrolled_at: number
  last_step: number
  failures: number
  failed_at: number | null
}

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
