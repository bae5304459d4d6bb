import type { Milliseconds } from 'tokentrail'
import type { Share } from '../../query/answer.ts'
import { shareOf } from '../../query/wilson.ts'
import type { FindingCount, Notice, Verdict } from '../../records/findings.ts'
import type { RecordReads } from '../../records/records.ts'

/** How good a detector is in this tenant, by what people said of its findings. */
export interface DetectorPrecision {
  readonly detector: string
  readonly version: number
  /** Without suppressed ones, tests and duplicates. */
  readonly findings: number
  /** True positives ÷ (true + false positives); `null` while nobody judged. */
  readonly precision: Share | null
  /** Findings with a verdict that tells something ÷ findings. */
  readonly coverage: Share | null
  readonly verdicts: Readonly<Record<Verdict | 'none', number>>
  readonly suppressed: number
  /** So many false positives that its setting should be looked at; nothing changes by itself. */
  readonly reviewSetting: boolean
}

export interface Precision {
  readonly window: { readonly from: Milliseconds; readonly to: Milliseconds }
  readonly detectors: readonly DetectorPrecision[]
  readonly all: Omit<DetectorPrecision, 'detector' | 'version'>
  /** Incidents by what became of their notice. */
  readonly notices: Readonly<Record<Notice, number>>
}

const FALSE_POSITIVES_REVIEW = 5

/** Precision of every detector over the findings of a window. Recall is not known, and not claimed. */
export async function precisionOf(
  read: RecordReads,
  tenantNo: number,
  window: { readonly from: Milliseconds; readonly to: Milliseconds },
): Promise<Precision> {
  const [counts, notices] = await Promise.all([read.findingCounts(tenantNo, window), read.noticeCounts(tenantNo, window)])
  const groups = Map.groupBy(counts, ({ detector, detectorVersion }) => JSON.stringify([detector, detectorVersion]))
  const detectors = [...groups.values()].map((some) => ({
    detector: some[0]?.detector ?? '',
    version: some[0]?.detectorVersion ?? 0,
    ...figuresOf(some),
  }))
  return { window, detectors, all: figuresOf(counts), notices }
}

function figuresOf(counts: readonly FindingCount[]): Omit<DetectorPrecision, 'detector' | 'version'> {
  const verdicts = { false_positive: 0, true_positive: 0, unclear: 0, benign: 0, test: 0, duplicate: 0, none: 0 }
  let suppressed = 0
  for (const { state, verdict, count } of counts) {
    if (state === 'suppressed') suppressed += count
    else verdicts[verdict ?? 'none'] += count
  }
  const { true_positive: right, false_positive: wrong, benign, unclear, none } = verdicts
  const findings = right + wrong + benign + unclear + none
  return {
    findings,
    precision: shareOf(right, right + wrong),
    coverage: shareOf(right + wrong + benign, findings),
    verdicts,
    suppressed,
    reviewSetting: wrong >= FALSE_POSITIVES_REVIEW,
  }
}
