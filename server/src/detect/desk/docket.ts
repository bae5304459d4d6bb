import type { Milliseconds } from 'tokentrail'
import type { FindingRecord, IncidentRecord, NoticeCredit, Suppression, Write } from '../../records/findings.ts'
import type { RecordActions } from '../../records/records.ts'
import type { Found } from '../finding.ts'
import { spend } from './budget.ts'
import { described, describedOf } from './described.ts'
import { findingId, subjectText } from './identity.ts'
import { incidentFrom, isJoinable, isMergeable, joinKeys, SPAN_MS_MAX, spanWith, withFinding, withIncident } from './incidents.ts'
import { EVIDENCE_MAX, isGraver, isQuiet, isRepetition, merged, touchesOf } from './quiet-time.ts'
import { rankOf } from './severity.ts'
import { suppressionOf } from './suppressions.ts'

/** What is known of a tenant before a batch is judged. */
export interface DocketState {
  readonly tenantNo: number
  readonly findings: readonly FindingRecord[]
  readonly incidents: readonly IncidentRecord[]
  readonly suppressions: readonly Suppression[]
  readonly credit: NoticeCredit | null
  readonly noticesPerWeek: number
}

/** Somebody is told: of a new incident, of one that became graver, or of one that was closed and came back. */
export interface NoticeSent {
  readonly incident: IncidentRecord
  readonly finding: FindingRecord
}

/** A finding that a suppression covered: kept, nobody told. */
export interface Hit {
  readonly finding: FindingRecord
  readonly suppression: Suppression
  readonly at: Milliseconds
}

/** Judges findings one after another in memory; what changed is written at once afterwards. No I/O, no clock. */
export interface Docket {
  take(found: Found, at: Milliseconds): void
  changes(): Omit<Parameters<RecordActions['keepFindings']>[0], 'at'>
  readonly notices: readonly NoticeSent[]
  readonly hits: readonly Hit[]
}

/** A row as it was read and as it is now. */
interface Page<Row> {
  row: Row
  readonly before: number | null
  event: Write<Row>['event']
}

/** Nobody is told of what is older: it was read from history. */
const NOTICE_AGE_MS = SPAN_MS_MAX
/** Below this, incidents are listed and nobody is told. */
const NOTICE_FROM = rankOf('medium')
/** An exact detector of this gravity or more is told whatever the budget. */
const EXEMPT_FROM = rankOf('high')

/** Opens a tenant's docket. */
export function createDocket(state: DocketState): Docket {
  const findings = new Map<string, Page<FindingRecord>>()
  const latest = new Map<string, string>()
  const incidents = new Map<string, Page<IncidentRecord>>()
  const byTouch = new Map<string, Set<string>>()
  const notices: NoticeSent[] = []
  const hits: Hit[] = []
  let { credit } = state
  for (const row of state.findings) remember(row)
  for (const row of state.incidents) index(row, { row, before: row.version, event: null })

  function remember(row: FindingRecord): void {
    findings.set(row.id, { row, before: row.version, event: null })
    noteLatest(row)
  }

  function noteLatest(row: FindingRecord): void {
    const key = seriesOf(row)
    const other = findings.get(latest.get(key) ?? '')?.row
    if (!other || other.detectedAt <= row.detectedAt) latest.set(key, row.id)
  }

  function index(row: IncidentRecord, page: Page<IncidentRecord>): void {
    incidents.set(row.id, page)
    for (const key of Object.keys(row.touches)) byTouch.set(key, (byTouch.get(key) ?? new Set()).add(row.id))
  }

  /** The finding that this belongs to: the same period judged again, or one whose quiet time still lasts. */
  function pageOf(found: Found): Page<FindingRecord> | undefined {
    const same = findings.get(findingId(found))
    if (same) return same
    const last = findings.get(latest.get(seriesOf(found)) ?? '')
    return last && isQuiet(last.row, found) ? last : undefined
  }

  function open(found: Found, at: Milliseconds): void {
    const suppression = suppressionOf(state.suppressions, found, at)
    const row = findingFrom(found, at, suppression ? 'suppressed' : 'open')
    const page: Page<FindingRecord> = { row, before: null, event: suppression ? null : 'opened' }
    findings.set(row.id, page)
    noteLatest(row)
    if (suppression) hits.push({ finding: row, suppression, at: found.detectedAt })
    else join(page, found, at)
  }

  function again(page: Page<FindingRecord>, found: Found, at: Milliseconds): void {
    const known = isRepetition(page.row, found)
    if (known && !isGraver(page.row, found)) return
    const before = page.row
    const suppression = suppressionOf(state.suppressions, found, at)
    const isBack = !known && !suppression && (before.state === 'closed' || before.state === 'suppressed')
    page.row = {
      ...merged(before, found),
      ...(isBack ? { state: 'open', verdict: null } : {}),
      repeats: before.repeats + (known ? 0 : 1),
      changedAt: at,
      version: page.before === null ? 1 : page.before + 1,
    }
    if (suppression && !known) hits.push({ finding: page.row, suppression, at: found.detectedAt })
    if (suppression || page.row.state === 'suppressed') return
    page.event ??= 'changed'
    if (page.row.state !== 'closed') join(page, found, at)
  }

  /** Puts the finding into its incident, another or a new one, and tells somebody where that is due. */
  function join(page: Page<FindingRecord>, found: Found, at: Milliseconds): void {
    const own = incidents.get(page.row.incidentId ?? '')
    const near = joinable(page.row, found.detectedAt)
    const other = own && spanWith(own.row, found.detectedAt) <= SPAN_MS_MAX ? own : near[0]
    if (other) for (const each of near) if (isMergeable(other.row, each.row)) merge(other, each, at)
    const incident = other ? extended(other, page.row, at) : opened(page.row, at)
    page.row = { ...page.row, incidentId: incident.row.id, notice: noticeOf(incident, page.row, found, at, page.row.notice) }
  }

  /** Open incidents that the finding joins, oldest first. */
  function joinable(finding: FindingRecord, at: Milliseconds): readonly Page<IncidentRecord>[] {
    const keys = joinKeys(finding)
    const ids = new Set(keys.flatMap((key) => [...(byTouch.get(key) ?? [])]))
    const found = [...ids].flatMap((id) => incidents.get(id) ?? []).filter(({ row }) => isJoinable(row, keys, at))
    return found.toSorted((a, b) => a.row.firstAt - b.row.firstAt || (a.row.id < b.row.id ? -1 : 1))
  }

  /** What one finding joins is one incident: the other closes and names it, its findings follow. */
  function merge(into: Page<IncidentRecord>, from: Page<IncidentRecord>, at: Milliseconds): void {
    const next = (page: Page<IncidentRecord>): number => (page.before === null ? 1 : page.before + 1)
    into.row = { ...withIncident(into.row, from.row, at), version: next(into) }
    into.event ??= 'changed'
    index(into.row, into)
    if (from.before === null && from.row.notified === null) incidents.delete(from.row.id)
    from.row = { ...from.row, state: 'closed', mergedInto: into.row.id, findings: 0, changedAt: at, version: next(from) }
    from.event = 'closed'
    for (const finding of findings.values()) {
      if (finding.row.incidentId === from.row.id) finding.row = { ...finding.row, incidentId: into.row.id }
    }
  }

  function opened(finding: FindingRecord, at: Milliseconds): Page<IncidentRecord> {
    const row = incidentFrom(finding, at)
    const page: Page<IncidentRecord> = { row, before: null, event: 'opened' }
    index(row, page)
    return page
  }

  function extended(page: Page<IncidentRecord>, finding: FindingRecord, at: Milliseconds): Page<IncidentRecord> {
    const before = page.row
    const isNew = finding.incidentId !== before.id
    const back = before.state === 'closed'
    page.row = {
      ...withFinding(before, finding, at),
      findings: before.findings + (isNew ? 1 : 0),
      ...(back ? { state: 'open', notified: null } : {}),
      version: page.before === null ? 1 : page.before + 1,
    }
    if (isNew || back || page.row.severity !== before.severity) page.event ??= 'changed'
    index(page.row, page)
    return page
  }

  function noticeOf(
    page: Page<IncidentRecord>,
    finding: FindingRecord,
    found: Found,
    at: Milliseconds,
    before: FindingRecord['notice'],
  ): FindingRecord['notice'] {
    const { row } = page
    if (found.rule?.silent || !isNoticed(row, found, at)) return before
    // what is critical is never held back, or a noise flood could buy silence for the one hit that it hides
    const exempt = finding.severity === 'critical' || (described(found.detector).exact && rankOf(finding.severity) >= EXEMPT_FROM)
    const left = exempt ? credit : spend(credit, at, state.noticesPerWeek)
    const sent = exempt || left !== null
    if (sent) credit = left
    page.row = {
      ...row,
      notice: sent ? 'sent' : row.notice === 'sent' ? 'sent' : 'held back',
      notified: sent ? row.severity : row.notified,
    }
    if (sent) notices.push({ incident: page.row, finding })
    return sent ? 'sent' : 'held back'
  }

  return {
    take(found, at) {
      const page = pageOf(found)
      if (page) again(page, found, at)
      else open(found, at)
    },
    changes: () => ({
      tenantNo: state.tenantNo,
      findings: [...findings.values()].filter(hasChanged),
      incidents: [...incidents.values()].filter(hasChanged),
      hits: countHits(hits),
      credit: credit === null || credit === state.credit ? null : { before: state.credit, after: credit },
    }),
    notices,
    hits,
  }
}

/** Is somebody to be told? Once for an incident, and again only where it became graver. */
function isNoticed(incident: IncidentRecord, found: Found, at: Milliseconds): boolean {
  const rank = rankOf(incident.severity)
  const isNews = incident.notified === null || rank > rankOf(incident.notified)
  return isNews && rank >= NOTICE_FROM && at - found.detectedAt <= NOTICE_AGE_MS && !found.caveats.includes('learning')
}

function findingFrom(found: Found, at: Milliseconds, state: 'open' | 'suppressed'): FindingRecord {
  const evidence = found.evidence.slice(0, EVIDENCE_MAX)
  const { tenant: tenantNo, detector, severity, confidence, subject, from, to, detectedAt } = found
  return {
    id: findingId(found),
    tenantNo,
    detector,
    detectorVersion: describedOf(found).version,
    severity,
    confidence,
    subject,
    from,
    to,
    detectedAt,
    seenAt: detectedAt,
    found: JSON.stringify({ ...found, evidence }),
    touches: touchesOf(found),
    incidentId: null,
    state,
    verdict: null,
    note: null,
    assignee: null,
    openedAt: at,
    changedAt: at,
    repeats: 0,
    notice: 'none',
    version: 1,
  }
}

function seriesOf({ detector, subject }: Pick<FindingRecord, 'detector' | 'subject'>): string {
  return `${detector} ${subjectText(subject)}`
}

function hasChanged<Row extends { readonly version: number }>({ row, before }: Page<Row>): boolean {
  return row.version !== before
}

function countHits(hits: readonly Hit[]): ReturnType<Docket['changes']>['hits'] {
  return [...Map.groupBy(hits, ({ suppression }) => suppression.id)].map(([id, some]) => ({
    id,
    count: some.length,
    at: Math.max(...some.map(({ at }) => at)),
  }))
}
