import { setImmediate } from 'node:timers/promises'
import {
  checkCanonical,
  createTileTree,
  hashesOf,
  isSameHash,
  parseBundle,
  TILE_WIDTH,
  tileAt,
  tilePath,
  type Checkpoint,
  type Tile,
  type TileTree,
} from 'tokentrail/log'
import type { AuditReads, LogEntry, LogShard, LogSigned } from '../records/audit.ts'
import { chainBreak, type ShardEnds } from './chain.ts'
import { TREE } from './crypto.ts'
import type { Disk } from './disk.ts'
import type { FolderView } from './folder.ts'
import { folderOf } from './proofs.ts'
import { readCheckpoint, readTile } from './shelf.ts'

/** Something in the log that is not as it must be. */
export interface Difference {
  readonly check: 'checkpoint' | 'bundle' | 'tile' | 'root' | 'entry' | 'records' | 'number' | 'signed' | 'head' | 'chain'
  readonly shard: string
  /** Index of the first entry that is concerned; null where it is no entry's. */
  readonly index: number | null
  readonly what: string
}

export interface FsckResult {
  readonly shards: number
  /** Entries that were hashed and compared. */
  readonly entries: number
  /** The first difference of each shard, oldest shard first; and the first place where the chain of shards is broken. */
  readonly differences: readonly Difference[]
}

/** After a recovery the folder of a shard goes on beyond its head in the records: that is the range that was lost. */
type Shard = LogShard & { readonly isGivenUp: boolean }

type Reads = Pick<AuditReads, 'logShards' | 'logEntries' | 'logSignedAfter' | 'logNumbers'>

export interface FsckParts {
  readonly dir: string
  readonly disk: Disk
  readonly read: Reads
}

/** Recomputes the whole log from its entries, in constant memory, and compares tiles, checkpoints and records with it. */
export async function fsck(o: FsckParts): Promise<FsckResult> {
  const shards = await o.read.logShards()
  const numbers = new Map<string, number>()
  const differences: Difference[] = []
  let entries = 0
  let before: ShardEnds | null = null
  let isWhole = true
  for (const shard of shards) {
    const isGivenUp = shards.some(({ previous, recovered }) => previous === shard.name && recovered !== null)
    const found = await checkShard(await folderOf(o, shard), { ...shard, isGivenUp }, o.read, numbers)
    entries += found.entries
    if (found.difference) differences.push(found.difference)
    const broken: string | null = isWhole ? chainBreak(before, found.ends) : null
    if (broken !== null) differences.push({ check: 'chain', shard: shard.name, index: 0, what: broken })
    isWhole &&= broken === null
    before = found.ends
  }
  return { shards: shards.length, entries, differences }
}

/** What stops the check of a shard. */
class Differs extends Error {
  readonly difference: Omit<Difference, 'shard'>
  constructor(check: Difference['check'], index: number | null, what: string) {
    super(what)
    this.difference = { check, index, what }
  }
}

async function checkShard(
  folder: FolderView,
  known: Shard,
  read: Reads,
  numbers: Map<string, number>,
): Promise<{ entries: number; ends: ShardEnds; difference?: Difference }> {
  const tree = createTileTree(TREE)
  const ends: { first?: Uint8Array; last?: Uint8Array } = {}
  let shard = known
  const result = () => ({ entries: Number(tree.size), ends: { ...ends, shard, size: Number(tree.size), root: tree.root() } })
  try {
    const checkpoint = await publishedAt(folder, shard)
    // The head is read after what it is compared with: the log goes on meanwhile.
    shard = await headOf(read, known)
    checkHead(checkpoint, shard)
    const size = Number(checkpoint?.size ?? 0n)
    const signed = createSignedCheck(read, shard.name)
    for (let index = 0; index * TILE_WIDTH < Math.max(size, shard.head.size); index++) {
      const bundle = await bundleOf(folder, shard, read, index, size)
      const first = Number(tree.size)
      keepEnds(ends, bundle)
      await checkEntries(shard.isGivenUp ? bundle.slice(0, Math.max(0, shard.head.size - first)) : bundle, first, numbers)
      await appendChecked(folder, tree, bundle, checkpoint, signed)
      await setImmediate()
    }
    if (!shard.isGivenUp) checkEnd(shard, tree)
    return result()
  } catch (error) {
    if (error instanceof Differs) return { ...result(), difference: { shard: shard.name, ...error.difference } }
    throw error
  }
}

function keepEnds(ends: { first?: Uint8Array; last?: Uint8Array }, bundle: readonly Uint8Array[]): void {
  const [first, last] = [ends.first ?? bundle[0], bundle.at(-1)]
  if (first) ends.first = first
  if (last) ends.last = last
}

async function publishedAt(folder: FolderView, shard: Shard): Promise<Checkpoint | null> {
  return readCheckpoint(folder, shard.vkey).catch((error: unknown) => {
    throw new Differs('checkpoint', null, error instanceof Error ? error.message : String(error))
  })
}

async function headOf(read: Reads, known: Shard): Promise<Shard> {
  const now = (await read.logShards()).find(({ name }) => name === known.name)
  return { ...known, ...now }
}

function checkHead(checkpoint: Checkpoint | null, { isGivenUp, head }: Shard): void {
  if (!checkpoint || isGivenUp || Number(checkpoint.size) <= head.size) return
  throw new Differs('head', head.size, `The checkpoint says ${checkpoint.size}, the head in the records ${head.size}.`)
}

/** Entries of one bundle: from the directory up to the checkpoint, compared with the records; beyond it from the records alone. */
async function bundleOf(
  folder: FolderView,
  shard: LogShard,
  read: Reads,
  index: number,
  size: number,
): Promise<readonly Uint8Array[]> {
  const first = index * TILE_WIDTH
  const end = Math.min(first + TILE_WIDTH, Math.max(size, shard.head.size))
  const kept = await read.logEntries(shard.name, first, end - first)
  const id = tileAt(size, 'entries', BigInt(index))
  const shown = id ? await shownEntries(folder, id, first) : []
  compare(shown, kept, first)
  const hidden = kept.filter((entry) => entry.index >= first + shown.length).map(({ bytes }) => bytes)
  if (first + shown.length + hidden.length !== end)
    throw new Differs('records', first + shown.length, 'An entry is missing in the records.')
  return [...shown, ...hidden]
}

async function shownEntries(
  folder: FolderView,
  id: NonNullable<ReturnType<typeof tileAt>>,
  first: number,
): Promise<Uint8Array[]> {
  const bytes = await readTile(folder, id)
  if (!bytes) throw new Differs('bundle', first, `The file ${tilePath(id)} is missing.`)
  try {
    const entries = parseBundle(bytes).slice(0, id.width)
    if (entries.length === id.width) return entries
  } catch {
    // Told below.
  }
  throw new Differs('bundle', first, `The file ${tilePath(id)} does not hold ${id.width} whole entries.`)
}

/** Records may have forgotten old entries, but what they hold is the same. */
function compare(shown: readonly Uint8Array[], kept: readonly LogEntry[], first: number): void {
  for (const { index, bytes } of kept) {
    const other = shown[index - first]
    if (other && Buffer.compare(other, bytes) !== 0)
      throw new Differs('records', index, 'Directory and records hold different entries.')
  }
}

/** Entries that are parsed before what waits in this process has its turn. */
const SLICE = 64

/** Each is canonical, and the numbers of each tenant have no hole. */
async function checkEntries(entries: readonly Uint8Array[], first: number, numbers: Map<string, number>): Promise<void> {
  for (const [at, bytes] of entries.entries()) {
    const { n, tenant } = parsed(bytes, first + at)
    const expected = (numbers.get(tenant) ?? 0) + 1
    if (n !== expected)
      throw new Differs('number', first + at, `The entry of ${tenant} has the number ${n}, ${expected} was expected.`)
    numbers.set(tenant, n)
    if ((at + 1) % SLICE === 0) await setImmediate()
  }
}

function parsed(bytes: Uint8Array, index: number): { readonly n: number; readonly tenant: string } {
  try {
    return checkCanonical(bytes) as unknown as { n: number; tenant: string }
  } catch (error) {
    throw new Differs(
      'entry',
      index,
      `The entry is not canonical JSON (${error instanceof Error ? error.message : String(error)}).`,
    )
  }
}

/** Appends entries one stretch after another, so that every fixed size and the checkpoint's are met and compared. */
async function appendChecked(
  folder: FolderView,
  tree: TileTree,
  entries: readonly Uint8Array[],
  checkpoint: Checkpoint | null,
  signed: SignedCheck,
): Promise<void> {
  const start = Number(tree.size)
  const size = Number(checkpoint?.size ?? 0n)
  for (let done = 0; done < entries.length;) {
    const stop = Math.min(
      entries.length,
      (await signed.next(start + done)) - start,
      size > start + done ? size - start : Infinity,
    )
    const tiles = tree.append(entries.slice(done, stop).map((bytes) => TREE.leaf(bytes)))
    done = stop
    for (const tile of tiles) await checkTile(folder, tile, size)
    signed.check(Number(tree.size), tree.root())
    if (checkpoint?.size === tree.size && !isSameHash(checkpoint.root, tree.root())) {
      throw new Differs('root', null, `The entries do not give the root that the checkpoint of size ${size} signs.`)
    }
  }
}

/** Only what the checkpoint covers must stand in the directory: full tiles, and the partial ones of its size. */
async function checkTile(folder: FolderView, { id, bytes }: Tile, size: number): Promise<void> {
  if (typeof id.level !== 'number') return
  const covered = tileAt(size, id.level, id.index)
  if (!covered || covered.width !== id.width) return
  const shown = await readTile(folder, id)
  const first = Number(id.index) * TILE_WIDTH ** (id.level + 1)
  if (!shown) throw new Differs('tile', first, `The file ${tilePath(id)} is missing.`)
  const [is, should] = [hashesOf(shown.subarray(0, shown.length - (shown.length % 32))), hashesOf(bytes)]
  const at = should.findIndex((hash, place) => !is[place] || !isSameHash(hash, is[place]))
  if (at !== -1)
    throw new Differs(
      'tile',
      first + at * TILE_WIDTH ** id.level,
      `The file ${tilePath(id)} holds another hash than the entries give.`,
    )
}

function checkEnd(shard: LogShard, tree: TileTree): void {
  if (Number(tree.size) !== shard.head.size)
    throw new Differs('head', Number(tree.size), `The head in the records is at ${shard.head.size}.`)
  if (!isSameHash(tree.root(), shard.head.root))
    throw new Differs('head', null, 'The entries do not give the root of the head in the records.')
}

interface SignedCheck {
  /** The next fixed size above this one; infinity where there is none. */
  next(size: number): Promise<number>
  check(size: number, root: Uint8Array): void
}

const SIGNED_PAGE = 1_000

function createSignedCheck(read: Reads, shard: string): SignedCheck {
  let page: readonly LogSigned[] = []
  let isLast = false
  return {
    async next(size) {
      page = page.filter((each) => each.size > size)
      if (page.length === 0 && !isLast) {
        page = await read.logSignedAfter(shard, size, SIGNED_PAGE)
        isLast = page.length < SIGNED_PAGE
      }
      return page[0]?.size ?? Infinity
    },
    check(size, root) {
      const fixed = page.find((each) => each.size === size)
      if (fixed && !isSameHash(fixed.root, root))
        throw new Differs('signed', size - 1, `Size ${size} was signed with another root than the entries give.`)
    },
  }
}
