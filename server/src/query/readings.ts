import { TYPES } from 'tokentrail'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { EVENT_FIELDS, type EventRowOut, viewsOf } from './event-view.ts'
import type { Reader } from './reader.ts'
import type { EventView } from './rows.ts'
import { OF } from './scope.ts'

/** Every type of event that says that somebody looked, tried to look, or took something away. */
const LOOKED = [
  'page.viewed',
  'reading.rejected',
  'report.generated',
  'report.viewed',
  'report.exported',
  'report.delivered',
  'pseudonym.revealed',
  'subject.accessed',
  'audit.read',
] as const

const AT = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`

const SQL = `SELECT ${EVENT_FIELDS} FROM ${OF.events} AND type IN (${LOOKED.map((name) => TYPES[name].id).join(', ')})
    AND occurred_at >= ${AT('from')} AND occurred_at < ${AT('to')}
    AND ({before_at:Int64} = -1 OR (occurred_at, writer, seq) < (${AT('before_at')}, {before_writer:UInt32}, {before_seq:UInt64}))
    AND ({owner:UInt32} = 0 OR owner_no = {owner:UInt32})
  ORDER BY occurred_at DESC, writer DESC, seq DESC LIMIT {limit:UInt16}`

export interface ReadingsAsked {
  readonly from: number
  readonly to: number
  /** Number of the one who looked; 0 = anybody. */
  readonly ownerNo: number
  readonly cursor?: string
  readonly limit: number
}

/** Who looked at what, newest first. */
export async function readingsOf(
  { from, to, ownerNo, cursor, limit }: ReadingsAsked,
  reader: Reader,
): Promise<{ readonly items: readonly EventView[]; readonly next?: string }> {
  const before = cursor === undefined ? { at: -1, writer: 0, seq: 0 } : decodeCursor(cursor)
  const place = { before_at: before.at, before_writer: before.writer, before_seq: before.seq }
  const rows = await reader.rows<EventRowOut>(SQL, { from, to, owner: ownerNo, ...place, limit: limit + 1 })
  const page = rows.slice(0, limit)
  const items = await viewsOf(page, reader)
  const last = rows.length > limit ? page.at(-1) : undefined
  return { items, ...(last ? { next: encodeCursor({ at: Number(last.at), writer: last.writer, seq: Number(last.seq) }) } : {}) }
}
