import type { Window } from '../../query/answer.ts'
import type { LogShard, LogSigned } from '../../records/audit.ts'
import type { RecordReads } from '../../records/records.ts'

/** Which part of the log a pack covers: one shard, from one signed checkpoint to another. */
export interface LogSpan {
  readonly shard: LogShard
  readonly first: LogSigned & { readonly note: string }
  readonly last: LogSigned & { readonly note: string }
  /** Index of the first entry that the pack holds. */
  readonly from: number
  /** A shard before this one also holds entries of the period. */
  readonly more: boolean
}

/** Finds the part of the log that holds a period: the newest shard that it meets. Null where nothing is signed yet. */
export async function spanOf(read: RecordReads, window: Window): Promise<LogSpan | null> {
  const shards = (await read.logShards()).filter(({ openedAt }) => openedAt < window.to)
  const shard = shards.at(-1)
  if (shard === undefined) return null
  const start = await firstIndex(read, shard, window.from)
  const end = await lastIndex(read, shard, window.to)
  const last = await lastSigned(read, shard.name, end + 1)
  const first = (await read.logNoteBelow(shard.name, start)) ?? (await read.logNoteFor(shard.name, 1))
  if (!hasNote(last) || !hasNote(first)) return null
  const lower = first.size > last.size ? last : first
  const from = Math.min(lower.size, start)
  const more = shards.some(({ name, closedAt }) => name !== shard.name && closedAt !== null && closedAt >= window.from)
  return { shard, first: lower, last, from, more }
}

/** The checkpoint that covers so many leaves; one with cosignatures where there is one. */
async function lastSigned(read: RecordReads, shard: string, size: number): Promise<LogSigned | null> {
  const cosigned = await read.cosignedFor(shard, size)
  const signed = (await read.logNoteFor(shard, size)) ?? (await read.logSigned(shard)).noted
  if (cosigned === null) return signed
  const same = await read.logNoteFor(shard, cosigned.size)
  return same?.size === cosigned.size ? { ...same, note: cosigned.note } : signed
}

async function firstIndex(read: RecordReads, shard: LogShard, from: number): Promise<number> {
  const [entry] = await read.logInOrder({ from }, { after: { epoch: shard.epoch, index: -1 }, limit: 1 })
  return entry?.epoch === shard.epoch ? entry.index : shard.head.size
}

async function lastIndex(read: RecordReads, shard: LogShard, to: number): Promise<number> {
  const [entry] = await read.logPage({ to }, { before: { epoch: shard.epoch + 1, index: 0 }, limit: 1 })
  return entry?.shard === shard.name ? entry.index : 0
}

function hasNote(signed: LogSigned | null): signed is LogSigned & { readonly note: string } {
  return signed !== null && signed.note !== null
}
