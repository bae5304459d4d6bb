import { DECISION_REASONS, TYPES, type Milliseconds, type ReasonClass } from 'tokentrail'
import { classOf } from '../query/classes.ts'

/** A sum of events of one step and key that are alike. */
export interface Alike {
  readonly start: number
  readonly key: string
  readonly type: number
  readonly outcome: number
  readonly reason: number
  readonly population: number
  readonly n: number
}

type Holds = (row: Alike) => boolean

/** How a figure is made: a count, a share of two counts, or a count per minute. */
interface Formula {
  readonly unit: string
  readonly doc: string
  readonly counts: Holds
  readonly of?: Holds
  readonly perMinute?: true
}

const isAttempt: Holds = ({ type, outcome, reason }) =>
  (type === TYPES['token.validated'].id || type === TYPES['token.consumed'].id) && classOf(outcome, reason) !== null
const ofClass =
  (...groups: readonly ReasonClass[]): Holds =>
  (row) => {
    const group = isAttempt(row) ? classOf(row.outcome, row.reason) : null
    return group !== null && groups.includes(group)
  }
const judged = ofClass('accepted', 'invalid', 'forbidden')
const accepted = ofClass('accepted')
const attributed =
  (holds: Holds): Holds =>
  (row) =>
    row.population === 1 && holds(row)

/** What can be shown over time as counts and shares. Latency stands beside, for it is no sum. */
export const FORMULAS = {
  attempts: { unit: 'attempts', doc: 'validations and consumptions', counts: isAttempt },
  accepted: { unit: 'attempts', doc: 'attempts that were accepted', counts: accepted },
  failed: { unit: 'attempts', doc: 'rejected as invalid or forbidden', counts: ofClass('invalid', 'forbidden') },
  invalid: { unit: 'attempts', doc: 'rejected because the credential is no good', counts: ofClass('invalid') },
  forbidden: { unit: 'attempts', doc: 'rejected because the request is not allowed', counts: ofClass('forbidden') },
  throttled: { unit: 'attempts', doc: 'rejected by a limit', counts: ofClass('throttled') },
  unavailable: { unit: 'attempts', doc: 'rejected by a fault of ours', counts: ofClass('unavailable') },
  replays: {
    unit: 'attempts',
    doc: 'rejected as consumed',
    counts: (row) => ofClass('invalid')(row) && row.reason === DECISION_REASONS.consumed.id,
  },
  successRate: {
    unit: 'share',
    doc: 'accepted ÷ (accepted + invalid + forbidden), attributed',
    counts: attributed(accepted),
    of: attributed(judged),
  },
  successRateAll: { unit: 'share', doc: 'the same over both populations', counts: accepted, of: judged },
  errorShare: { unit: 'share', doc: 'unavailable ÷ attempts', counts: ofClass('unavailable'), of: isAttempt },
  pressure: {
    unit: 'rejections per minute',
    doc: 'unattributed rejections per minute',
    counts: (row) => row.population === 2 && row.outcome === 2 && isAttempt(row),
    perMinute: true,
  },
  issued: { unit: 'tokens', doc: 'tokens issued', counts: ({ type }) => type === TYPES['token.issued'].id },
  revoked: { unit: 'tokens', doc: 'tokens revoked', counts: ({ type }) => type === TYPES['token.revoked'].id },
} as const satisfies Record<string, Formula>

/** Types that the formulas read. */
export const FORMULA_TYPES = [
  TYPES['token.issued'].id,
  TYPES['token.revoked'].id,
  TYPES['token.validated'].id,
  TYPES['token.consumed'].id,
] as const

export interface Figure {
  readonly value: number
  readonly numerator?: number
  readonly denominator?: number
}

/** The figure of one step; null for a share of nothing. */
export function figureOf(name: keyof typeof FORMULAS, rows: readonly Alike[], stepMs: Milliseconds): Figure | null {
  const formula: Formula = FORMULAS[name]
  const sum = (holds: Holds): number => rows.filter(holds).reduce((total, { n }) => total + n, 0)
  const count = sum(formula.counts)
  if (formula.perMinute) return { value: count / (stepMs / 60_000), numerator: count }
  if (formula.of === undefined) return { value: count }
  const denominator = sum(formula.of)
  return denominator === 0 ? null : { value: count / denominator, numerator: count, denominator }
}
