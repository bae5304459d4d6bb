import type { Found } from '../../../src/detect/finding.ts'
import type { Front } from '../../http/support.ts'

/** A finding about a token, as a detector says it. */
export function foundOf(front: Front, tokenNo: number, differs: Partial<Found> = {}): Found {
  const at = front.clock.now()
  const subject = { kind: 'token', key: String(tokenNo) } as const
  return {
    tenant: front.own.no,
    detector: 'guess-then-hit',
    severity: 'critical',
    confidence: 'high',
    subject,
    from: at,
    to: at,
    detectedAt: at,
    measured: { observed: 1, expected: null, score: { value: 1, unit: 'exact' } },
    facts: {},
    features: [],
    unless: [],
    evidence: [],
    evidenceCount: 1,
    caveats: [],
    touches: [subject],
    ...differs,
  }
}

/** Number of a token. */
export async function numberOf(front: Front, id: string): Promise<number> {
  const token = await front.records.read.token(front.own.no, id)
  if (!token) throw new TypeError(`there is no token ${id}`)
  return token.no
}

/** The desk keeps a finding about a token; its id. */
export async function findingAbout(front: Front, id: string, differs: Partial<Found> = {}): Promise<string> {
  const found = foundOf(front, await numberOf(front, id), differs)
  await front.desk.take([found])
  const kept = await front.records.read.latestFinding(front.own.no, found.detector, found.subject)
  if (!kept) throw new TypeError('the finding was not kept')
  return kept.id
}
