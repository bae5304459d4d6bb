/** Responses and leaks: how their tables are made. */
export const RESPONSE_TABLES = [
  'ALTER TABLE token ADD COLUMN throttle TEXT',
  `CREATE TABLE response (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), finding_id TEXT NOT NULL, detector TEXT NOT NULL,
    detector_version INTEGER NOT NULL, step TEXT NOT NULL, tokens TEXT NOT NULL, rate TEXT, until_at INTEGER, automatic INTEGER NOT NULL,
    dry_run INTEGER NOT NULL, approvals_needed INTEGER NOT NULL, because TEXT NOT NULL, radius TEXT NOT NULL, reason TEXT,
    state TEXT NOT NULL, proposer_no INTEGER NOT NULL, proposer_kind TEXT NOT NULL, approvers TEXT NOT NULL, results TEXT NOT NULL,
    tries INTEGER NOT NULL, next_at INTEGER, failure TEXT, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, applied_at INTEGER,
    version INTEGER NOT NULL
  ) TABLE_END`,
  'CREATE INDEX response_by_time ON response (tenant_no, created_at, id)',
  'CREATE INDEX response_by_finding ON response (tenant_no, finding_id)',
  "CREATE INDEX response_due ON response (next_at) WHERE state = 'approved'",
  `CREATE TABLE leak (
    id TEXT NOT NULL PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES tenant (no), token_no INTEGER, sha256 TEXT, sha512 TEXT, url TEXT,
    reporter TEXT NOT NULL, partner TEXT, proven INTEGER NOT NULL, reporter_no INTEGER NOT NULL, state TEXT NOT NULL,
    exposed_at INTEGER NOT NULL, reported_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, reports INTEGER NOT NULL, note TEXT
  ) TABLE_END`,
  'CREATE INDEX leak_by_time ON leak (tenant_no, reported_at, id)',
  'CREATE INDEX leak_by_change ON leak (changed_at)',
  'CREATE INDEX leak_by_token ON leak (token_no) WHERE token_no IS NOT NULL',
  'CREATE INDEX leak_by_sha256 ON leak (sha256) WHERE sha256 IS NOT NULL',
  'CREATE INDEX leak_by_sha512 ON leak (sha512) WHERE sha512 IS NOT NULL',
] as const

export interface ResponseTable {
  id: string
  tenant_no: number
  finding_id: string
  detector: string
  detector_version: number
  step: string
  tokens: string
  rate: string | null
  until_at: number | null
  automatic: number
  dry_run: number
  approvals_needed: number
  because: string
  radius: string
  reason: string | null
  state: string
  proposer_no: number
  proposer_kind: string
  approvers: string
  results: string
  tries: number
  next_at: number | null
  failure: string | null
  created_at: number
  changed_at: number
  applied_at: number | null
  version: number
}

export interface LeakTable {
  id: string
  tenant_no: number
  token_no: number | null
  sha256: string | null
  sha512: string | null
  url: string | null
  reporter: string
  partner: string | null
  proven: number
  reporter_no: number
  state: string
  exposed_at: number
  reported_at: number
  changed_at: number
  reports: number
  note: string | null
}
