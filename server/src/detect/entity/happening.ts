import { DECISION_REASONS, FLAGS, KINDS, OUTCOMES, TYPES, type DecisionReason, type TypeName } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'

/** What an event means to the entity detectors. */
export type Happening =
  /** An access token was accepted. */
  | 'accepted'
  /** A single-use token was accepted, or would have been (`check`). */
  | 'won'
  | 'replayed'
  /** A proven token after its end. */
  | 'ended'
  | 'forbidden'
  /** Nobody's credential, or a wrong secret. */
  | 'failed'
  | 'canary'
  | 'issued'
  | 'rotated'
  | 'widened'
  | 'revoked'
  | 'sent'
  | 'locked'
  | 'limited'
  | 'refused reading'
  | 'missing'
  | 'leaked'
  | 'purged'

const BY_TYPE: Readonly<Partial<Record<TypeName, Happening>>> = {
  'token.issued': 'issued',
  'token.rotated': 'rotated',
  'token.superseded': 'rotated',
  'token.scopes_changed': 'widened',
  'token.revoked': 'revoked',
  'token.resumed': 'revoked',
  'token.sent': 'sent',
  'token.locked': 'locked',
  'limit.left': 'limited',
  'reading.rejected': 'refused reading',
  'principal.sign_in_rejected': 'refused reading',
  'loss.declared': 'missing',
  'gap.found': 'missing',
  'leak.reported': 'leaked',
  'token.purged': 'purged',
}
const FACTS = new Map(Object.entries(BY_TYPE).map(([type, what]) => [TYPES[type as TypeName].id as number, what]))

const OF_REASON: Readonly<Partial<Record<DecisionReason, Happening>>> = {
  canary: 'canary',
  consumed: 'replayed',
  revoked: 'ended',
  superseded: 'ended',
  expired: 'ended',
}
const REJECTED = new Map(
  Object.entries(DECISION_REASONS).map(([name, { id, class: kind }]) => [
    id as number,
    OF_REASON[name as DecisionReason] ?? (kind === 'forbidden' ? ('forbidden' as const) : undefined),
  ]),
)
const FAILED: ReadonlySet<number> = new Set(
  (['too_long', 'malformed', 'bad_checksum', 'unknown', 'wrong_secret', 'wrong_audience'] as const).map(
    (reason) => DECISION_REASONS[reason].id,
  ),
)

/** What an event means here; `undefined` for what no entity detector looks at. */
export function happeningOf(event: EventRow): Happening | undefined {
  if (event.outcome === OUTCOMES.none || event.type >= TYPES['finding.opened'].id) return FACTS.get(event.type)
  if ((event.flags & FLAGS.canary) !== 0) return 'canary'
  if (event.outcome === OUTCOMES.accepted) return acceptance(event)
  if (event.tokenNo === 0) return FAILED.has(event.reason) ? 'failed' : undefined
  return REJECTED.get(event.reason)
}

function acceptance(event: EventRow): Happening | undefined {
  if (event.tokenNo === 0) return undefined
  return isSingleUse(event) ? 'won' : 'accepted'
}

/** Is the token of a kind that is used once? */
export function isSingleUse({ kind }: EventRow): boolean {
  return kind === KINDS.action || kind === KINDS.validation
}
