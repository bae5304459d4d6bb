import type { FindingRecord, PlaceInTime } from '../../../records/findings.ts'
import type { ResponseRecord } from '../../../records/responses.ts'
import { between } from '../events-of.ts'
import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface DispositionRow {
  readonly finding: string
  readonly detector: string
  readonly version: number
  readonly severity: string
  readonly confidence: string
  readonly detectedAt: number
  readonly openedAt: number
  readonly notice: string
  readonly state: string
  readonly verdict: string | null
  readonly decidedAt: MaybeTime
  readonly decidedMs: number | null
  readonly responses: number
  readonly appliedAt: MaybeTime
  readonly incident: string | null
}

const PAGE = 200

/** From what was found to what somebody decided. */
export const findingsToDisposition: EvidenceQuestion<DispositionRow> = {
  id: 'Q15',
  answers: 'What was found, who was told, what was decided about it, and how good the detectors are',
  from: ['S', 'R'],
  params: { incident: '' },
  columns: {
    finding: C.ref('id of the finding'),
    detector: C.word('detector or rule'),
    version: C.count('its version'),
    severity: C.word('how grave'),
    confidence: C.word('how sure'),
    detectedAt: C.time('when it could first be known'),
    openedAt: C.time('when it was opened here'),
    notice: C.word('sent, held back by the budget, or none'),
    state: C.word('state as the records stand now'),
    verdict: C.word('what a person said it is'),
    decidedAt: C.time('when it was closed or suppressed'),
    decidedMs: C.duration('from its opening to that decision'),
    responses: C.count('responses that were proposed'),
    appliedAt: C.time('when the first of them was applied'),
    incident: C.ref('incident that it belongs to'),
  },
  key: 'finding',
  figures: [
    { name: 'findings', says: 'findings of the window' },
    { name: 'notices', says: 'of them with a notice that went out', where: { notice: 'sent' }, share: 'findings' },
    { name: 'held-back', says: 'of them whose notice the budget held back', where: { notice: 'held back' }, share: 'findings' },
    { name: 'decided', says: 'of them closed or suppressed', where: { decidedAt: { some: true } }, share: 'findings' },
    { name: 'open', says: 'of them still open', where: { state: ['open', 'acknowledged'] }, share: 'findings' },
    { name: 'true-positives', says: 'judged as true', where: { verdict: 'true_positive' } },
    { name: 'false-positives', says: 'judged as false', where: { verdict: 'false_positive' } },
    { name: 'longest-decision-ms', says: 'longest time to a decision, ms', max: 'decidedMs' },
    {
      name: 'responded',
      says: 'of them with a response that was applied',
      where: { appliedAt: { some: true } },
      share: 'findings',
    },
  ],
  method: 'exact: the records as they stand now; findings by when they could first be known',
  cannotShow: 'what no detector found, and the quality of a judgement; recall on real attacks is not known',
  async *rows({ incident }, reader) {
    let before: PlaceInTime | undefined
    for (;;) {
      const page = await reader.read.findings(
        { tenantNo: reader.tenantNo, ...reader.seen, ...(incident === '' ? {} : { incidentId: incident }) },
        { limit: PAGE, ...(before ? { before } : {}) },
      )
      await reader.tokensOf(page.flatMap(({ subject }) => (subject.kind === 'token' ? [Number(subject.key)] : [])))
      for (const finding of page) if (!isHidden(finding, reader)) yield rowOf(finding, await responsesOf(finding, reader))
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) return
      before = { at: last.detectedAt, id: last.id }
    }
  },
}

/** What only readers of canaries see, and what is about somebody whose data is restricted. */
function isHidden({ detector, subject: { kind, key } }: FindingRecord, reader: EvidenceReader): boolean {
  if (detector === 'canary') return true
  return kind === 'token' ? reader.hides({ token: Number(key) }) : kind === 'owner' && reader.hides({ owner: Number(key) })
}

function responsesOf({ id }: FindingRecord, { read, tenantNo }: EvidenceReader): Promise<readonly ResponseRecord[]> {
  return read.responses({ tenantNo, findingId: id }, { limit: PAGE })
}

function rowOf(finding: FindingRecord, responses: readonly ResponseRecord[]): DispositionRow {
  const decidedAt = finding.state === 'closed' || finding.state === 'suppressed' ? finding.changedAt : null
  const applied = responses.flatMap(({ appliedAt }) => (appliedAt === null ? [] : [appliedAt]))
  return {
    finding: finding.id,
    detector: finding.detector,
    version: finding.detectorVersion,
    severity: finding.severity,
    confidence: finding.confidence,
    detectedAt: finding.detectedAt,
    openedAt: finding.openedAt,
    notice: finding.notice,
    state: finding.state,
    verdict: finding.verdict,
    decidedAt,
    decidedMs: between(finding.openedAt, decidedAt),
    responses: responses.length,
    appliedAt: applied.length === 0 ? null : Math.min(...applied),
    incident: finding.incidentId,
  }
}
