import type { RuleRecord, RuleState } from './rules.ts'

/** The rule of a row. The database holds only states that this code wrote. */
export function toRule(row: {
  tenant_no: number
  id: string
  state: string
  version: number
  digest: string
  changed_at: number
  changed_by: number
  text: string | null
}): RuleRecord {
  return {
    tenantNo: row.tenant_no,
    id: row.id,
    state: row.state as RuleState,
    version: row.version,
    digest: row.digest,
    text: row.text,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
  }
}
