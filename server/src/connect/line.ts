import {
  ACTORS,
  DECISION_REASONS,
  FACT_REASONS,
  KINDS,
  OUTCOMES,
  reasonId,
  TYPES,
  type DecisionReason,
  type FactReason,
  type IngestEvent,
  type Milliseconds,
  type Outcome,
  type Reason,
  type TypeName,
} from 'tokentrail'
import { TrailError } from '../errors.ts'
import { holdsSecret, type Mark } from '../privacy/secrets.ts'
import { FIELDS, type FieldName } from './fields.ts'

/** One line, checked: what it says is possible, bounded and free of secrets. */
export interface Line {
  /** Every field as it was given, in its normal form. */
  readonly given: Omit<IngestEvent, 'at' | 'type' | 'outcome' | 'reason' | 'detail'>
  readonly at: Milliseconds
  readonly type: TypeName
  /** The type as it was named; differs from `type` when that is `other`. */
  readonly typeText: string
  readonly outcome: Outcome
  readonly reason: Reason
  readonly detail: Readonly<Record<string, unknown>> | undefined
  /** Names of fields that the registry does not know: what stood there was dropped. */
  readonly dropped: readonly string[]
}

/** Checks one line of `POST /v1/events`; `mark` says what stands in the place of a secret. Throws a TrailError that names the field. */
export function parseLine(value: unknown, mark?: Mark): Line {
  const { given, dropped } = checkedFields(value, mark)
  const { at, type: typeText = 'token.validated', outcome, reason, detail, ...rest } = given
  if (at === undefined) throw invalid('/at', 'a time: RFC 3339 or milliseconds since 1970', 'Give every event its time.')
  const type = acceptedType(typeText)
  if (typeText === LOSS) checkLoss(reason)
  const decided = DECISIONS.has(type) ? decision(type, outcome, reason) : fact(type, outcome, reason)
  if (NEEDS_TOKEN.has(type) && rest.token === undefined)
    throw invalid('/token', `the public id of the token that ${typeText} is about`, 'Add it, or send another type.')
  return { given: rest, at: Number(at), type, typeText, ...decided, detail, dropped }
}

/** A client's word that it lost events. The journal declares the loss; the line itself is kept as `other`, so nothing is declared twice. */
export const LOSS = 'loss.declared'

/** Types that others may report. All else is ours to say, and from outside it is kept as `other`: nobody forges our trail. */
const OUTSIDE = new Set<TypeName>(
  (Object.keys(TYPES) as TypeName[]).filter(
    (type) => (/^(?:token|limit)\./.test(type) && type !== 'token.purged' && type !== 'token.imported') || type === 'page.viewed',
  ),
)
const DECISIONS = new Set<TypeName>(['token.validated', 'token.consumed'])
const NEEDS_TOKEN = new Set<TypeName>([...OUTSIDE].filter((type) => type.startsWith('token.') && !DECISIONS.has(type)))

function acceptedType(text: string): TypeName {
  return OUTSIDE.has(text as TypeName) ? (text as TypeName) : 'other'
}

/** What the table of fields does not name goes no further than here; only its name is told. */
function checkedFields(value: unknown, mark?: Mark): { given: Partial<IngestEvent>; dropped: readonly string[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('', 'a JSON object per event', 'See the fields of an event in the reference.')
  const checked: Record<string, unknown> = {}
  const dropped: string[] = []
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined || field === null) continue
    if (Object.hasOwn(FIELDS, name)) checked[name] = FIELDS[name as FieldName](field, `/${name}`, mark)
    else if (dropped.length < DROPPED_MAX) dropped.push(shownName(name))
  }
  return { given: checked, dropped }
}

const DROPPED_MAX = 16

/** A name may be a secret too. */
function shownName(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) && !holdsSecret(name) ? name : 'other'
}

function decision(
  type: TypeName,
  outcome: Outcome | undefined,
  reason: Reason | undefined,
): { outcome: Outcome; reason: Reason } {
  const named = reason ?? (outcome === 'accepted' ? 'valid' : outcome === 'rejected' ? 'unknown' : undefined)
  if (named === undefined) throw invalid('/outcome', '"accepted" or "rejected"', 'Say what was decided.')
  if (!isDecision(named)) throw invalid('/reason', 'a reason of a validation', 'See the table of reasons in the reference.')
  const decided = DECISION_REASONS[named].class === 'accepted' ? 'accepted' : 'rejected'
  if (outcome !== undefined && outcome !== decided)
    throw invalid('/reason', `a reason that goes with the outcome "${outcome}"`, `"${named}" means ${decided}.`)
  if (type === 'token.consumed' && decided !== 'accepted')
    throw invalid('/type', '"token.validated" for a rejection', 'Only the one accepted use consumes a token.')
  return { outcome: decided, reason: named }
}

function fact(type: TypeName, outcome: Outcome = 'none', reason?: Reason): { outcome: Outcome; reason: Reason } {
  if (type !== 'other' && outcome !== 'none') throw invalid('/outcome', '"none" for a fact', 'Leave it out.')
  const group = REASON_GROUPS[type]
  if (
    type !== 'other' &&
    reason !== undefined &&
    reason !== 'none' &&
    (isDecision(reason) || FACT_REASONS[reason].of !== group?.of)
  )
    throw invalid('/reason', group ? `a reason of ${group.of}` : 'no reason', 'See the table of reasons in the reference.')
  return { outcome, reason: reason ?? group?.default ?? 'none' }
}

const REASON_GROUPS: Partial<Record<TypeName, { readonly of: string; readonly default: FactReason }>> = {
  'token.issued': { of: 'issue', default: 'new' },
  'token.rotated': { of: 'rotation', default: 'by_hand' },
  'token.revoked': { of: 'ending', default: 'unspecified' },
  'token.suspended': { of: 'ending', default: 'none' },
  'token.expired': { of: 'expiry', default: 'none' },
}

function checkLoss(reason: Reason | undefined): void {
  if (reason === undefined || isDecision(reason) || FACT_REASONS[reason].of !== 'loss')
    throw invalid('/reason', 'why events were lost', 'See the table of reasons in the reference.')
}

function isDecision(reason: Reason): reason is DecisionReason {
  return Object.hasOwn(DECISION_REASONS, reason)
}

function invalid(input: string, expected: string, advice: string): TrailError {
  return new TrailError('body_invalid', `Expected ${expected}${input === '' ? '' : ` at ${input}`}. ${advice}`, { input })
}

/** Integers of what a line decided, for a row. */
export function integersOf(line: Line): { type: number; outcome: number; reason: number; kind: number; actorKind: number } {
  return {
    type: TYPES[line.type].id,
    outcome: OUTCOMES[line.outcome],
    reason: reasonId(line.reason),
    kind: KINDS[line.given.kind ?? 'none'],
    actorKind: ACTORS[line.given.actorKind ?? 'none'],
  }
}
