import { isSameHash, parseCheckpoint, parseNote, type Checkpoint } from 'tokentrail/log'
import type { LogShard, LogSigned } from '../records/audit.ts'
import type { Records } from '../records/records.ts'
import type { Disk } from './disk.ts'
import { isSignedBy, readHighWater } from './high-water.ts'
import { join } from 'node:path'

/** What somebody outside says of a log: a witness, with the size that it has cosigned. */
export interface WitnessedSize {
  readonly witness: string
  readonly origin: string
  readonly size: number
}

/**
 * Whether these records may be continued: the head must not be behind anything that was ever fixed, published or witnessed. A
 * restored backup is; signing on from it would show two histories. Gives the open shard that must not go on, and why.
 */
export async function findFork(o: {
  readonly records: Records
  readonly dir: string
  readonly keyFile: string
  readonly disk: Disk
  readonly witnessed?: () => Promise<readonly WitnessedSize[]>
}): Promise<{ readonly shard: string; readonly why: string } | null> {
  const { read } = o.records
  const name = (await read.logShards()).find(({ closedAt }) => closedAt === null)?.name
  if (name === undefined) return null
  // The head is read after all it is compared with: another server may be at work, and heads only grow.
  const { fixed } = await read.logSigned(name)
  const published = await readPublished(o)
  const highWater = await readHighWater(o.disk, o.keyFile)
  const witnessed = (await o.witnessed?.()) ?? []
  const shards = await read.logShards()
  const open = shards.find((shard) => shard.name === name && shard.closedAt === null)
  if (!open) return null
  const why =
    behindFixed(fixed, open) ??
    (await behindNote('the checkpoint that is published here', published, shards, o.records)) ??
    (await behindNote('the high-water mark beside the keys', highWater, shards, o.records)) ??
    behindWitness(open, witnessed)
  return why === null ? null : { shard: open.name, why }
}

function behindFixed(fixed: LogSigned | null, shard: LogShard): string | null {
  if (!fixed) return null
  if (fixed.size > shard.head.size)
    return `The log ${shard.name} was fixed at size ${fixed.size}, its head is at ${shard.head.size}.`
  if (fixed.size < shard.head.size || isSameHash(fixed.root, shard.head.root)) return null
  return `The log ${shard.name} was fixed at size ${fixed.size} with another root than its head has: root conflict in records.`
}

/** A note that no shard of these records has signed shows that the records are not the ones it was made from. */
async function behindNote(
  what: string,
  note: (Checkpoint & { readonly text: string }) | null,
  shards: readonly LogShard[],
  records: Records,
): Promise<string | null> {
  if (!note) return null
  if (isGivenUp(note, shards)) return null
  const shard = shards.find(({ origin }) => origin === note.origin)
  if (!shard || !isSignedBy(shard.vkey, note.text))
    return `The records do not know the log ${note.origin}, whose size ${note.size} ${what} names.`
  if (Number(note.size) > shard.head.size)
    return `${what} names size ${note.size} of the log ${shard.name}, its head is at ${shard.head.size}.`
  const isOther = (await rootsAt(shard, Number(note.size), records)).some((root) => !isSameHash(root, note.root))
  return isOther
    ? `Root conflict in records: ${what} names another root of the log ${shard.name} at size ${note.size} than the records. One of them was changed: "tokentrail audit fsck" and a copy or a witness show which.`
    : null
}

/** Every root that the records hold for a size: the one that was fixed there, and the head's. */
async function rootsAt({ name, head }: LogShard, size: number, { read }: Records): Promise<readonly Uint8Array[]> {
  const [fixed] = await read.logSignedAfter(name, size - 1, 1)
  return [...(fixed?.size === size ? [fixed.root] : []), ...(head.size === size ? [head.root] : [])]
}

/** A recovery has named this range as lost: the shard that took its place begins with it. */
function isGivenUp({ origin, size }: Checkpoint, shards: readonly LogShard[]): boolean {
  return shards.some(({ recovered }) => {
    const lost = recovered === null ? undefined : (JSON.parse(recovered) as { lost?: { origin: string; size: number } }).lost
    return lost?.origin === origin && Number(size) <= lost.size
  })
}

function behindWitness(shard: LogShard, witnessed: readonly WitnessedSize[]): string | null {
  const ahead = witnessed.find(({ origin, size }) => origin === shard.origin && size > shard.head.size)
  return ahead
    ? `The witness ${ahead.witness} has seen size ${ahead.size} of the log ${shard.name}, its head is at ${shard.head.size}.`
    : null
}

async function readPublished(o: {
  readonly dir: string
  readonly disk: Disk
}): Promise<(Checkpoint & { readonly text: string }) | null> {
  try {
    const text = Buffer.from(await o.disk.read(join(o.dir, 'checkpoint'))).toString('utf8')
    return { ...parseCheckpoint(parseNote(text).text), text }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
