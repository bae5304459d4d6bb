import { DECISION_REASONS, OUTCOMES, type DecisionReason, type RejectionClass } from 'tokentrail'
import type { Verdict } from './door.ts'

/** All that follows from a reason, looked up once per validation. */
export interface Said {
  readonly reason: DecisionReason
  readonly id: number
  readonly verdict: Verdict['verdict']
  readonly answer: 'accepted' | RejectionClass
  readonly outcome: number
  readonly isAccepted: boolean
  readonly isFault: boolean
  /** The token has ended: the event is linked to what ended it. */
  readonly isAfterlife: boolean
}

const AFTERLIFE: ReadonlySet<string> = new Set(['consumed', 'revoked', 'superseded', 'locked', 'exhausted', 'expired'])

const SAID: ReadonlyMap<DecisionReason, Said> = new Map(
  Object.entries(DECISION_REASONS).map(([name, { id, class: answer }]) => {
    const isAccepted = answer === 'accepted'
    const said: Said = {
      reason: name as DecisionReason,
      id,
      verdict: isAccepted ? 'accepted' : 'rejected',
      answer,
      outcome: isAccepted ? OUTCOMES.accepted : OUTCOMES.rejected,
      isAccepted,
      isFault: answer === 'unavailable',
      isAfterlife: AFTERLIFE.has(name),
    }
    return [said.reason, said]
  }),
)

/** What a reason says. */
export function saidOf(reason: DecisionReason): Said {
  const said = SAID.get(reason)
  if (!said) throw new TypeError(`reason: ${reason} is none of a decision`)
  return said
}
