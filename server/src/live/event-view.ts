import {
  CACHE,
  DECISION_REASONS,
  type DecisionReason,
  eventId,
  FLAGS,
  type Flag,
  KINDS,
  type Milliseconds,
  OUTCOMES,
  type Outcome,
  type Reason,
  reasonName,
  type TokenKind,
  typeName,
} from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import type { EventView, TokenRef } from '../query/rows.ts'
import type { TokenRecord } from '../records/records.ts'
import { stateOf } from '../records/token-state.ts'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** One row as people read it, in the words of `GET /v1/events`. Pseudonyms only; fields without a value are left out. */
export function viewOf(row: EventRow, tokens: ReadonlyMap<number, TokenRecord>, at: Milliseconds): EventView {
  const view: Writable<EventView> = {
    id: eventId(row.writer, row.seq),
    type: typeName(row.type),
    at: row.occurredAt,
    receivedAt: row.occurredAt + row.delayMs,
    outcome: OUTCOME_NAMES[row.outcome] ?? 'none',
    flags: FLAG_NAMES.filter((flag) => (row.flags & FLAGS[flag]) !== 0),
    count: row.count,
    ...reasonOf(row.reason),
    ...textsOf(row),
  }
  const kind = KIND_NAMES[row.kind]
  if (kind && kind !== 'none') view.kind = kind as TokenKind
  const [token, claimed] = [tokens.get(row.tokenNo), tokens.get(row.claimedNo)]
  if (token) Object.assign(view, { token: refOf(token, at), owner: token.ownerId })
  if (claimed) view.claimed = refOf(claimed, at)
  if (row.fingerprint.some((byte) => byte !== 0)) view.fingerprint = Buffer.from(row.fingerprint).toString('hex')
  if (row.network !== 0n) view.network = row.network.toString(16).padStart(16, '0')
  if (row.asn !== 0) view.asn = row.asn
  if (row.cache !== 0) view.cache = CACHE_NAMES[row.cache] ?? 'none'
  if (row.durationUs !== 0) view.durationUs = row.durationUs
  if (row.endedBySeq !== 0) Object.assign(view, { endedBy: eventId(row.endedByWriter, row.endedBySeq), sinceEndMs: row.sinceEndMs })
  return view
}

/** How a token is named in an answer. */
export function refOf(token: TokenRecord, at: Milliseconds): TokenRef {
  return { id: token.id, kind: token.kind, name: token.name, owner: token.ownerId, state: stateOf(token, at) }
}

const OUTCOME_NAMES = Object.keys(OUTCOMES) as Outcome[]
const KIND_NAMES = Object.keys(KINDS)
const CACHE_NAMES = Object.keys(CACHE)
const FLAG_NAMES = Object.keys(FLAGS) as Flag[]
const TEXTS = ['service', 'environment', 'method', 'route', 'scope', 'action', 'country', 'client', 'requestId', 'limit'] as const

function textsOf(row: EventRow): Partial<EventView> {
  return Object.fromEntries(TEXTS.filter((name) => row[name] !== '').map((name) => [name, row[name]]))
}

function reasonOf(id: number): Pick<EventView, 'reason' | 'class'> {
  const reason: Reason | undefined = reasonName(id)
  if (reason === undefined || reason === 'none') return {}
  const decision = reason in DECISION_REASONS ? DECISION_REASONS[reason as DecisionReason] : undefined
  return decision ? { reason, class: decision.class } : { reason }
}
