import { TOUCHES_MAX, type FindingRecord } from '../../records/findings.ts'
import type { Found, Subject } from '../finding.ts'
import { subjectText } from './identity.ts'
import { graver, rankOf, surer } from './severity.ts'

/** So long after it was first found, the same detector on the same subject says nothing new. */
export const QUIET_MS = 24 * 3_600_000

export const EVIDENCE_MAX = 100

/** Does the finding's quiet time cover what was found? Events may come late, so it reaches as far back. */
export function isQuiet(kept: FindingRecord, found: Found): boolean {
  return Math.abs(found.detectedAt - kept.detectedAt) < QUIET_MS
}

/** Was this said before, by reading the journal again? Then nothing happened since. */
export function isRepetition(kept: FindingRecord, found: Found): boolean {
  if (found.detectedAt > kept.seenAt) return false
  const { evidence } = foundOf(kept)
  return evidence.length >= EVIDENCE_MAX || found.evidence.every((id) => evidence.includes(id))
}

/** Is it graver, or stranger at the same gravity, than what is kept? A bucket that is judged again only rises. */
export function isGraver(kept: FindingRecord, found: Found): boolean {
  const rise = rankOf(found.severity) - rankOf(kept.severity)
  return rise > 0 || (rise === 0 && found.measured.score.value > foundOf(kept).measured.score.value)
}

/** The finding with what was found again. The gravest speaks; evidence adds up to its bound. */
export function merged(kept: FindingRecord, found: Found): FindingRecord {
  const before = foundOf(kept)
  const speaks = rankOf(found.severity) >= rankOf(before.severity) ? found : before
  const now: Found = {
    ...speaks,
    ...evidenceOf(before, found),
    from: Math.min(before.from, found.from),
    to: Math.max(before.to, found.to),
    detectedAt: kept.detectedAt,
    touches: touchesOf(before, found),
  }
  return {
    ...kept,
    severity: graver(kept.severity, found.severity),
    confidence: surer(kept.confidence, found.confidence),
    from: now.from,
    to: now.to,
    seenAt: Math.max(kept.seenAt, found.detectedAt),
    found: JSON.stringify(now),
    touches: touchesOf({ subject: kept.subject, touches: kept.touches }, found),
  }
}

/** Subject first, then what else is touched, each once, up to the bound. */
export function touchesOf(...some: readonly Pick<Found, 'subject' | 'touches'>[]): readonly Subject[] {
  const subjects = some.flatMap(({ subject, touches }) => [subject, ...touches])
  return [...new Map(subjects.map((each) => [subjectText(each), each])).values()].slice(0, TOUCHES_MAX)
}

/** What the detector said, as it is kept. */
export function foundOf(record: Pick<FindingRecord, 'found'>): Found {
  return JSON.parse(record.found)
}

/** Of one period a detector tells all it has so far; of another only what is new. What both name is counted once. */
function evidenceOf(before: Found, found: Found): Pick<Found, 'evidence' | 'evidenceCount'> {
  const known = new Set(before.evidence)
  const fresh = found.evidence.filter((id) => !known.has(id))
  const overlap = found.evidence.length - fresh.length
  const isSamePeriod = found.from === before.from || (fresh.length === 0 && overlap > 0)
  const sum = before.evidenceCount + Math.max(0, found.evidenceCount - overlap)
  return {
    evidence: [...before.evidence, ...fresh].slice(0, EVIDENCE_MAX),
    evidenceCount: isSamePeriod ? Math.max(before.evidenceCount, found.evidenceCount) : sum,
  }
}
