import { ACTORS, TYPES, eventId, reasonName, typeName, type TypeName } from 'tokentrail'
import { IS_METERED_RAW, OF } from '../../query/scope.ts'
import { ownerOf, tokenRef } from './names.ts'
import { C, type EvidenceQuestion, type MaybeTime } from './question.ts'
import { inGroups, type EvidenceReader } from './reader.ts'

/** One event that is evidence by itself, with its leaf in the audit log. */
export interface EvidenceEvent {
  readonly at: number
  readonly event: string
  readonly type: string
  readonly reason: string | null
  readonly actorKind: string
  readonly actor: string | null
  readonly actorId: string | null
  readonly token: string | null
  readonly owner: string | null
  readonly ownerId: string | null
  readonly approval: string | null
  readonly leaf: number | null
  readonly detail: string | null
}

const SQL = `SELECT writer, seq, type, reason, toUnixTimestamp64Milli(occurred_at) AS at, token_no, owner_no, actor_no, actor_kind, detail
  FROM ${OF.events} AND type IN {types:Array(UInt16)} AND ${IS_METERED_RAW}
    AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  ORDER BY occurred_at, writer, seq`

interface EventRow {
  readonly writer: number
  readonly seq: number | string
  readonly type: number
  readonly reason: number
  readonly at: number | string
  readonly token_no: number | string
  readonly owner_no: number
  readonly actor_no: number
  readonly actor_kind: number
  readonly detail: string
}

/** Columns of `EvidenceEvent`. What people typed stands in `detail`, which is identified. */
export const EVENT_COLUMNS: EvidenceQuestion<EvidenceEvent>['columns'] = {
  at: C.time('when it was done'),
  event: C.ref('id of the event'),
  type: C.word('what happened'),
  reason: C.word('why'),
  actorKind: C.word('kind of actor'),
  actor: C.ref('who acted, as a number'),
  actorId: C.person('who acted'),
  token: C.ref('public id of the token it is about'),
  owner: C.ref('whose token, or which person, as a number'),
  ownerId: C.person('whose token, or which person'),
  approval: C.ref('id of the approval by a second person'),
  leaf: C.count('index of its leaf in the audit log; empty while it waits or has none'),
  detail: C.person('what was changed, as recorded'),
}

/** Integers of the types that a question is about. */
export function typesOf(...names: readonly TypeName[]): readonly number[] {
  return names.map((name) => TYPES[name].id)
}

/** Events of some types in the question's window, oldest first, with names and leaves. */
export async function* eventsOf(types: readonly number[], reader: EvidenceReader): AsyncIterable<EvidenceEvent> {
  for await (const group of inGroups(reader.stream<EventRow>(SQL, { types, from: reader.seen.from, to: reader.seen.to })))
    yield* await named(group, reader)
}

async function named(rows: readonly EventRow[], reader: EvidenceReader): Promise<readonly EvidenceEvent[]> {
  const ids = rows.map((row) => eventId(row.writer, Number(row.seq)))
  const [tokens, owners, leaves] = await Promise.all([
    reader.tokensOf(rows.map((row) => Number(row.token_no))),
    reader.ownersOf(rows.flatMap((row) => [row.owner_no, row.actor_no])),
    reader.log.leavesOf(ids),
  ])
  return rows.flatMap((row, i) => {
    if (reader.hides({ owner: row.owner_no, token: Number(row.token_no) })) return []
    const actor = ownerOf(row.actor_no, owners)
    return [
      {
        at: Number(row.at),
        event: ids[i] ?? '',
        type: typeName(row.type),
        reason: row.reason === 0 ? null : (reasonName(row.reason) ?? String(row.reason)),
        actorKind: actorName(row.actor_kind),
        actor: actor.owner,
        actorId: actor.ownerId,
        token: tokenRef(Number(row.token_no), tokens),
        ...ownerOf(row.owner_no, owners),
        approval: approvalIn(row.detail),
        leaf: leaves.get(ids[i] ?? '') ?? null,
        detail: row.detail === '' ? null : row.detail,
      },
    ]
  })
}

function actorName(kind: number): string {
  return Object.entries(ACTORS).find(([, id]) => id === kind)?.[0] ?? 'none'
}

/** Details are JSON that this product wrote; an approval stands under its name. */
export function approvalIn(detail: string): string | null {
  if (!detail.includes('"approval"')) return null
  try {
    const { approval } = JSON.parse(detail) as { approval?: unknown }
    return typeof approval === 'string' ? approval : null
  } catch {
    return null
  }
}

/** A duration between two times, where both are known. */
export function between(from: MaybeTime, to: MaybeTime): number | null {
  return from === null || to === null ? null : to - from
}
