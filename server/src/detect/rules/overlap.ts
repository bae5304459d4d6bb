import type { Milliseconds } from 'tokentrail'
import type { FindingRecord, FindingReads, Subject, Verdict } from '../../records/findings.ts'

/** A finding as a back-test counts it: a subject and a day (UTC, days since 1970-01-01). */
export interface SubjectDay extends Subject {
  readonly day: number
}

/** How much of what a rule would have found was found anyway, and what people said of that. */
export interface Overlap {
  /** Findings of the back-test that were compared; fewer than all beyond `SUBJECT_DAYS_MAX`. */
  readonly compared: number
  /** Of these, how many a finding of another detector or rule touches on the same day. */
  readonly met: number
  readonly findings: number
  readonly incidents: number
  /** Those findings by their verdict; `none` is not judged yet. */
  readonly verdicts: Readonly<Partial<Record<Verdict | 'none', number>>>
  /** False where the window holds more findings than were read. */
  readonly complete: boolean
}

/** Findings of a back-test that are compared with those that exist. */
export const SUBJECT_DAYS_MAX = 10_000
const FINDINGS_MAX = 50_000
const PAGE = 1_000
const DAY_MS = 86_400_000

/** Compares what a rule would have found with the findings of the same window; its own are left out. */
export async function overlapOf(
  read: Pick<FindingReads, 'findingsInSpan'>,
  tenantNo: number,
  window: { readonly from: Milliseconds; readonly to: Milliseconds },
  days: readonly SubjectDay[],
  ownDetector: string,
): Promise<Overlap> {
  const asked = new Set(days.slice(0, SUBJECT_DAYS_MAX).map(nameOf))
  const tally = { met: new Set<string>(), incidents: new Set<string>(), verdicts: {} as Record<string, number>, findings: 0 }
  let seen = 0
  let after = ''
  while (seen < FINDINGS_MAX) {
    const page = await read.findingsInSpan(tenantNo, window, { after, limit: PAGE })
    for (const finding of page) if (finding.detector !== ownDetector) count(tally, finding, asked)
    seen += page.length
    after = page.at(-1)?.id ?? ''
    if (page.length < PAGE) break
  }
  return {
    compared: asked.size,
    met: tally.met.size,
    findings: tally.findings,
    incidents: tally.incidents.size,
    verdicts: tally.verdicts,
    complete: seen < FINDINGS_MAX,
  }
}

interface Tally {
  readonly met: Set<string>
  readonly incidents: Set<string>
  readonly verdicts: Record<string, number>
  findings: number
}

function count(tally: Tally, finding: FindingRecord, asked: ReadonlySet<string>): void {
  const met = daysOf(finding).filter((name) => asked.has(name))
  if (met.length === 0) return
  for (const name of met) tally.met.add(name)
  if (finding.incidentId !== null) tally.incidents.add(finding.incidentId)
  const verdict = finding.verdict ?? 'none'
  tally.verdicts[verdict] = (tally.verdicts[verdict] ?? 0) + 1
  tally.findings += 1
}

/** Every subject that a finding touches, on each day of its span. */
function daysOf({ touches, from, to }: FindingRecord): readonly string[] {
  const first = Math.floor(from / DAY_MS)
  const last = Math.min(Math.floor(to / DAY_MS), first + SPAN_DAYS_MAX)
  return touches.flatMap(({ kind, key }) =>
    Array.from({ length: last - first + 1 }, (_, i) => nameOf({ kind, key, day: first + i })),
  )
}

/** Days of one finding that are looked at. */
const SPAN_DAYS_MAX = 35

function nameOf({ kind, key, day }: SubjectDay): string {
  return `${kind} ${key} ${day}`
}
