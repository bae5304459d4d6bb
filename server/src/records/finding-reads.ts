import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Milliseconds } from 'tokentrail'
import { toFinding, toIncident, toMark, toSuppression, severityOf } from './finding-row.ts'
import {
  SEVERITIES,
  type FindingFilter,
  type FindingReads,
  type FindingState,
  type Notice,
  type PlaceInTime,
  type Subject,
  type Verdict,
} from './findings.ts'
import type { Database, Schema } from './schema.ts'

type Condition = Expression<SqlBool>
type Findings = ExpressionBuilder<Schema, 'finding'>
type Incidents = ExpressionBuilder<Schema, 'incident'>

/** Rows that one answer may hold. */
const ROWS_MAX = 10_000

/** Every read of findings, on either database. `answer` says what a failing database means. */
export function readsOfFindings(db: Database, answer: <Value>(read: () => Promise<Value>) => Promise<Value>): FindingReads {
  const findings = () => db.selectFrom('finding').selectAll()
  return {
    ...readsOfIncidents(db, answer),
    ...readsOfSettings(db, answer),
    finding: (tenantNo, id) =>
      answer(async () => {
        const row = await findings().where('id', '=', id).where('tenant_no', '=', tenantNo).executeTakeFirst()
        return row ? toFinding(row) : null
      }),
    findings: (filter, { before, limit }) =>
      answer(async () => {
        const rows = await findings()
          .where('tenant_no', '=', filter.tenantNo)
          .where((columns) => columns.and(conditions(columns, filter, before)))
          .orderBy('detected_at', 'desc')
          .orderBy('id', 'desc')
          .limit(bounded(limit))
          .execute()
        return rows.map(toFinding)
      }),
    latestFinding: (tenantNo, detector, { kind, key }) =>
      answer(async () => {
        const row = await findings()
          .where('tenant_no', '=', tenantNo)
          .where('detector', '=', detector)
          .where('subject_kind', '=', kind)
          .where('subject_key', '=', key)
          .orderBy('detected_at', 'desc')
          .limit(1)
          .executeTakeFirst()
        return row ? toFinding(row) : null
      }),
    findingsInSpan: (tenantNo, { from, to }, { after, limit }) =>
      answer(async () => {
        const rows = await findings()
          .where('tenant_no', '=', tenantNo)
          .where('to_at', '>=', from)
          .where('from_at', '<', to)
          .where('id', '>', after)
          .orderBy('id')
          .limit(bounded(limit))
          .execute()
        return rows.map(toFinding)
      }),
    findingCounts: (tenantNo, { from, to }) =>
      answer(async () => {
        const rows = await db
          .selectFrom('finding')
          .select(['detector', 'detector_version', 'severity', 'state', 'verdict'])
          .select((row) => row.fn.countAll<number>().as('count'))
          .where('tenant_no', '=', tenantNo)
          .where('detected_at', '>=', from)
          .where('detected_at', '<', to)
          .groupBy(['detector', 'detector_version', 'severity', 'state', 'verdict'])
          .orderBy('detector')
          .orderBy('detector_version')
          .execute()
        return rows.map((row) => ({
          detector: row.detector,
          detectorVersion: row.detector_version,
          severity: severityOf(row.severity),
          state: row.state as FindingState,
          verdict: row.verdict as Verdict | null,
          count: row.count,
        }))
      }),
  }
}

type Answer = Parameters<typeof readsOfFindings>[1]

function readsOfIncidents(
  db: Database,
  answer: Answer,
): Pick<FindingReads, 'incident' | 'incidents' | 'incidentsTouching' | 'noticeCounts'> {
  const incidents = () => db.selectFrom('incident').selectAll()
  return {
    incident: (tenantNo, id) =>
      answer(async () => {
        const row = await incidents().where('id', '=', id).where('tenant_no', '=', tenantNo).executeTakeFirst()
        return row ? toIncident(row) : null
      }),
    incidents: ({ tenantNo, state, severity, from, to }, { before, limit }) =>
      answer(async () => {
        const wanted = (columns: Incidents): Condition[] => [
          ...(state === undefined ? [] : [columns('state', '=', state)]),
          ...(severity === undefined ? [] : [columns('severity', '>=', SEVERITIES.indexOf(severity))]),
          ...(from === undefined ? [] : [columns('last_at', '>=', from)]),
          ...(to === undefined ? [] : [columns('last_at', '<', to)]),
          columns('merged_into', 'is', null),
          ...(before === undefined
            ? []
            : [
                columns.or([
                  columns('last_at', '<', before.at),
                  columns.and([columns('last_at', '=', before.at), columns('id', '<', before.id)]),
                ]),
              ]),
        ]
        const rows = await incidents()
          .where('tenant_no', '=', tenantNo)
          .where((columns) => columns.and(wanted(columns)))
          .orderBy('last_at', 'desc')
          .orderBy('id', 'desc')
          .limit(bounded(limit))
          .execute()
        return rows.map(toIncident)
      }),
    incidentsTouching: (tenantNo, subjects, since, limit) =>
      answer(async () => {
        if (subjects.length === 0) return []
        const rows = await incidents()
          .where('tenant_no', '=', tenantNo)
          .where('last_at', '>=', since)
          .where('id', 'in', incidentIdsTouching(db, tenantNo, subjects, since))
          .orderBy('last_at', 'desc')
          .orderBy('id', 'desc')
          .limit(bounded(limit))
          .execute()
        return rows.map(toIncident)
      }),
    noticeCounts: (tenantNo, { from, to }) =>
      answer(async () => {
        const rows = await db
          .selectFrom('incident')
          .select('notice')
          .select((row) => row.fn.countAll<number>().as('count'))
          .where('tenant_no', '=', tenantNo)
          .where('last_at', '>=', from)
          .where('last_at', '<', to)
          .where('merged_into', 'is', null)
          .groupBy('notice')
          .execute()
        const counts: Record<Notice, number> = { sent: 0, 'held back': 0, none: 0 }
        for (const { notice, count } of rows) counts[notice as Notice] = count
        return counts
      }),
  }
}

function readsOfSettings(db: Database, answer: Answer): Pick<FindingReads, 'suppressions' | 'noticeCredit' | 'marks'> {
  return {
    suppressions: (tenantNo, at) =>
      answer(async () => {
        const rows = await db
          .selectFrom('suppression')
          .selectAll()
          .where('tenant_no', '=', tenantNo)
          .where('ends_at', '>', at)
          .orderBy('created_at', 'desc')
          .orderBy('id')
          .limit(ROWS_MAX)
          .execute()
        return rows.map(toSuppression)
      }),
    noticeCredit: (tenantNo) =>
      answer(async () => {
        const row = await db.selectFrom('notice_credit').selectAll().where('tenant_no', '=', tenantNo).executeTakeFirst()
        return row ? { creditMs: row.credit_ms, at: row.at } : null
      }),
    marks: (tenantNo, { from, to }) =>
      answer(async () => {
        const rows = await db
          .selectFrom('mark')
          .selectAll()
          .where('tenant_no', '=', tenantNo)
          .where('to_at', '>=', from)
          .where('from_at', '<', to)
          .orderBy('from_at', 'desc')
          .orderBy('id')
          .limit(ROWS_MAX)
          .execute()
        return rows.map(toMark)
      }),
  }
}

function incidentIdsTouching(db: Database, tenantNo: number, subjects: readonly Subject[], since: Milliseconds) {
  const kinds = [...Map.groupBy(subjects, ({ kind }) => kind)]
  return db
    .selectFrom('finding_touch')
    .innerJoin('finding', 'finding.id', 'finding_touch.finding_id')
    .select('finding.incident_id')
    .where('finding_touch.tenant_no', '=', tenantNo)
    .where((columns) =>
      columns.or(
        kinds.map(([kind, some]) =>
          columns.and([
            columns('finding_touch.subject_kind', '=', kind),
            columns(
              'finding_touch.subject_key',
              'in',
              some.map(({ key }) => key),
            ),
          ]),
        ),
      ),
    )
    .where('finding.seen_at', '>=', since)
    .where('finding.incident_id', 'is not', null)
}

function conditions(columns: Findings, filter: FindingFilter, before: PlaceInTime | undefined): Condition[] {
  const { state, severity, detector, incidentId, from, to, touches } = filter
  return [
    ...(state === undefined ? [] : [columns('state', '=', state)]),
    ...(severity === undefined ? [] : [columns('severity', '>=', SEVERITIES.indexOf(severity))]),
    ...(detector === undefined ? [] : [columns('detector', '=', detector)]),
    ...(incidentId === undefined ? [] : [columns('incident_id', '=', incidentId)]),
    ...(from === undefined ? [] : [columns('detected_at', '>=', from)]),
    ...(to === undefined ? [] : [columns('detected_at', '<', to)]),
    ...(touches === undefined ? [] : [columns('id', 'in', touching(columns, filter.tenantNo, touches))]),
    ...(before === undefined
      ? []
      : [
          columns.or([
            columns('detected_at', '<', before.at),
            columns.and([columns('detected_at', '=', before.at), columns('id', '<', before.id)]),
          ]),
        ]),
  ]
}

function touching(columns: Findings, tenantNo: number, { kind, key }: NonNullable<FindingFilter['touches']>) {
  return columns
    .selectFrom('finding_touch')
    .select('finding_touch.finding_id')
    .where('finding_touch.tenant_no', '=', tenantNo)
    .where('finding_touch.subject_kind', '=', kind)
    .where('finding_touch.subject_key', '=', key)
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
