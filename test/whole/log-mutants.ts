/** Ways to tamper with a log's directory, each with the first leaf that it makes wrong. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { formatBundle, parseBundle, tileAt, tilePath, tilesOf, TILE_WIDTH, type TileId } from 'tokentrail/log'
import { ORIGIN, madeNote, madeSigner } from './made-log.ts'

/** A log to be tampered with, and what its readers hold. */
export interface Target {
  readonly directory: string
  readonly size: number
  /** Notes of the log by size: the one that readers hold, and an older one. */
  readonly notes: ReadonlyMap<number, string>
}

/** What was done. */
export interface Mutant {
  readonly way: string
  /** Every file that was touched. */
  readonly files: readonly string[]
  /** First leaf that is wrong; `undefined` where no single one is (the checkpoint itself). */
  readonly index: number | undefined
}

/** Draws an integer below a bound. */
export type Draw = (below: number) => number

/** Numbers that are the same for the same seed (mulberry32). */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below)
  }
}

type Way = (target: Target, draw: Draw) => Mutant | Promise<Mutant>

/** Every way, by its name. */
export const WAYS = {
  'flip in a bundle': (target, draw) => {
    const { file, first, bytes } = anyBundle(target, draw)
    const at = draw(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8))
    return put(target, 'flip in a bundle', file, bytes, first + entryAtByte(read(target, file), at))
  },
  'flip in a tile': (target, draw) => {
    const tile = anyTile(target, draw)
    const bytes = read(target, tilePath(tile))
    const at = draw(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8))
    return put(target, 'flip in a tile', tilePath(tile), bytes, leafOf(tile, Math.floor(at / 32)))
  },
  'flip in the checkpoint': (target, draw) => {
    const bytes = read(target, 'checkpoint')
    const at = draw(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8))
    return put(target, 'flip in the checkpoint', 'checkpoint', bytes, undefined)
  },
  'delete an entry': (target, draw) => {
    const { file, first, entries } = anyBundle(target, draw)
    const at = draw(entries.length)
    return put(target, 'delete an entry', file, formatBundle(entries.toSpliced(at, 1)), first + at)
  },
  'insert an entry': (target, draw) => {
    const { file, first, entries } = anyBundle(target, draw)
    const at = draw(entries.length)
    const forged = Buffer.from(`{"forged":${draw(1e9)}}`)
    return put(target, 'insert an entry', file, unbounded(entries.toSpliced(at, 0, forged)), first + at)
  },
  'append an entry': (target, draw) => {
    const { file, first, entries } = anyBundle(target, draw)
    return put(target, 'append an entry', file, unbounded([...entries, Buffer.from('{"forged":true}')]), first + entries.length)
  },
  'swap two entries': (target, draw) => {
    const { file, first, entries } = anyBundle(target, draw)
    const one = draw(entries.length - 1)
    const other = one + 1 + draw(entries.length - one - 1)
    const swapped = entries.with(one, entries[other] ?? EMPTY).with(other, entries[one] ?? EMPTY)
    return put(target, 'swap two entries', file, formatBundle(swapped), first + one)
  },
  'cut a bundle': (target, draw) => {
    const { file, first, bytes } = anyBundle(target, draw)
    const at = draw(bytes.length)
    return put(target, 'cut a bundle', file, bytes.subarray(0, at), first + entryAtByte(bytes, at))
  },
  'cut a tile': (target, draw) => {
    const tile = anyTile(target, draw)
    const bytes = read(target, tilePath(tile))
    const at = draw(bytes.length)
    return put(target, 'cut a tile', tilePath(tile), bytes.subarray(0, at), leafOf(tile, Math.floor(at / 32)))
  },
  'remove a file': (target, draw) => {
    const tile = draw(2) === 0 ? anyTile(target, draw) : anyBundle(target, draw).tile
    return put(target, 'remove a file', tilePath(tile), undefined, leafOf(tile, 0))
  },
  'splice bundles': (target, draw) => {
    const [one, other] = [anyBundle(target, draw), anyBundle(target, draw)]
    const spliced =
      one.file === other.file ? one.entries.toReversed() : one.entries.map((entry, at) => other.entries[at] ?? entry)
    return put(target, 'splice bundles', one.file, formatBundle(spliced), one.first)
  },
  'roll back': (target, draw) => {
    const sizes = [...target.notes.keys()].filter((size) => size < target.size)
    const size = sizes[draw(sizes.length)] ?? 0
    return put(target, 'roll back', 'checkpoint', Buffer.from(target.notes.get(size) ?? ''), size)
  },
  'wrong key': async (target, draw) => {
    const right = madeSigner(ORIGIN).key
    const wrong = madeSigner(`somebody.${draw(1e6)}`)
    const root = Buffer.from(read(target, 'checkpoint').toString().split('\n')[2] ?? '', 'base64')
    // in the right key's name, by another
    const note = await madeNote({ size: target.size, root }, { signer: { key: right, sign: wrong.sign } })
    return put(target, 'wrong key', 'checkpoint', Buffer.from(note), undefined)
  },
} as const satisfies Record<string, Way>
export type WayName = keyof typeof WAYS

/** Undoes a mutant. */
export function restore(target: Target, mutant: Mutant): void {
  for (const file of mutant.files) {
    mkdirSync(dirname(join(target.directory, file)), { recursive: true })
    writeFileSync(join(target.directory, file), ORIGINALS.get(join(target.directory, file)) ?? EMPTY)
  }
}

/** What a file held before it was touched. */
const ORIGINALS = new Map<string, Buffer>()
const EMPTY = Buffer.alloc(0)

function put(target: Target, way: string, file: string, bytes: Uint8Array | undefined, index: number | undefined): Mutant {
  const path = join(target.directory, file)
  ORIGINALS.clear()
  ORIGINALS.set(path, readFileSync(path))
  if (bytes === undefined) rmSync(path)
  else writeFileSync(path, bytes)
  return { way, files: [file], index }
}

function read(target: Target, file: string): Buffer {
  return readFileSync(join(target.directory, file))
}

function anyBundle(target: Target, draw: Draw) {
  const index = BigInt(draw(Math.ceil(target.size / TILE_WIDTH)))
  const tile = tileAt(target.size, 'entries', index) ?? { level: 'entries' as const, index, width: TILE_WIDTH }
  const file = tilePath(tile)
  const bytes = read(target, file)
  return { tile, file, bytes, first: Number(index) * TILE_WIDTH, entries: parseBundle(bytes) }
}

/** Any tile that is there; those of higher levels are as likely as those of the lowest. */
function anyTile(target: Target, draw: Draw): TileId {
  const levels = Map.groupBy(tilesOf(target.size), ({ level }) => level)
  const tiles = [...levels.values()][draw(levels.size)] ?? []
  return tiles[draw(tiles.length)] ?? { level: 0, index: 0n, width: TILE_WIDTH }
}

function leafOf(tile: TileId, hash: number): number {
  const each = tile.level === 'entries' ? 1 : TILE_WIDTH ** tile.level
  return (Number(tile.index) * TILE_WIDTH + hash) * each
}

/** Which entry of a bundle a byte belongs to; its length stands before it. */
function entryAtByte(bytes: Buffer, byte: number): number {
  let index = 0
  for (let at = 0; at + 2 <= bytes.length; index++) {
    at += 2 + bytes.readUInt16BE(at)
    if (byte < at) return index
  }
  return index
}

/** A bundle with more entries than one may have. */
function unbounded(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(entries.map((entry) => formatBundle([entry])))
}
