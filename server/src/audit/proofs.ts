import { join } from 'node:path'
import {
  consistencyProof,
  formatNote,
  hashOfTiles,
  inclusionProof,
  nodesOf,
  openCheckpoint,
  parseKey,
  proofNodes,
  proofRanges,
  rangeHash,
  tilePath,
  tilesOfNodes,
  type HashOfNode,
  type OpenedCheckpoint,
  type TreeNode,
  type TreeSize,
} from 'tokentrail/log'
import { TrailError } from '../errors.ts'
import type { LogEntry, LogShard } from '../records/audit.ts'
import type { LogFile, LogProof } from './audit.ts'
import { LOG_CRYPTO, TREE } from './crypto.ts'
import type { Disk } from './disk.ts'
import { viewFolder, type FolderView } from './folder.ts'
import { CLOSED_SHARDS } from './publisher.ts'
import { readCheckpoint, readTile, vkeyOf } from './shelf.ts'

/** The directory of a shard: the log's own while it stands there, else among the closed ones. */
export async function folderOf(
  o: { readonly dir: string; readonly disk: Disk },
  shard: Pick<LogShard, 'name' | 'vkey'>,
): Promise<FolderView> {
  const current = viewFolder(o.dir, o.disk)
  return (await vkeyOf(current)) === shard.vkey ? current : viewFolder(join(o.dir, CLOSED_SHARDS, shard.name), o.disk)
}

/** A published file of a shard. */
export function readLogFile(folder: FolderView, name: LogFile): Promise<Uint8Array | undefined> {
  return typeof name === 'string' ? folder.read(name) : folder.read(tilePath(name))
}

/**
 * The proof that an entry stands under a checkpoint of its shard, out of the tiles: under `cosigned`, a note that covers it, where there
 * is one, else under the newest; null while that does not cover it.
 */
export async function proveEntry(
  folder: FolderView,
  shard: LogShard,
  entry: LogEntry,
  cosigned?: string,
): Promise<LogProof | null> {
  const published = await readCheckpoint(folder, shard.vkey)
  if (!published || Number(published.size) <= entry.index) return null
  const witnessed = cosigned === undefined ? published : openNote(cosigned, shard.vkey)
  const { size, note } = witnessed.size > published.size ? published : witnessed
  const hashOf = await readNodes(folder, shard.name, proofNodes(proofRanges(entry.index, entry.index + 1, size)), size)
  const hashes = inclusionProof(TREE, entry.index, size, hashOf)
  return { entry, origin: shard.origin, vkey: shard.vkey, size: Number(size), hashes, checkpoint: formatNote(note) }
}

function openNote(note: string, vkey: string): OpenedCheckpoint {
  return openCheckpoint(LOG_CRYPTO, note, { logs: [parseKey(LOG_CRYPTO.sha256, vkey)] })
}

/** The proof that a shard at size `to` continues what it was at size `from`, out of the tiles. */
export async function proveGrowth(folder: FolderView, shard: string, from: TreeSize, to: TreeSize): Promise<Uint8Array[]> {
  if (BigInt(from) === 0n) return []
  return consistencyProof(TREE, from, to, await readNodes(folder, shard, proofNodes(proofRanges(0, from, to)), to))
}

/** The root that a shard had at an earlier size, out of the tiles of a later one. */
export async function rootAt(folder: FolderView, shard: string, size: TreeSize, later: TreeSize): Promise<Uint8Array> {
  const hashOf = await readNodes(folder, shard, nodesOf(0, size), later)
  return rangeHash(TREE, { begin: 0n, end: BigInt(size) }, hashOf)
}

/** Reads the tiles that hold these nodes of the tree of a size. */
async function readNodes(folder: FolderView, shard: string, nodes: readonly TreeNode[], size: TreeSize): Promise<HashOfNode> {
  const tiles = new Map<string, Uint8Array>()
  for (const id of tilesOfNodes(nodes, size)) {
    const bytes = await readTile(folder, id)
    if (!bytes) throw new TrailError('data_damaged', `The tile ${tilePath(id)} of the log ${shard} is missing.`)
    tiles.set(tilePath(id), bytes)
  }
  return hashOfTiles(TREE, size, (id) => tiles.get(tilePath(id)) ?? new Uint8Array(0))
}
