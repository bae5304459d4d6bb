import type { ActorKind } from 'tokentrail'
import type { Selectable } from 'kysely'
import type { LeakRecord, LeakState, Reporter, ResponseRecord, ResponseState, Step } from './responses.ts'
import type { LeakTable, ResponseTable } from './response-tables.ts'

/** The response of a row. */
export function toResponse(row: Selectable<ResponseTable>): ResponseRecord {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    findingId: row.finding_id,
    detector: row.detector,
    detectorVersion: row.detector_version,
    step: row.step as Step,
    tokens: JSON.parse(row.tokens),
    rate: row.rate === null ? null : JSON.parse(row.rate),
    until: row.until_at,
    automatic: row.automatic === 1,
    dryRun: row.dry_run === 1,
    approvalsNeeded: row.approvals_needed,
    because: JSON.parse(row.because),
    radius: row.radius,
    reason: row.reason,
    state: row.state as ResponseState,
    proposer: { no: row.proposer_no, kind: row.proposer_kind as ActorKind },
    approvers: JSON.parse(row.approvers),
    results: JSON.parse(row.results),
    tries: row.tries,
    nextAt: row.next_at,
    failure: row.failure,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    appliedAt: row.applied_at,
    version: row.version,
  }
}

/** The row of a response. */
export function fromResponse(response: ResponseRecord): Selectable<ResponseTable> {
  return {
    id: response.id,
    tenant_no: response.tenantNo,
    finding_id: response.findingId,
    detector: response.detector,
    detector_version: response.detectorVersion,
    step: response.step,
    tokens: JSON.stringify(response.tokens),
    rate: response.rate && JSON.stringify(response.rate),
    until_at: response.until,
    automatic: response.automatic ? 1 : 0,
    dry_run: response.dryRun ? 1 : 0,
    approvals_needed: response.approvalsNeeded,
    because: JSON.stringify(response.because),
    radius: response.radius,
    reason: response.reason,
    state: response.state,
    proposer_no: response.proposer.no,
    proposer_kind: response.proposer.kind,
    approvers: JSON.stringify(response.approvers),
    results: JSON.stringify(response.results),
    tries: response.tries,
    next_at: response.nextAt,
    failure: response.failure,
    created_at: response.createdAt,
    changed_at: response.changedAt,
    applied_at: response.appliedAt,
    version: response.version,
  }
}

/** The leak of a row. */
export function toLeak(row: Selectable<LeakTable>): LeakRecord {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    tokenNo: row.token_no,
    sha256: row.sha256,
    sha512: row.sha512,
    url: row.url,
    reporter: row.reporter as Reporter,
    partner: row.partner,
    proven: row.proven === 1,
    reporterNo: row.reporter_no,
    state: row.state as LeakState,
    exposedAt: row.exposed_at,
    reportedAt: row.reported_at,
    changedAt: row.changed_at,
    reports: row.reports,
    note: row.note,
  }
}
