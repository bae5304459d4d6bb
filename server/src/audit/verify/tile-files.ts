import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TILE_WIDTH, tilePath, type TileId } from 'tokentrail/log'

/** A file of a log's directory, as it was found. */
export interface TileFile {
  /** Relative to the directory. */
  readonly path: string
  /** `undefined` where there is none. */
  readonly bytes: Buffer | undefined
  /** How many hashes or entries it should hold. */
  readonly width: number
  /** It is a wider tile in place of a partial one that is gone: only its begin belongs to the size that is verified. */
  readonly isLater: boolean
}

/** Reads a tile; where a partial one has grown since, the full or a wider one. */
export function readTile(directory: string, id: TileId): TileFile {
  const path = tilePath(id)
  const bytes = readIfThere(join(directory, path))
  if (bytes || id.width === TILE_WIDTH) return { path, bytes, width: id.width, isLater: false }
  for (const width of [TILE_WIDTH, ...widerThan(directory, id)]) {
    const later = tilePath({ ...id, width })
    const found = readIfThere(join(directory, later))
    if (found) return { path: later, bytes: found, width, isLater: true }
  }
  return { path, bytes: undefined, width: id.width, isLater: false }
}

/** Widths of the partial tiles that lie beside the one that is missing. */
function widerThan(directory: string, id: TileId): number[] {
  const folder = dirname(join(directory, tilePath(id)))
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.map(Number).filter((width) => Number.isInteger(width) && width > id.width && width < TILE_WIDTH)
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
