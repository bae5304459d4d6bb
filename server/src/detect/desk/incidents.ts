import type { Milliseconds } from 'tokentrail'
import { INCIDENT_TOUCHES_MAX, type FindingRecord, type IncidentRecord } from '../../records/findings.ts'
import type { Severity } from '../finding.ts'
import { describedOf } from './described.ts'
import { incidentId, subjectText } from './identity.ts'
import { foundOf } from './quiet-time.ts'
import { graver, raised, rankOf } from './severity.ts'

/** Findings that share something within this time are one incident. */
export const JOIN_MS = 24 * 3_600_000
/** None grows longer. */
export const SPAN_MS_MAX = 7 * 24 * 3_600_000
/** From so many different detectors on, an incident is one step graver than its gravest finding. */
const DETECTORS_RAISE = 3

/** By what a finding joins others: everything it touches. The tenant as a whole joins only what is about the tenant. */
export function joinKeys({ subject, touches }: Pick<FindingRecord, 'subject' | 'touches'>): readonly string[] {
  const others = touches.filter(({ kind }) => kind !== 'tenant')
  return [...new Set([subject, ...others].map(subjectText))]
}

/** May a finding of this time join? */
export function isJoinable(incident: IncidentRecord, keys: readonly string[], at: Milliseconds): boolean {
  return (
    incident.state === 'open' &&
    spanWith(incident, at) <= SPAN_MS_MAX &&
    keys.some((key) => Math.abs(at - (incident.touches[key] ?? -Infinity)) <= JOIN_MS)
  )
}

/** How long an incident is with a finding of this time. */
export function spanWith({ firstAt, lastAt }: IncidentRecord, at: Milliseconds): Milliseconds {
  return Math.max(lastAt, at) - Math.min(firstAt, at)
}

/** An incident of one finding. */
export function incidentFrom(finding: FindingRecord, at: Milliseconds): IncidentRecord {
  const { id, tenantNo, seenAt } = finding
  const empty: IncidentRecord = {
    id: incidentId(id, seenAt),
    tenantNo,
    severity: finding.severity,
    state: 'open',
    title: '',
    firstAt: seenAt,
    lastAt: seenAt,
    openedAt: at,
    changedAt: at,
    findings: 1,
    detectors: {},
    touches: {},
    notice: 'none',
    notified: null,
    mergedInto: null,
    version: 1,
  }
  return withFinding(empty, finding, at)
}

/** May two incidents that one finding joins become one? */
export function isMergeable(a: IncidentRecord, b: IncidentRecord): boolean {
  const span = Math.max(a.lastAt, b.lastAt) - Math.min(a.firstAt, b.firstAt)
  return a.id !== b.id && b.state === 'open' && span <= SPAN_MS_MAX
}

/** The incident with everything of another; whoever was told of either was told of this one. */
export function withIncident(incident: IncidentRecord, other: IncidentRecord, at: Milliseconds): IncidentRecord {
  const detectors = { ...incident.detectors }
  for (const [name, severity] of Object.entries(other.detectors)) detectors[name] = graver(detectors[name] ?? 'info', severity)
  const touches = Object.entries(other.touches).reduce((all, [key, seen]) => touched(all, [key], seen), incident.touches)
  return {
    ...incident,
    detectors,
    touches,
    severity: [incident.severity, other.severity, severityOf(detectors)].reduce(graver),
    title: rankOf(other.severity) > rankOf(incident.severity) ? other.title : incident.title,
    firstAt: Math.min(incident.firstAt, other.firstAt),
    lastAt: Math.max(incident.lastAt, other.lastAt),
    findings: incident.findings + other.findings,
    notice: [incident.notice, other.notice].toSorted((a, b) => NOTICE_ORDER.indexOf(a) - NOTICE_ORDER.indexOf(b))[0] ?? 'none',
    notified: toldOf(incident.notified, other.notified),
    changedAt: at,
  }
}

const NOTICE_ORDER: readonly IncidentRecord['notice'][] = ['sent', 'held back', 'none']

function toldOf(a: Severity | null, b: Severity | null): Severity | null {
  return a === null || b === null ? (a ?? b) : graver(a, b)
}

/** The incident with what a finding adds: gravity, time and what it touches. */
export function withFinding(incident: IncidentRecord, finding: FindingRecord, at: Milliseconds): IncidentRecord {
  const known = incident.detectors[finding.detector]
  const detectors = { ...incident.detectors, [finding.detector]: known ? graver(known, finding.severity) : finding.severity }
  return {
    ...incident,
    detectors,
    severity: graver(incident.severity, severityOf(detectors)),
    title: gravestOf(detectors) === finding.detector ? titleOf(finding) : incident.title,
    firstAt: Math.min(incident.firstAt, finding.detectedAt),
    lastAt: Math.max(incident.lastAt, finding.seenAt),
    touches: touched(incident.touches, joinKeys(finding), finding.seenAt),
    changedAt: at,
  }
}

function severityOf(detectors: IncidentRecord['detectors']): Severity {
  const all = Object.values(detectors)
  return raised(all.reduce(graver, 'info'), all.length >= DETECTORS_RAISE ? 1 : 0)
}

/** The detector that an incident is named for; of equals the first. */
function gravestOf(detectors: IncidentRecord['detectors']): string | undefined {
  return Object.entries(detectors).toSorted(([, a], [, b]) => rankOf(b) - rankOf(a))[0]?.[0]
}

function titleOf(finding: FindingRecord): string {
  const { finds } = describedOf(foundOf(finding))
  return finds.charAt(0).toUpperCase() + finds.slice(1)
}

function touched(before: IncidentRecord['touches'], keys: readonly string[], at: Milliseconds): IncidentRecord['touches'] {
  const all = { ...before }
  for (const key of keys) all[key] = Math.max(all[key] ?? 0, at)
  const entries = Object.entries(all)
  if (entries.length <= INCIDENT_TOUCHES_MAX) return all
  return Object.fromEntries(entries.toSorted(([, a], [, b]) => b - a).slice(0, INCIDENT_TOUCHES_MAX))
}
