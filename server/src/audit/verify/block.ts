import { HASH_BYTES, TILE_WIDTH, tileAt, type TileId } from 'tokentrail/log'
import { addWrong, createScanner, emptySummary, take, type Summary } from 'tokentrail/verify'
import { createFastTree, leafHashInPlace, type FastTree, type Subtree } from './fast-tree.ts'
import { readTile, type TileFile } from './tile-files.ts'

/** A block is what one tile of level 1 covers. */
export const BLOCK_LEAVES = TILE_WIDTH * TILE_WIDTH

/** One block of a log's directory. Plain data, for threads. */
export interface BlockTask {
  readonly directory: string
  readonly size: number
  readonly block: number
  /** Sizes inside the block at which the tree is wanted. */
  readonly cuts: readonly number[]
}

/** What the block holds, by its entries, and where its tiles say something else. */
export interface BlockFound {
  readonly block: number
  /** The block's own tree, from its entries. */
  readonly nodes: readonly Subtree[]
  readonly cuts: readonly { readonly size: number; readonly nodes: readonly Subtree[] }[]
  /** The first places where files disagree or are cut off, in order. */
  readonly disagreements: readonly Disagreement[]
  readonly misshapen: { readonly index: number; readonly why: string } | undefined
  readonly summary: Summary
}

/** An entry and a hash that do not belong together. Which of the two is wrong, the signed root decides. */
export interface Disagreement {
  /** First leaf that is concerned, and the end of those that may be. */
  readonly index: number
  readonly end: number
  readonly bundle: string
  readonly tile: string
  readonly what: string
  /** Known without the root: the file is missing or cut off. */
  readonly sure?: 'bundle' | 'tile'
}

const DISAGREEMENTS_MAX = 20
const NAMES = ['at', 'n', 'tenant', 'type', 'v'] as const

/** Reads a block: each entry is hashed, looked at, and compared with the tiles above it. */
export function readBlock(task: BlockTask): BlockFound {
  const begin = task.block * BLOCK_LEAVES
  const end = Math.min(task.size, begin + BLOCK_LEAVES)
  const reading: Reading = {
    task,
    tree: createFastTree(),
    cuts: [],
    wanted: new Set(task.cuts),
    disagreements: [],
    misshapen: undefined,
    summary: emptySummary(),
    scanner: createScanner(NAMES),
  }
  const upper = upperTile(reading)
  for (let first = begin; first < end; first += TILE_WIDTH) readStretch(reading, first, Math.min(end, first + TILE_WIDTH), upper)
  const { tree, cuts, misshapen, summary } = reading
  const disagreements = reading.disagreements.toSorted((one, other) => one.index - other.index).slice(0, DISAGREEMENTS_MAX)
  return { block: task.block, nodes: tree.nodes(), cuts, disagreements, misshapen, summary }
}

interface Reading {
  readonly task: BlockTask
  readonly tree: FastTree
  readonly cuts: { readonly size: number; readonly nodes: readonly Subtree[] }[]
  readonly wanted: ReadonlySet<number>
  readonly disagreements: Disagreement[]
  misshapen: { readonly index: number; readonly why: string } | undefined
  readonly summary: Summary
  readonly scanner: ReturnType<typeof createScanner>
}

/** The tile of level 1 over the block, as far as it has one. */
function upperTile({ task }: Reading): { readonly file: TileFile; readonly hashes: string; readonly width: number } | undefined {
  const id = tileAt(task.size, 1, BigInt(task.block))
  if (!id) return undefined
  const file = readTile(task.directory, id)
  return { file, hashes: file.bytes?.toString('latin1') ?? '', width: id.width }
}

/** The files of up to 256 leaves, and where they lie. */
interface Stretch {
  readonly first: number
  readonly end: number
  readonly bundle: string
  readonly tile: string
  /** Leaf hashes as the tile has them, one after another. */
  readonly hashes: string
}

function readStretch(reading: Reading, first: number, end: number, upper: ReturnType<typeof upperTile>): void {
  const id: TileId = { level: 'entries', index: BigInt(first / TILE_WIDTH), width: end - first }
  const bundle = readTile(reading.task.directory, id)
  const tile = readTile(reading.task.directory, { ...id, level: 0 })
  const stretch = { first, end, bundle: bundle.path, tile: tile.path, hashes: tile.bytes?.toString('latin1') ?? '' }
  checkLength(reading, stretch, tile, end - first)
  const nodes = readBundle(reading, stretch, bundle)
  for (const { level, hash } of nodes) reading.tree.append(level, hash)
  if (upper && end - first === TILE_WIDTH)
    compareAbove(reading, { ...stretch, tile: upper.file.path }, upper, nodes[0]?.hash ?? '')
}

/** Hashes the entries of a bundle; what cannot be read is taken from the tile, so that the rest can still be judged. */
function readBundle(reading: Reading, stretch: Stretch, bundle: TileFile): readonly Subtree[] {
  const tree = createFastTree()
  const bytes = bundle.bytes ?? NO_BYTES
  let at = 0
  let hasStrayed = false
  for (let index = stretch.first; index < stretch.end; index++) {
    const offset = (index - stretch.first) * HASH_BYTES
    const to = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Infinity
    let leaf: string
    if (to <= bytes.length) {
      leaf = leafHashInPlace(bytes, at + 2, to)
      look(reading, bytes.subarray(at + 2, to), index)
      if (!hasStrayed && stretch.hashes.length >= offset + HASH_BYTES && !stretch.hashes.startsWith(leaf, offset)) {
        hasStrayed = true
        disagree(reading, stretch, { index, end: index + 1, what: 'the entry and its leaf hash do not belong together' })
      }
      at = to
    } else {
      if (at !== Infinity) {
        const what = bundle.bytes ? 'the bundle is cut off there' : 'the bundle is missing'
        disagree(reading, stretch, { index, end: stretch.end, what, sure: 'bundle' })
      }
      leaf = stretch.hashes.slice(offset, offset + HASH_BYTES)
      at = Infinity
    }
    tree.append(0, leaf)
    if (reading.wanted.has(index + 1)) reading.cuts.push({ size: index + 1, nodes: [...reading.tree.nodes(), ...tree.nodes()] })
  }
  if (at < bytes.length && !bundle.isLater)
    disagree(reading, stretch, {
      index: stretch.end,
      end: stretch.end + 1,
      what: 'the bundle holds more than its entries',
      sure: 'bundle',
    })
  return tree.nodes()
}

/** Compares the stretch's own root with the hash in the tile above. */
function compareAbove(reading: Reading, stretch: Stretch, upper: NonNullable<ReturnType<typeof upperTile>>, own: string): void {
  const place = (stretch.first / TILE_WIDTH) % TILE_WIDTH
  if (place === 0) checkLength(reading, stretch, upper.file, upper.width, TILE_WIDTH)
  const offset = place * HASH_BYTES
  if (upper.hashes.length < offset + HASH_BYTES || upper.hashes.startsWith(own, offset)) return
  const { first, end } = stretch
  disagree(reading, stretch, { index: first, end, what: 'the entries and the hash above them do not belong together' })
}

function checkLength(reading: Reading, stretch: Stretch, file: TileFile, width: number, leavesEach = 1): void {
  const expected = file.width * HASH_BYTES
  const length = file.bytes?.length ?? 0
  if (length === expected) return
  const what =
    file.bytes === undefined
      ? 'the tile is missing'
      : length < expected
        ? 'the tile is cut off'
        : 'the tile holds more than its hashes'
  // the leaf of the first hash that is not whole, or the last one where there are too many
  const index = stretch.first + Math.min(width - 1, Math.floor(length / HASH_BYTES)) * leavesEach
  disagree(reading, stretch, { index, end: index + leavesEach, what, sure: 'tile' })
}

function disagree(reading: Reading, stretch: Stretch, found: Omit<Disagreement, 'bundle' | 'tile'>): void {
  reading.disagreements.push({ bundle: stretch.bundle, tile: stretch.tile, ...found })
}

/** Looks at an entry: its form, and what completeness rests on. */
function look(reading: Reading, entry: Buffer, index: number): void {
  const { scanner, summary } = reading
  const why = scanner.scan(entry)
  if (why !== undefined) reading.misshapen ??= { index, why }
  const { begins, ends } = scanner.places
  const isWhole =
    why === undefined &&
    begins.every((begin) => begin !== -1) &&
    entry[begins[V] ?? 0] === ONE &&
    (ends[V] ?? 0) - (begins[V] ?? 0) === 1
  if (!isWhole) return addWrong(summary, index, 'what stands there is no entry')
  const text = (name: number): string => entry.toString('latin1', (begins[name] ?? 0) + 1, (ends[name] ?? 0) - 1)
  return take(summary, {
    index,
    at: text(AT),
    n: integer(entry, begins[N] ?? 0, ends[N] ?? 0),
    tenant: text(TENANT),
    type: text(TYPE),
    shown: () => (JSON.parse(entry.toString()) as { readonly shown?: unknown }).shown,
  })
}

function integer(bytes: Buffer, begin: number, end: number): number {
  let sum = 0
  for (let at = begin; at < end; at++) sum = sum * 10 + ((bytes[at] ?? 0) - ZERO)
  return sum
}

const [AT, N, TENANT, TYPE, V] = [0, 1, 2, 3, 4]
const [ZERO, ONE] = [0x30, 0x31]
const NO_BYTES = Buffer.alloc(0)
