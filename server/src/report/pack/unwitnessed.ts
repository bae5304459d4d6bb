import { countText, durationText, timeText } from 'tokentrail/verify'
import type { RecordReads } from '../../records/records.ts'
import type { LogPart } from './log-part.ts'

/** Since when nothing outside vouches for the log: said in every pack. */
export async function unwitnessedOf(read: RecordReads, part: LogPart | null, now: number): Promise<string> {
  if (part === null) return 'No checkpoint of an audit log is in this pack: nothing in it is witnessed.'
  const { shard, last } = part.span
  const marks = (await read.anchorMarks()).filter((mark) => mark.shard === shard.name)
  const newest = marks.reduce<(typeof marks)[number] | null>(
    (best, mark) => (best !== null && best.size >= mark.size ? best : mark),
    null,
  )
  if (newest === null)
    return `No witness and no other copy has seen this log: its ${countText(last.size)} leaves rest on the log key alone, since ${timeText(shard.openedAt)}.`
  const open = Math.max(0, last.size - newest.size)
  const names = marks.map(({ name, size, at }) => `${name} at ${countText(size)} leaves, ${timeText(at)}`)
  return `Seen by ${names.join('; ')}. Leaves of this pack beyond that: ${countText(open)}, un-anchored for ${durationText(Math.max(0, now - newest.at))}.`
}
