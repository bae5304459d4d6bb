import type { Milliseconds } from 'tokentrail'
import type { RecordReads } from '../../records/records.ts'
import { AUTOMATIC_TOKENS_PER_HOUR, type Step } from '../../records/responses.ts'
import { foundOf } from '../desk/quiet-time.ts'
import { automaticStep, type Playbook } from './playbook.ts'
import { provenToken } from './proven.ts'

const DAYS = 28
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const PAGE = 500
/** Findings that a rehearsal reads, newest first. */
const FINDINGS_MAX = 10_000

/** What a playbook would have done. */
export interface Rehearsal {
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly findings: number
  /** False where there were more findings than are read. */
  readonly whole: boolean
  readonly steps: readonly {
    readonly step: Step
    readonly times: number
    readonly tokens: number
    /** Beyond the limit per hour: these would have waited for a person. */
    readonly heldBack: number
    /** How people judged the findings. */
    readonly truePositives: number
    readonly falsePositives: number
  }[]
}

/** Runs a playbook over the findings of the last 28 days. Nothing is done. */
export async function rehearse(
  read: Pick<RecordReads, 'findings'>,
  tenantNo: number,
  playbook: Playbook,
  at: Milliseconds,
): Promise<Rehearsal> {
  const from = at - DAYS * DAY_MS
  const findings = await findingsSince(read, tenantNo, from, at + 1)
  const acting = findings.flatMap((finding) => {
    const found = { ...foundOf(finding), detector: foundOf(finding).detector }
    const step = finding.state === 'suppressed' ? undefined : automaticStep(playbook, found)
    return step ? [{ step, finding, token: provenToken(found) ?? 0 }] : []
  })
  const steps = (['throttle', 'suspend'] as const).map((step) => {
    const own = acting.filter((each) => each.step === step)
    const judged = (verdict: string) => own.filter(({ finding }) => finding.verdict === verdict).length
    return {
      step,
      times: own.length,
      tokens: new Set(own.map(({ token }) => token)).size,
      heldBack: beyondLimit(own.map(({ finding }) => finding.detectedAt)),
      truePositives: judged('true_positive'),
      falsePositives: judged('false_positive'),
    }
  })
  return { from, to: at, findings: findings.length, whole: findings.length < FINDINGS_MAX, steps }
}

async function findingsSince(read: Pick<RecordReads, 'findings'>, tenantNo: number, from: Milliseconds, to: Milliseconds) {
  const all: Awaited<ReturnType<RecordReads['findings']>>[number][] = []
  while (all.length < FINDINGS_MAX) {
    const last = all.at(-1)
    const page = await read.findings(
      { tenantNo, from, to },
      { limit: PAGE, ...(last ? { before: { at: last.detectedAt, id: last.id } } : {}) },
    )
    all.push(...page)
    if (page.length < PAGE) break
  }
  return all
}

/** How many times came when the hour before already held as many as it may. */
function beyondLimit(times: readonly Milliseconds[]): number {
  const done: Milliseconds[] = []
  let beyond = 0
  for (const at of times.toSorted((a, b) => a - b)) {
    if (done.filter((other) => at - other < HOUR_MS).length >= AUTOMATIC_TOKENS_PER_HOUR) beyond += 1
    else done.push(at)
  }
  return beyond
}
