import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { FindingRecord, NewSuppression, Suppression } from '../../records/findings.ts'
import type { Fact, Found } from '../finding.ts'
import { described } from './described.ts'
import { foundOf } from './quiet-time.ts'

/** No suppression outlives this: what is forgotten comes back. */
export const SUPPRESSION_MS_MAX = 90 * 86_400_000

/** What a person asks for, from a finding. */
export interface SuppressionWish {
  readonly reason: string
  readonly until: Milliseconds
  /** Name of a fact whose value must be the same. */
  readonly fact?: string
  /** Any subject, then a fact is needed. */
  readonly anySubject?: boolean
}

/** The suppression in force that covers what was found. */
export function suppressionOf(suppressions: Iterable<Suppression>, found: Found, at: Milliseconds): Suppression | undefined {
  for (const suppression of suppressions) if (covers(suppression, found, at)) return suppression
  return undefined
}

/** The suppression that a person's wish makes; wishes that are too wide or too long are refused. */
export function suppressionFrom(finding: FindingRecord, wish: SuppressionWish, at: Milliseconds): NewSuppression {
  const { reason, until: endsAt } = wish
  if (endsAt <= at || endsAt > at + SUPPRESSION_MS_MAX)
    throw new TrailError('time_invalid', 'A suppression ends in the future, at most 90 days from now.', { input: '/until' })
  const value = wish.fact === undefined ? null : valueOf(foundOf(finding), wish.fact)
  if (wish.anySubject && value === null)
    throw new TrailError('parameter_invalid', 'A suppression for any subject needs a fact whose value it is about.', {
      input: '/fact',
    })
  const needsApproval = described(finding.detector).exact && finding.severity === 'critical'
  return { detector: finding.detector, subject: wish.anySubject ? null : finding.subject, value, reason, endsAt, needsApproval }
}

function covers(suppression: Suppression, found: Found, at: Milliseconds): boolean {
  const { detector, subject, value, endsAt, needsApproval, approverNo } = suppression
  if (detector !== found.detector || endsAt <= at || (needsApproval && approverNo === null)) return false
  if (subject && (subject.kind !== found.subject.kind || subject.key !== found.subject.key)) return false
  return value === null || Object.entries(found.facts).some(([name, fact]) => factText(name, fact) === value)
}

function valueOf({ facts }: Found, name: string): string {
  const fact = Object.hasOwn(facts, name) ? facts[name] : undefined
  if (fact) return factText(name, fact)
  throw new TrailError('parameter_invalid', `The finding has no such fact; it has ${Object.keys(facts).join(', ')}.`, {
    input: '/fact',
  })
}

/** A fact with its name: a number of uses is not a number of networks. */
function factText(name: string, { as, value }: Fact): string {
  return `${name}=${as}:${value}`
}
