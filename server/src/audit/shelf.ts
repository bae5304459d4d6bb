import {
  createTileTree,
  edgeTiles,
  formatBundle,
  isSameHash,
  openCheckpoint,
  parseKey,
  TILE_WIDTH,
  tilePath,
  type OpenedCheckpoint,
  type Tile,
  type TileId,
  type TileTree,
} from 'tokentrail/log'
import { TrailError } from '../errors.ts'
import type { AuditReads, LogEntry } from '../records/audit.ts'
import { LOG_CRYPTO, TREE } from './crypto.ts'
import type { FileToPut, Folder, FolderView } from './folder.ts'

/** One shard on disk, as any static server can show it: tiles, entries and the checkpoint that covers them. */
export interface Shelf {
  /** Leaves under the checkpoint that stands here. */
  readonly size: number
  readonly checkpoint: OpenedCheckpoint | null
  /** Writes every tile up to a size; `data_damaged` where the root is another than the one that will be signed. */
  grow(to: { readonly size: number; readonly root: Uint8Array }): Promise<void>
  /** Puts the checkpoint, after the tiles that it covers. */
  publish(note: string): Promise<void>
}

const CHECKPOINT = 'checkpoint'
const VKEY = 'log.vkey'

/** Entries that are read and put at once; a multiple of a bundle. */
const CHUNK = 16 * TILE_WIDTH

/** Opens a shard's directory at the checkpoint that stands there. Work that a crash cut short is done again. */
export async function openShelf(o: {
  readonly folder: Folder
  readonly shard: { readonly name: string; readonly vkey: string }
  readonly read: Pick<AuditReads, 'logEntries'>
}): Promise<Shelf> {
  const { folder, shard, read } = o
  let checkpoint = await readCheckpoint(folder, shard.vkey)
  let size = Number(checkpoint?.size ?? 0n)
  const tree = await resumeTree(folder, checkpoint)

  /** Bundles are written whole, so that reading begins with the first entry of one. */
  async function grow(to: { readonly size: number; readonly root: Uint8Array }): Promise<void> {
    while (Number(tree.size) < to.size) {
      const first = Math.floor(Number(tree.size) / TILE_WIDTH) * TILE_WIDTH
      const count = Math.min(CHUNK, to.size - first)
      const entries = await read.logEntries(shard.name, first, count)
      if (entries.length < count || entries[0]?.index !== first) throw missing(shard.name, first)
      await putEntries(folder, tree, entries)
    }
    if (!isSameHash(tree.root(), to.root)) throw new RootConflict(shard.name, to.size)
  }

  async function publish(note: string): Promise<void> {
    const next = openCheckpoint(LOG_CRYPTO, note, { logs: [parseKey(LOG_CRYPTO.sha256, shard.vkey)] })
    const files = [
      { name: VKEY, bytes: Buffer.from(`${shard.vkey}\n`) },
      { name: CHECKPOINT, bytes: Buffer.from(note) },
    ]
    await folder.put(checkpoint ? files.slice(1) : files)
    checkpoint = next
    size = Number(next.size)
  }

  return {
    get size() {
      return size
    },
    get checkpoint() {
      return checkpoint
    },
    grow,
    publish,
  }
}

/** The key that a directory's checkpoint is signed with, as its file says; `undefined` in an empty one. */
export async function vkeyOf(folder: FolderView): Promise<string | undefined> {
  const bytes = await folder.read(VKEY)
  return bytes && Buffer.from(bytes).toString('utf8').trim()
}

/** The checkpoint of a directory, its signature verified; `null` where none stands there. */
export async function readCheckpoint(folder: FolderView, vkey: string): Promise<OpenedCheckpoint | null> {
  const bytes = await folder.read(CHECKPOINT)
  if (!bytes) return null
  try {
    return openCheckpoint(LOG_CRYPTO, Buffer.from(bytes).toString('utf8'), { logs: [parseKey(LOG_CRYPTO.sha256, vkey)] })
  } catch (cause) {
    throw new TrailError('data_damaged', `The checkpoint in ${folder.path} is not one that the log's key has signed.`, { cause })
  }
}

/** A tile of a shard: the one of this width, else the full one or a wider one that has taken its place. */
export async function readTile(folder: FolderView, id: TileId): Promise<Uint8Array | undefined> {
  const exact = await folder.read(tilePath(id))
  if (exact || id.width === TILE_WIDTH) return exact
  const full = await folder.read(tilePath({ ...id, width: TILE_WIDTH }))
  if (full) return full
  const widths = (await folder.list(partialsOf(id))).map(Number).filter((width) => width > id.width && width < TILE_WIDTH)
  return widths.length === 0 ? undefined : folder.read(tilePath({ ...id, width: Math.min(...widths) }))
}

async function resumeTree(folder: FolderView, checkpoint: OpenedCheckpoint | null): Promise<TileTree> {
  if (!checkpoint) return createTileTree(TREE)
  const tiles = new Map<string, Uint8Array>()
  for (const id of edgeTiles(checkpoint.size)) tiles.set(tilePath(id), (await readTile(folder, id)) ?? gone(folder, id))
  const tree = createTileTree(TREE, checkpoint.size, (id) => tiles.get(tilePath(id)) ?? gone(folder, id))
  if (!isSameHash(tree.root(), checkpoint.root)) {
    throw new TrailError('data_damaged', `The tiles in ${folder.path} do not give the root of the checkpoint that stands there.`)
  }
  return tree
}

/** Tiles first, then the bundles; the partial ones that a full one replaces go last. */
async function putEntries(folder: Folder, tree: TileTree, entries: readonly LogEntry[]): Promise<void> {
  const fresh = entries.filter(({ index }) => index >= Number(tree.size))
  const tiles = tree.append(fresh.map(({ bytes }) => TREE.leaf(bytes)))
  const bundles = bundlesOf(entries)
  await folder.put([...tiles, ...bundles].map(toFile))
  for (const { id } of [...tiles, ...bundles]) if (id.width === TILE_WIDTH) await folder.remove(partialsOf(id))
}

function bundlesOf(entries: readonly LogEntry[]): Tile[] {
  const groups = Map.groupBy(entries, ({ index }) => Math.floor(index / TILE_WIDTH))
  return [...groups].map(([index, group]) => ({
    id: { level: 'entries', index: BigInt(index), width: group.length },
    bytes: formatBundle(group.map(({ bytes }) => bytes)),
  }))
}

function toFile({ id, bytes }: Tile): FileToPut {
  return { name: tilePath(id), bytes }
}

/** Where the partial widths of a tile stand. */
function partialsOf(id: TileId): string {
  return `${tilePath({ ...id, width: TILE_WIDTH })}.p`
}

function gone(folder: FolderView, id: TileId): never {
  throw new TrailError(
    'data_damaged',
    `The tile ${tilePath(id)} is missing in ${folder.path}; restore the directory from a copy.`,
  )
}

function missing(shard: string, first: number): TrailError {
  return new TrailError(
    'data_damaged',
    `The records do not hold entry ${first} of the log ${shard} any more and its tiles are not here: restore the directory from a copy.`,
  )
}

/** The files of a log and its records give two roots for one size: one of them was changed. */
export class RootConflict extends TrailError {
  constructor(shard: string, size: number) {
    super(
      'data_damaged',
      `The entries and tiles of the log ${shard} at size ${size} do not give the root that the records hold: root conflict in records. Find the one that was changed with "tokentrail audit fsck" and a copy or a witness.`,
    )
  }
}
