import { FLAGS, TYPES, type Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import { blankEvent } from '../../event/row.ts'
import type { Citing } from '../../metrics/suspicious.ts'
import type { FindingRecord, Suppression } from '../../records/findings.ts'
import type { Actor, RecordActions, Records } from '../../records/records.ts'
import { CONFIDENCES, SEVERITIES, type Found } from '../finding.ts'
import { type BlastRadius, blastRadiusOf } from './blast-radius.ts'
import { NOTICES_PER_WEEK, NOTICES_SETTING } from './budget.ts'
import { createCiting } from './cited.ts'
import { createDocket, type Hit, type NoticeSent } from './docket.ts'
import { foundOf, QUIET_MS, touchesOf } from './quiet-time.ts'
import { findingId, subjectText } from './identity.ts'
import { JOIN_MS } from './incidents.ts'
import type { DeskParts } from './parts.ts'
import { type Precision, precisionOf } from './precision.ts'
import { suppressionFrom, type SuppressionWish } from './suppressions.ts'
import { type FindingDetail, type FindingView, type IncidentView, createViews } from './view.ts'

type Triage = Parameters<RecordActions['triageFinding']>[0]['change']

/** Where findings arrive, are kept, are read and are judged by people. */
export interface Desk {
  /**
   * Takes what detectors found. Resolves when it is durable; saying the same again changes nothing, so a detector that
   * reads its journal again after a crash doubles nothing. Rejects with `records_unavailable`: say it again.
   */
  take(found: readonly Found[]): Promise<void>
  /** Hears of each notice after it is durable: within the tenant's budget, or exempt from it. */
  onNotice(listener: (tenantNo: number, notice: NoticeSent) => void): () => void
  triage(tenantNo: number, id: string, change: Triage, actor: Actor): Promise<FindingRecord>
  suppress(
    tenantNo: number,
    id: string,
    wish: SuppressionWish,
    actor: Actor,
  ): Promise<{ readonly finding: FindingRecord; readonly suppression: Suppression }>
  /** Findings for people: sentences, names, in the reader's zone. */
  views(tenantNo: number, findings: readonly FindingRecord[], zone?: string): Promise<readonly FindingView[]>
  detail(tenantNo: number, finding: FindingRecord, zone?: string): Promise<FindingDetail>
  incident(tenantNo: number, id: string, zone?: string): Promise<IncidentView>
  precision(tenantNo: number, window: { readonly from: Milliseconds; readonly to: Milliseconds }): Promise<Precision>
  /** What findings cite, for metrics. */
  readonly citing: Citing
  blastRadius(tenantNo: number, tokenId: string, options?: { readonly signal?: AbortSignal }): Promise<BlastRadius>
}

/** Findings that are judged and written in one transaction: few, because whoever spends a token waits behind them. */
const BATCH_MAX = 25
/** Incidents that a batch may join. */
const INCIDENTS_MAX = 200
/** How often a batch is judged anew because somebody changed a finding in between. */
const TRIES = 5

/** Opens the desk. Batches are taken one after another. */
export function createDesk(parts: DeskParts): Desk {
  const { records, clock, log } = parts
  const listeners = new Set<(tenantNo: number, notice: NoticeSent) => void>()
  const views = createViews(parts)
  let last: Promise<unknown> = Promise.resolve()

  async function takeAll(found: readonly Found[]): Promise<void> {
    for (const [tenantNo, some] of Map.groupBy(found, ({ tenant }) => tenant)) {
      for (let from = 0; from < some.length; from += BATCH_MAX) await takeBatch(tenantNo, some.slice(from, from + BATCH_MAX))
    }
  }

  async function takeBatch(tenantNo: number, found: readonly Found[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await judge(tenantNo, found)
      } catch (error) {
        const code = error instanceof TrailError ? error.code : 'internal'
        if (code === 'finding_changed' && tries < TRIES) continue
        if (code === 'finding_changed' || code === 'records_unavailable') throw error
        return leaveOut(tenantNo, found, error)
      }
    }
  }

  /** What can never be kept must not hold up the rest: it is looked for one by one, said, and left out. */
  async function leaveOut(tenantNo: number, found: readonly Found[], error: unknown): Promise<void> {
    if (found.length > 1) for (const each of found) await takeBatch(tenantNo, [each])
    else log.error({ err: error, tenantNo, detector: found[0]?.detector }, 'a finding cannot be kept and was left out')
  }

  async function judge(tenantNo: number, found: readonly Found[]): Promise<void> {
    const tenant = await records.read.tenant(tenantNo)
    if (!tenant) return log.warn({ tenantNo, findings: found.length }, 'findings of a tenant that does not exist were dropped')
    const at = clock.now()
    const docket = createDocket(await docketState(records, tenantNo, found, at))
    for (const each of found) docket.take(each, at)
    const changes = docket.changes()
    if (changes.findings.length === 0) return
    await records.act('keepFindings', { ...changes, at })
    await Promise.all(docket.hits.map((hit) => noteHit(parts, hit, tenant.retention, at)))
    for (const notice of docket.notices) tell(tenantNo, notice)
  }

  function tell(tenantNo: number, notice: NoticeSent): void {
    for (const listener of listeners) {
      try {
        listener(tenantNo, notice)
      } catch (error) {
        log.error({ err: error, incident: notice.incident.id }, 'a listener of notices failed')
      }
    }
  }

  return {
    take(found) {
      const sound = found.filter(isSound)
      if (sound.length < found.length)
        log.error({ count: found.length - sound.length }, 'findings without a time or a severity were left out')
      const done = last.then(() => takeAll(sound))
      last = done.catch(() => undefined)
      return done
    },
    onNotice(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    triage: (tenantNo, id, change, actor) => records.act('triageFinding', { tenantNo, id, change, at: clock.now(), actor }),
    async suppress(tenantNo, id, wish, actor) {
      const finding = await records.read.finding(tenantNo, id)
      if (!finding) throw new TrailError('not_found', 'There is no finding of this id here.', { input: 'id' })
      const at = clock.now()
      return records.act('suppressFinding', { tenantNo, id, suppression: suppressionFrom(finding, wish, at), at, actor })
    },
    views: views.findings,
    detail: views.detail,
    incident: views.incident,
    precision: (tenantNo, window) => precisionOf(records.read, tenantNo, window),
    citing: createCiting(records.read),
    blastRadius: (tenantNo, tokenId, options) => blastRadiusOf(parts, tenantNo, tokenId, options),
  }
}

/** A slip of a detector must not stop the others: what has no time or gravity cannot be judged. */
function isSound({ from, to, detectedAt, severity, confidence }: Found): boolean {
  return [from, to, detectedAt].every(Number.isSafeInteger) && SEVERITIES.includes(severity) && CONFIDENCES.includes(confidence)
}

/** Everything that the batch may meet: findings of its subjects, incidents of its time, suppressions, and the budget. */
async function docketState({ read }: Records, tenantNo: number, found: readonly Found[], at: Milliseconds) {
  const series = new Map(found.map((each) => [`${each.detector} ${subjectText(each.subject)}`, each]))
  const [same, latest, suppressions, credit, setting] = await Promise.all([
    Promise.all([...new Set(found.map(findingId))].map((id) => read.finding(tenantNo, id))),
    Promise.all([...series.values()].map(({ detector, subject }) => read.latestFinding(tenantNo, detector, subject))),
    read.suppressions(tenantNo, at),
    read.noticeCredit(tenantNo),
    read.setting(tenantNo, NOTICES_SETTING),
  ])
  const findings = [...new Map([...same, ...latest].flatMap((each) => (each ? [[each.id, each]] : []))).values()]
  const incidents = await incidentsNear(read, tenantNo, found, findings)
  const perWeek = Number(setting ?? NOTICES_PER_WEEK)
  return {
    tenantNo,
    findings,
    incidents,
    suppressions,
    credit,
    noticesPerWeek: Number.isFinite(perWeek) ? perWeek : NOTICES_PER_WEEK,
  }
}

async function incidentsNear(
  read: Records['read'],
  tenantNo: number,
  found: readonly Found[],
  findings: readonly FindingRecord[],
) {
  const times = found.map(({ detectedAt }) => detectedAt)
  const from = Math.min(...times) - Math.max(JOIN_MS, QUIET_MS)
  const subjects = new Map(found.flatMap((each) => touchesOf(each)).map((each) => [subjectText(each), each]))
  const near = await read.incidentsTouching(tenantNo, [...subjects.values()], from, INCIDENTS_MAX)
  const known = new Set(near.map(({ id }) => id))
  const missing = [...new Set(findings.flatMap(({ incidentId }) => (incidentId && !known.has(incidentId) ? [incidentId] : [])))]
  const own = await Promise.all(missing.map((id) => read.incident(tenantNo, id)))
  return [...near, ...own.flatMap((each) => each ?? [])]
}

/** 304, a counted event: the finding is kept, and nobody is told. */
function noteHit(
  { journal }: DeskParts,
  { finding, suppression, at: foundAt }: Hit,
  retention: number,
  at: Milliseconds,
): Promise<unknown> {
  const { kind, key } = finding.subject
  const { canary } = FLAGS
  return journal.append({
    ...blankEvent(),
    tenant: finding.tenantNo,
    retention,
    type: TYPES['finding.suppressed'].id,
    flags: foundOf(finding).detector === 'canary' ? canary : 0,
    occurredAt: at,
    tokenNo: kind === 'token' && /^\d{1,15}$/.test(key) ? Number(key) : 0,
    detail: JSON.stringify({ finding: finding.id, detector: finding.detector, suppression: suppression.id, foundAt }),
  })
}
