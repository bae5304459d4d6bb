import type { Selectable } from 'kysely'
import {
  SEVERITIES,
  type Confidence,
  type FindingRecord,
  type FindingState,
  type IncidentRecord,
  type Mark,
  type MarkKind,
  type Notice,
  type Severity,
  type Subject,
  type Suppression,
  type Verdict,
} from './findings.ts'
import type { FindingTable, IncidentTable, MarkTable, SuppressionTable } from './schema.ts'

/** The finding of a row. */
export function toFinding(row: Selectable<FindingTable>): FindingRecord {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    detector: row.detector,
    detectorVersion: row.detector_version,
    severity: severityOf(row.severity),
    confidence: row.confidence as Confidence,
    subject: { kind: row.subject_kind as Subject['kind'], key: row.subject_key },
    from: row.from_at,
    to: row.to_at,
    detectedAt: row.detected_at,
    seenAt: row.seen_at,
    found: row.found,
    touches: JSON.parse(row.touches),
    incidentId: row.incident_id,
    state: row.state as FindingState,
    verdict: row.verdict as Verdict | null,
    note: row.note,
    assignee: row.assignee,
    openedAt: row.opened_at,
    changedAt: row.changed_at,
    repeats: row.repeats,
    notice: row.notice as Notice,
    version: row.version,
  }
}

/** The row of a finding. */
export function fromFinding(finding: FindingRecord): Selectable<FindingTable> {
  return {
    id: finding.id,
    tenant_no: finding.tenantNo,
    detector: finding.detector,
    detector_version: finding.detectorVersion,
    severity: SEVERITIES.indexOf(finding.severity),
    confidence: finding.confidence,
    subject_kind: finding.subject.kind,
    subject_key: finding.subject.key,
    from_at: finding.from,
    to_at: finding.to,
    detected_at: finding.detectedAt,
    seen_at: finding.seenAt,
    found: finding.found,
    touches: JSON.stringify(finding.touches),
    incident_id: finding.incidentId,
    state: finding.state,
    verdict: finding.verdict,
    note: finding.note,
    assignee: finding.assignee,
    opened_at: finding.openedAt,
    changed_at: finding.changedAt,
    repeats: finding.repeats,
    notice: finding.notice,
    version: finding.version,
  }
}

/** The incident of a row. */
export function toIncident(row: Selectable<IncidentTable>): IncidentRecord {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    severity: severityOf(row.severity),
    state: row.state as IncidentRecord['state'],
    title: row.title,
    firstAt: row.first_at,
    lastAt: row.last_at,
    openedAt: row.opened_at,
    changedAt: row.changed_at,
    findings: row.findings,
    detectors: JSON.parse(row.detectors),
    touches: JSON.parse(row.touches),
    notice: row.notice as Notice,
    notified: row.notified === null ? null : severityOf(row.notified),
    mergedInto: row.merged_into,
    version: row.version,
  }
}

/** The row of an incident. */
export function fromIncident(incident: IncidentRecord): Selectable<IncidentTable> {
  return {
    id: incident.id,
    tenant_no: incident.tenantNo,
    severity: SEVERITIES.indexOf(incident.severity),
    state: incident.state,
    title: incident.title,
    first_at: incident.firstAt,
    last_at: incident.lastAt,
    opened_at: incident.openedAt,
    changed_at: incident.changedAt,
    findings: incident.findings,
    detectors: JSON.stringify(incident.detectors),
    touches: JSON.stringify(incident.touches),
    notice: incident.notice,
    notified: incident.notified === null ? null : SEVERITIES.indexOf(incident.notified),
    merged_into: incident.mergedInto,
    version: incident.version,
  }
}

/** The suppression of a row. */
export function toSuppression(row: Selectable<SuppressionTable>): Suppression {
  const { subject_kind: kind, subject_key: key } = row
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    findingId: row.finding_id,
    detector: row.detector,
    subject: kind === null || key === null ? null : { kind: kind as Subject['kind'], key },
    value: row.value,
    reason: row.reason,
    authorNo: row.author_no,
    needsApproval: row.needs_approval === 1,
    approverNo: row.approver_no,
    createdAt: row.created_at,
    endsAt: row.ends_at,
    hits: row.hits,
    lastHitAt: row.last_hit_at,
  }
}

/** The mark of a row. */
export function toMark(row: Selectable<MarkTable>): Mark {
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    kind: row.kind as MarkKind,
    name: row.name,
    service: row.service,
    from: row.from_at,
    to: row.to_at,
    authorNo: row.author_no,
    createdAt: row.created_at,
  }
}

/** The severity of its place in the order. */
export function severityOf(place: number): Severity {
  return SEVERITIES[place] ?? 'info'
}
