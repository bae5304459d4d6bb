import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { HASH_BYTES, parseTilePath, TILE_WIDTH, tileAt, type TileId } from 'tokentrail/log'
import type { Disagreement } from './block.ts'
import { readIfThere, readTile } from './tile-files.ts'

/**
 * Partial tiles of sizes that were published earlier stay for those who ask for them. Each must be the begin of what the
 * tile is now; those that are newer than the checkpoint are not looked at.
 */
export function* strayedPartials(directory: string, size: number): Generator<Disagreement> {
  for (const path of partialsBelow(directory, 'tile')) {
    const found = compare(directory, size, path)
    if (found) yield found
  }
}

/** Paths of partial tiles, one folder at a time. */
function* partialsBelow(directory: string, folder: string): Generator<string> {
  if (!existsSync(join(directory, folder))) return
  for (const entry of readdirSync(join(directory, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) yield* partialsBelow(directory, path)
    else if (folder.endsWith('.p')) yield path
  }
}

function compare(directory: string, size: number, path: string): Disagreement | undefined {
  const id = idOf(path)
  const now = id && tileAt(size, id.level, id.index)
  if (!id || !now || id.width >= now.width) return undefined
  const partial = readIfThere(join(directory, path)) ?? Buffer.alloc(0)
  const whole = readTile(directory, now).bytes ?? Buffer.alloc(0)
  const length = id.level === 'entries' ? lengthOfEntries(whole, id.width) : id.width * HASH_BYTES
  const begin = whole.subarray(0, length)
  if (partial.equals(begin)) return undefined
  const index = leafOf(id, begin, partial)
  return { index, end: index + 1, bundle: path, tile: path, what: 'this partial tile is not the begin of the tile', sure: 'tile' }
}

function idOf(path: string): TileId | undefined {
  try {
    return parseTilePath(path)
  } catch {
    return undefined
  }
}

/** The leaf at the first byte that differs. */
function leafOf(id: TileId, begin: Buffer, partial: Buffer): number {
  let at = 0
  while (at < Math.min(begin.length, partial.length) && begin[at] === partial[at]) at++
  const place = id.level === 'entries' ? entryAt(begin, at) : Math.floor(at / HASH_BYTES)
  const first = Number(id.index) * TILE_WIDTH + Math.min(place, id.width - 1)
  return id.level === 'entries' ? first : first * TILE_WIDTH ** id.level
}

function entryAt(bundle: Buffer, byte: number): number {
  let place = 0
  for (let at = 0; at + 2 <= bundle.length; place++) {
    at += 2 + bundle.readUInt16BE(at)
    if (byte < at) break
  }
  return place
}

function lengthOfEntries(bundle: Buffer, count: number): number {
  let at = 0
  for (let i = 0; i < count && at + 2 <= bundle.length; i++) at += 2 + bundle.readUInt16BE(at)
  return at
}
