import type { FindingRecord, IncidentRecord } from '../../src/records/findings.ts'
import type { Tenant } from '../../src/records/records.ts'
import { NOW } from './fixture.ts'

let made = 0

/** A finding as a detector's would be kept. */
export function findingOf(tenant: Pick<Tenant, 'no'>, differs: Partial<FindingRecord> = {}): FindingRecord {
  return {
    id: `fnd_${tenant.no}_${(made += 1).toString().padStart(6, '0')}`,
    tenantNo: tenant.no,
    detector: 'replay',
    detectorVersion: 1,
    severity: 'high',
    confidence: 'certain',
    subject: { kind: 'source', key: '00000000000000ff' },
    from: NOW - 10,
    to: NOW,
    detectedAt: NOW,
    seenAt: NOW,
    found: '{"evidence":[]}',
    touches: [{ kind: 'source', key: '00000000000000ff' }],
    incidentId: null,
    state: 'open',
    verdict: null,
    note: null,
    assignee: null,
    openedAt: NOW,
    changedAt: NOW,
    repeats: 0,
    notice: 'none',
    version: 1,
    ...differs,
  }
}

/** An incident as the desk would keep it. */
export function incidentOf(tenant: Pick<Tenant, 'no'>, differs: Partial<IncidentRecord> = {}): IncidentRecord {
  return {
    id: `inc_${tenant.no}_${(made += 1).toString().padStart(6, '0')}`,
    tenantNo: tenant.no,
    severity: 'high',
    state: 'open',
    title: 'A single-use token used twice',
    firstAt: NOW,
    lastAt: NOW,
    openedAt: NOW,
    changedAt: NOW,
    findings: 1,
    detectors: { replay: 'high' },
    touches: { 'source:00000000000000ff': NOW },
    notice: 'none',
    notified: null,
    mergedInto: null,
    version: 1,
    ...differs,
  }
}
