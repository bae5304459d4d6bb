import { asSize, HASH_BYTES, nodesOf, rootOf } from '../merkle.ts'
import type { HashOfNode, TreeHash, TreeNode, TreeSize } from '../merkle.ts'
import { malformed } from './bytes.ts'

/** Tiles of c2sp.org/tlog-tiles 0.1.0: 256 hashes or entries wide, the last one of a level perhaps narrower. */
export interface TileId {
  /** Which level of hash tiles; `entries` for bundles of entries. */
  readonly level: number | 'entries'
  readonly index: bigint
  /** 1 to 256; below 256 the tile is partial. */
  readonly width: number
}

/** A tile's bytes: 32 for each hash, or an entry bundle. */
export interface Tile {
  readonly id: TileId
  readonly bytes: Uint8Array
}

/** Gives the bytes of a tile; throws where it has none. */
export type ReadTile = (id: TileId) => Uint8Array

export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
const LEVEL_MAX = 63

/** A tile's path, made from integers alone: `tile/0/x001/x234/067` or, partial, `tile/0/x001/x234/067.p/12`. */
export function tilePath(id: TileId): string {
  const level = id.level === 'entries' ? 'entries' : String(checkedLevel(id.level))
  if (!Number.isInteger(id.width) || id.width < 1 || id.width > TILE_WIDTH)
    throw new RangeError('tile: expected a width of 1 to 256')
  const partial = id.width === TILE_WIDTH ? '' : `.p/${String(id.width)}`
  return `tile/${level}/${groupsOf(asSize(id.index, 'tile'))}${partial}`
}

/** Reads a tile's path; every tile has exactly one. */
export function parseTilePath(path: string): TileId {
  const [, level = '', groups = '', width = '256'] =
    /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,6}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path) ?? []
  if (level === '') throw malformed('tile', 'the path of a tile')
  const id: TileId = {
    level: level === 'entries' ? 'entries' : Number(level),
    index: BigInt(groups.replaceAll(/[x/]/g, '')),
    width: Number(width),
  }
  if (id.width === 0 || id.width > TILE_WIDTH || (id.level !== 'entries' && id.level > LEVEL_MAX) || tilePath(id) !== path)
    throw malformed('tile', 'the one spelling of its path')
  return id
}

/** The tile at a place in the tree of a size, as wide as it is there; nothing where it would be empty. */
export function tileAt(size: TreeSize, level: number | 'entries', index: bigint): TileId | undefined {
  const hashes = asSize(size, 'size') >> BigInt(TILE_HEIGHT * (level === 'entries' ? 0 : checkedLevel(level)))
  const left = hashes - index * BigInt(TILE_WIDTH)
  return left <= 0n ? undefined : { level, index, width: left < BigInt(TILE_WIDTH) ? Number(left) : TILE_WIDTH }
}

/** The partial tiles at the right edge: what a writer must know to go on, and what narrower tiles it may take away. */
export function edgeTiles(size: TreeSize): TileId[] {
  const tiles: TileId[] = []
  for (let level = 0; asSize(size, 'size') >> BigInt(TILE_HEIGHT * level) > 0n; level++) {
    const hashes = asSize(size, 'size') >> BigInt(TILE_HEIGHT * level)
    const tile = tileAt(size, level, hashes / BigInt(TILE_WIDTH))
    if (tile) tiles.push(tile)
  }
  return tiles
}

/** Every hash tile of the tree of a size, level by level. A tree of many millions has many: take them one by one. */
export function* tilesOf(size: TreeSize): Generator<TileId, void> {
  for (let level = 0; asSize(size, 'size') >> BigInt(TILE_HEIGHT * level) > 0n; level++) {
    for (let index = 0n; ; index++) {
      const tile = tileAt(size, level, index)
      if (!tile) break
      yield tile
    }
  }
}

/** The tiles that hold these nodes, each once. */
export function tilesOfNodes(nodes: readonly TreeNode[], size: TreeSize): TileId[] {
  const tiles = new Map<string, TileId>()
  for (const node of nodes) {
    const { tile } = placeOf(node, size)
    tiles.set(tilePath(tile), tile)
  }
  return [...tiles.values()]
}

/** Hashes of nodes out of the tiles of a size; a tile that is too short throws `malformed`. */
export function hashOfTiles(tree: TreeHash, size: TreeSize, read: ReadTile): HashOfNode {
  return (node) => {
    const { tile, from, count } = placeOf(node, size)
    const hashes = hashesOf(read(tile))
    if (hashes.length < tile.width) throw malformed(tilePath(tile), `${String(tile.width)} hashes`)
    return rootOf(tree, hashes.slice(from, from + count))
  }
}

/** The root of the tree of a size, out of its tiles. */
export function rootOfTiles(tree: TreeHash, size: TreeSize, read: ReadTile): Uint8Array {
  const hashOf = hashOfTiles(tree, size, read)
  const hashes = nodesOf(0, size).map(hashOf)
  return hashes.length === 0 ? tree.empty : hashes.reduceRight((right, left) => tree.node(left, right))
}

/** The hashes of a hash tile. */
export function hashesOf(tile: Uint8Array): Uint8Array[] {
  if (tile.length % HASH_BYTES !== 0) throw malformed('tile', `a multiple of ${String(HASH_BYTES)} bytes`)
  return Array.from({ length: tile.length / HASH_BYTES }, (_, at) => tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

/** Makes the tiles of a growing tree. */
export interface TileTree {
  readonly size: bigint
  /**
   * Appends leaf hashes and gives every hash tile that changed, full ones once and the partial ones of the new size. The same
   * leaves from the same size give the same tiles.
   */
  append(leaves: readonly Uint8Array[]): Tile[]
  root(): Uint8Array
}

/** A tree that goes on at a size, from the partial tiles of `edgeTiles(size)`. */
export function createTileTree(tree: TreeHash, size: TreeSize = 0, read: ReadTile = noTile): TileTree {
  let count = asSize(size, 'size')
  const levels: Uint8Array[][] = []
  for (const tile of edgeTiles(count)) levels[Number(tile.level)] = hashesOf(read(tile)).slice(0, tile.width)
  return {
    get size() {
      return count
    },
    append(leaves) {
      const full: Tile[] = []
      for (const leaf of leaves) {
        full.push(...push(tree, levels, leaf, count))
        count += 1n
      }
      return [...full, ...partialTiles(levels, count, leaves.length)]
    },
    root: () => edgeRoot(tree, levels),
  }
}

/** Puts a leaf in and carries the roots of filled tiles upwards; gives the filled ones. */
function push(tree: TreeHash, levels: Uint8Array[][], leaf: Uint8Array, at: bigint): Tile[] {
  const filled: Tile[] = []
  let hash = leaf
  for (let level = 0; ; level++) {
    const hashes = (levels[level] ??= [])
    hashes.push(hash)
    if (hashes.length < TILE_WIDTH) return filled
    filled.push({ id: { level, index: at >> BigInt(TILE_HEIGHT * (level + 1)), width: TILE_WIDTH }, bytes: joined(hashes) })
    hash = rootOf(tree, hashes)
    levels[level] = []
  }
}

/** The partial tiles of a size; of the upper levels only those into which the last leaves reached. */
function partialTiles(levels: readonly Uint8Array[][], size: bigint, appended: number): Tile[] {
  return levels.flatMap((hashes, level) => {
    const shift = BigInt(TILE_HEIGHT * level)
    const reached = size >> shift !== (size - BigInt(appended)) >> shift
    const id = { level, index: (size >> shift) / BigInt(TILE_WIDTH), width: hashes.length }
    return reached && hashes.length > 0 ? [{ id, bytes: joined(hashes) }] : []
  })
}

/** The root over what stands at the right edge: the levels' hashes, the highest to the left. */
function edgeRoot(tree: TreeHash, levels: readonly Uint8Array[][]): Uint8Array {
  let right: Uint8Array | undefined
  for (const hashes of levels) {
    for (const node of nodesOf(0, hashes.length).toReversed()) {
      const left = rootOf(tree, hashes.slice(Number(node.index) << node.level, Number(node.index + 1n) << node.level))
      right = right ? tree.node(left, right) : left
    }
  }
  return right ?? tree.empty
}

/** Where a node's hashes lie: which tile, from which hash on, how many. */
function placeOf(node: TreeNode, size: TreeSize): { tile: TileId; from: number; count: number } {
  const level = Math.floor(node.level / TILE_HEIGHT)
  const inside = node.level % TILE_HEIGHT
  const first = node.index << BigInt(inside)
  const tile = tileAt(size, level, first / BigInt(TILE_WIDTH))
  const from = Number(first % BigInt(TILE_WIDTH))
  const count = 2 ** inside
  if (!tile || from + count > tile.width) throw new RangeError('tile: expected a node inside the tree')
  return { tile, from, count }
}

function joined(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES)
  hashes.forEach((hash, at) => bytes.set(hash, at * HASH_BYTES))
  return bytes
}

/** `x001/x234/067`: groups of three digits, all but the last with an x. */
function groupsOf(index: bigint): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  return padded.replaceAll(/[0-9]{3}(?=[0-9])/g, 'x$&/')
}

function checkedLevel(level: number): number {
  if (!Number.isInteger(level) || level < 0 || level > LEVEL_MAX) throw new RangeError('tile: expected a level of 0 to 63')
  return level
}

function noTile(id: TileId): never {
  throw new RangeError(`tile: ${tilePath(id)} is needed to go on from this size`)
}
