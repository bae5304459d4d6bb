import { parseBundle, parseCheckpoint, parseNote, tileAt } from 'tokentrail/log'
import type { LogShard } from '../records/audit.ts'
import type { Disk } from './disk.ts'
import { viewFolder } from './folder.ts'
import { readHighWater } from './high-water.ts'
import { readTile } from './shelf.ts'

/** What the log held and the restored records do not, as far as its files tell. */
export interface LostRange {
  readonly origin: string
  /** Entries from here to `size` are not in the records. */
  readonly from: number
  readonly size: number
  /** Entries whose bundles are still here. */
  readonly read: number
  /** Ids of events that ended a token, of the entries that could be read. */
  readonly endings: ReadonlySet<string>
}

/** Critical events that end a token; each has an entry of its own. */
const ENDINGS: ReadonlySet<string> = new Set(['token.consumed', 'token.revoked', 'token.locked', 'token.exhausted'])

/** Reads the range that was lost from the surviving bundles: its size is the largest that a checkpoint, or the mark beside the keys, names. */
export async function readLostRange(
  o: { readonly dir: string; readonly disk: Disk; readonly keyFile: string },
  shard: Pick<LogShard, 'origin' | 'head'>,
): Promise<LostRange> {
  const folder = viewFolder(o.dir, o.disk)
  const here = await published(o)
  const mark = await readHighWater(o.disk, o.keyFile)
  const last = [here, mark].filter((each) => each !== null).toSorted((a, b) => Number(b.size - a.size))[0]
  if (!last) return { origin: shard.origin, from: shard.head.size, size: shard.head.size, read: 0, endings: new Set() }
  const from = last.origin === shard.origin ? shard.head.size : 0
  const endings = new Set<string>()
  let read = 0
  for (let at = from; at < last.size;) {
    const tile = tileAt(here?.origin === last.origin ? here.size : 0n, 'entries', BigInt(Math.floor(at / 256)))
    const bytes = tile && (await readTile(folder, tile))
    const entries = bytes ? parseBundle(bytes).slice(at % 256, tile.width) : []
    if (entries.length === 0) break
    for (const entry of entries) note(entry, endings)
    read += entries.length
    at += entries.length
  }
  return { origin: last.origin, from, size: Number(last.size), read, endings }
}

function note(bytes: Uint8Array, endings: Set<string>): void {
  const { event, type } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { readonly event: string; readonly type: string }
  if (ENDINGS.has(type)) endings.add(event)
}

async function published({ dir, disk }: { readonly dir: string; readonly disk: Disk }) {
  const bytes = await viewFolder(dir, disk).read('checkpoint')
  return bytes ? parseCheckpoint(parseNote(Buffer.from(bytes).toString('utf8')).text) : null
}
