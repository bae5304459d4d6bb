import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TILE_WIDTH, tilePath, type TileId } from 'tokentrail/log'

/** A file of a log's directory, as it was found. */
export interface TileFile {
  /** Relative to the directory. */
  readonly path: string
  /** `undefined` where there is none. */
  readonly bytes: Buffer | undefined
  /** It is the full tile in place of a partial one that is gone: only its begin belongs to the size that is verified. */
  readonly isLater: boolean
}

/** Reads a tile; where a partial one has become full since, the full one. */
export function readTile(directory: string, id: TileId): TileFile {
  const path = tilePath(id)
  const bytes = readIfThere(join(directory, path))
  if (bytes || id.width === TILE_WIDTH) return { path, bytes, isLater: false }
  const full = tilePath({ ...id, width: TILE_WIDTH })
  const later = readIfThere(join(directory, full))
  return later ? { path: full, bytes: later, isLater: true } : { path, bytes: undefined, isLater: false }
}

/** The bytes of a file, or nothing where it is missing. */
export function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR')
      return undefined
    throw error
  }
}
