import type { Selectable } from 'kysely'
import type { Batch } from './batches.ts'
import type { AuditBatchTable } from './batch-tables.ts'

export function toBatch(row: Selectable<AuditBatchTable>): Batch {
  return {
    id: row.id,
    journal: row.journal,
    tenantNo: row.tenant_no,
    from: row.from_position,
    to: row.to_position,
    rows: row.row_count,
    events: row.events,
    accepted: row.accepted,
    rejected: row.rejected,
    firstAt: row.first_at,
    lastAt: row.last_at,
    root: new Uint8Array(row.root),
    runs: new Uint8Array(row.runs),
    rowsTotal: row.rows_total,
    eventsTotal: row.events_total,
  }
}

export function fromBatch(batch: Batch): AuditBatchTable {
  return {
    id: batch.id,
    journal: batch.journal,
    tenant_no: batch.tenantNo,
    from_position: batch.from,
    to_position: batch.to,
    row_count: batch.rows,
    events: batch.events,
    accepted: batch.accepted,
    rejected: batch.rejected,
    first_at: batch.firstAt,
    last_at: batch.lastAt,
    root: batch.root,
    runs: batch.runs,
    rows_total: batch.rowsTotal,
    events_total: batch.eventsTotal,
  }
}
