import { KINDS, OUTCOMES, TYPES, parseEventId, reasonId, type Reason, type TypeName } from 'tokentrail'
import type { SqlValue } from '../../store/store.ts'
import { reasonsOf } from '../classes.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import { EVENT_FIELDS, type EventRowOut, viewsOf } from '../event-view.ts'
import { networkNumber } from '../network.ts'
import { EXACT_RAW, type Question } from '../question.ts'
import type { Reader } from '../reader.ts'
import type { EventsParams } from '../rows.ts'
import { OF } from '../scope.ts'

const LIMIT = 50
const DAY_MS = 86_400_000
/** Events are sorted by token within a day, so the newest are looked for in growing pieces of days. */
const DAYS = [1, 8, 64, 512, Infinity] as const

const AT = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
const PIECE = `occurred_at >= ${AT('piece_from')} AND occurred_at < ${AT('piece_to')}`

/** Keys first, then the rows behind them: most columns are read for one page only. */
const SQL = `SELECT ${EVENT_FIELDS} FROM ${OF.events} AND ${PIECE} AND (token_no, occurred_at, writer, seq) IN (
    SELECT token_no, occurred_at, writer, seq FROM ${OF.events} AND ${PIECE}
      AND ({before_at:Int64} = -1 OR (occurred_at, writer, seq) < (${AT('before_at')}, {before_writer:UInt32}, {before_seq:UInt64}))
      AND ({token:UInt64} = 0 OR token_no = {token:UInt64})
      AND ({type:Int32} = -1 OR type = {type:Int32})
      AND ({outcome:Int16} = -1 OR outcome = {outcome:Int16})
      AND (empty({reasons:Array(UInt16)}) OR reason IN {reasons:Array(UInt16)})
      AND ({reason:Int32} = -1 OR reason = {reason:Int32})
      AND ({kind:UInt8} = 0 OR kind = {kind:UInt8})
      AND ({by_network:UInt8} = 0 OR network = {network:UInt64})
      AND ({service:String} = '' OR service = {service:String})
      AND ({route:String} = '' OR route = {route:String})
      AND ({client:String} = '' OR client = {client:String})
      AND ({request_id:String} = '' OR request_id = {request_id:String})
      AND ({by_id:UInt8} = 0 OR (writer = {id_writer:UInt32} AND seq = {id_seq:UInt64}))
    ORDER BY occurred_at DESC, writer DESC, seq DESC LIMIT {limit:UInt16})
  ORDER BY at DESC, writer DESC, seq DESC`

/** Events, newest first. Canaries and simulated ones are among them and carry their flag. */
export const eventsPage: Question<'events-page'> = {
  name: 'events-page',
  fields: {
    from: 'required',
    to: 'required',
    token: 'optional',
    type: 'optional',
    outcome: 'optional',
    class: 'optional',
    reason: 'optional',
    kind: 'optional',
    network: 'optional',
    service: 'optional',
    route: 'optional',
    client: 'optional',
    requestId: 'optional',
    id: 'optional',
    cursor: 'optional',
    limit: 'optional',
  },
  method: `${EXACT_RAW}; a coalesced row stands for \`count\` attempts`,
  sql: [SQL],
  async answer(params, reader) {
    const limit = params.limit ?? LIMIT
    const found = await newest(params, await filtersOf(params, reader), limit + 1, reader)
    const page = found.slice(0, limit)
    const rows = await viewsOf(page, reader)
    const last = page.at(-1)
    if (found.length <= limit || last === undefined) return { rows }
    return { rows, next: encodeCursor({ at: Number(last.at), writer: last.writer, seq: Number(last.seq) }) }
  },
}

async function newest(
  { from, to, cursor }: EventsParams,
  filters: Readonly<Record<string, SqlValue>>,
  limit: number,
  reader: Reader,
): Promise<readonly EventRowOut[]> {
  const found: EventRowOut[] = []
  let end = cursor === undefined ? to : Math.min(to, decodeCursor(cursor).at + 1)
  for (const days of DAYS) {
    const start = Math.max(from, end - days * DAY_MS)
    if (start >= end || found.length >= limit) break
    const piece = { ...filters, piece_from: start, piece_to: end, limit: limit - found.length }
    found.push(...(await reader.rows<EventRowOut>(SQL, piece)))
    end = start
  }
  return found
}

async function filtersOf(params: EventsParams, reader: Reader): Promise<Readonly<Record<string, SqlValue>>> {
  const before = params.cursor === undefined ? undefined : decodeCursor(params.cursor)
  const id = params.id === undefined ? undefined : parseEventId(params.id)
  return {
    before_at: before?.at ?? -1,
    before_writer: before?.writer ?? 0,
    before_seq: before?.seq ?? 0,
    token: params.token === undefined ? 0 : (await reader.token(params.token)).no,
    type: params.type === undefined ? -1 : TYPES[params.type as TypeName].id,
    outcome: outcomeOf(params),
    reasons: params.class === undefined || params.class === 'accepted' ? [] : reasonsOf(params.class),
    reason: params.reason === undefined ? -1 : reasonId(params.reason as Reason),
    kind: KINDS[params.kind ?? 'none'],
    by_network: params.network === undefined ? 0 : 1,
    network: networkNumber(params.network ?? 'other'),
    service: params.service ?? '',
    route: params.route ?? '',
    client: params.client ?? '',
    request_id: params.requestId ?? '',
    by_id: id === undefined ? 0 : 1,
    id_writer: id?.writer ?? 0,
    id_seq: id?.seq ?? 0,
  }
}

/** A class implies its outcome: the reason alone would also find facts. */
function outcomeOf({ outcome, class: group }: EventsParams): number {
  if (outcome !== undefined) return OUTCOMES[outcome]
  if (group === undefined) return -1
  return group === 'accepted' ? OUTCOMES.accepted : OUTCOMES.rejected
}
