import { join } from 'node:path'
import { formatNote, hashOfTiles, inclusionProof, proofNodes, proofRanges, tilePath, tilesOfNodes } from 'tokentrail/log'
import { TrailError } from '../errors.ts'
import type { LogEntry, LogShard } from '../records/audit.ts'
import type { LogProof } from './audit.ts'
import { TREE } from './crypto.ts'
import type { Disk } from './disk.ts'
import { readerOf, type FolderReader } from './folder.ts'
import { CLOSED_SHARDS } from './publisher.ts'
import { readCheckpoint, readTile, vkeyOf } from './shelf.ts'

/** The directory of a shard: the log's own while it stands there, else among the closed ones. */
export async function folderOf(
  o: { readonly dir: string; readonly disk: Disk },
  shard: Pick<LogShard, 'name' | 'vkey'>,
): Promise<FolderReader> {
  const current = readerOf(o.dir, o.disk)
  return (await vkeyOf(current)) === shard.vkey ? current : readerOf(join(o.dir, CLOSED_SHARDS, shard.name), o.disk)
}

/** The proof that an entry stands under the newest checkpoint of its shard, out of the tiles; null while that does not cover it. */
export async function proveEntry(folder: FolderReader, shard: LogShard, entry: LogEntry): Promise<LogProof | null> {
  const checkpoint = await readCheckpoint(folder, shard.vkey)
  if (!checkpoint || Number(checkpoint.size) <= entry.index) return null
  const { size, note } = checkpoint
  const nodes = proofNodes(proofRanges(entry.index, entry.index + 1, size))
  const tiles = new Map<string, Uint8Array>()
  for (const id of tilesOfNodes(nodes, size)) {
    const bytes = await readTile(folder, id)
    if (!bytes) throw new TrailError('data_damaged', `The tile ${tilePath(id)} of the log ${shard.name} is missing.`)
    tiles.set(tilePath(id), bytes)
  }
  const hashOf = hashOfTiles(TREE, size, (id) => tiles.get(tilePath(id)) ?? new Uint8Array(0))
  const hashes = inclusionProof(TREE, entry.index, size, hashOf)
  return { entry, origin: shard.origin, vkey: shard.vkey, size: Number(size), hashes, checkpoint: formatNote(note) }
}
