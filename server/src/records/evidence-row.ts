import type { Selectable } from 'kysely'
import type { PackTable, ReviewTable } from './evidence-tables.ts'
import type { PackLevel, PackRecord, PackState, Review, ReviewKind } from './evidence.ts'

/** The pack of a row. */
export function toPack(row: Selectable<PackTable>): PackRecord {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    name: row.name,
    params: row.params,
    level: row.level as PackLevel,
    recipient: row.recipient,
    from: row.from_at,
    to: row.to_at,
    expiresAt: row.expires_at,
    requesterNo: row.requester_no,
    requestedAt: row.requested_at,
    approval: row.approval,
    state: row.state as PackState,
    failure: row.failure,
    digest: row.digest,
    bytes: row.bytes,
    rows: row.rows,
    event: row.event,
    finishedAt: row.finished_at,
  }
}

/** The review of a row. */
export function toReview(row: Selectable<ReviewTable>): Review {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    kind: row.kind as ReviewKind,
    packId: row.pack_id,
    digest: row.digest,
    from: row.from_at,
    to: row.to_at,
    makerNo: row.maker_no,
    signerNo: row.signer_no,
    signedAt: row.signed_at,
    waived: row.waived === 1,
    open: row.open,
    note: row.note,
    event: row.event,
  }
}
