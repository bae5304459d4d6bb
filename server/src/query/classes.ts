import { DECISION_REASONS, TYPES, type DecisionReason, type ReasonClass } from 'tokentrail'

const REASONS = Object.values(DECISION_REASONS)

/** Validations, consuming or not. */
export const IS_ATTEMPT = `type IN (${TYPES['token.validated'].id}, ${TYPES['token.consumed'].id})`

/** Whether integers of the store say a validation, consuming or not. */
export function isAttempt({ type }: { readonly type: number }): boolean {
  return type === TYPES['token.validated'].id || type === TYPES['token.consumed'].id
}

/** Name of a decision's class; '' where nothing was decided or the reason is of a newer version. */
export const CLASS = `multiIf(outcome = 1, 'accepted', outcome = 2, transform(reason,
  [${REASONS.map((reason) => reason.id).join(', ')}], [${REASONS.map((reason) => `'${classOfRejection(reason.class)}'`).join(', ')}], ''), '')`

/** A rejection is never `accepted`, whatever a foreign writer gave as its reason. */
function classOfRejection(name: ReasonClass): string {
  return name === 'accepted' ? '' : name
}

/** The class of what was decided, by the integers of the store; null where nothing was. */
export function classOf(outcome: number, reason: number): ReasonClass | null {
  if (outcome === 1) return 'accepted'
  const found = outcome === 2 ? REASONS.find((each) => each.id === reason)?.class : undefined
  return found === undefined || found === 'accepted' ? null : found
}

/** The integers of all reasons of a class. */
export function reasonsOf(name: ReasonClass): readonly number[] {
  return REASONS.filter((reason) => reason.class === name).map((reason) => reason.id)
}

/** `1, 2, 3` for `reason IN (…)`. */
export function idsOf(...names: readonly DecisionReason[]): string {
  return names.map((name) => DECISION_REASONS[name].id).join(', ')
}
