import { dirname, join } from 'node:path'
import type { Disk } from './disk.ts'

/** A directory whose files are put whole or not at all, and may be read by any static server meanwhile. */
export interface Folder {
  readonly path: string
  /** `undefined` where there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>
  /** Names in a directory below; none where it is missing. */
  list(name: string): Promise<readonly string[]>
  /**
   * Puts files in their order: each is written beside, synced and renamed; then the directories are synced. Putting the same again
   * is harmless, so that a crash at any point is mended by doing it once more.
   */
  put(files: readonly FileToPut[]): Promise<void>
  remove(name: string): Promise<void>
  /** Moves a file or directory; nothing where it is missing. */
  move(from: string, to: string): Promise<void>
}

export interface FileToPut {
  /** Relative, made from constants and integers. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** A folder that is only looked at: it may be another process's, or one that is being written. */
export type FolderView = Pick<Folder, 'path' | 'read' | 'list'>

/** A view of a folder, which need not exist. */
export function viewFolder(path: string, disk: Pick<Disk, 'read' | 'list'>): FolderView {
  return {
    path,
    read: (name) => orMissing(disk.read(join(path, name)), undefined),
    list: (name) => orMissing<readonly string[]>(disk.list(join(path, name)), []),
  }
}

/** Drafts stand here until they are renamed; what a crash left is overwritten or removed. */
const DRAFTS = '.drafts'

/** Opens a folder, making it where it is missing, and removes drafts that a crash left. */
export async function openFolder(path: string, disk: Disk): Promise<Folder> {
  const made = new Set<string>()
  let drafts = 0
  await disk.remove(join(path, DRAFTS))
  await ensure(join(path, DRAFTS))

  async function ensure(directory: string): Promise<void> {
    if (made.has(directory)) return
    const first = await disk.makeDirectory(directory)
    if (first !== undefined) for (const each of upTo(directory, first)) await disk.syncDirectory(dirname(each))
    made.add(directory)
  }

  async function put(files: readonly FileToPut[]): Promise<void> {
    const touched = new Set<string>()
    for (const { name, bytes } of files) {
      const target = join(path, name)
      const directory = dirname(target)
      const draft = join(path, DRAFTS, `${process.pid}-${drafts++}`)
      await ensure(directory)
      await disk.writeSynced(draft, bytes)
      await disk.rename(draft, target)
      touched.add(directory)
    }
    for (const directory of touched) await disk.syncDirectory(directory)
  }

  async function move(from: string, to: string): Promise<void> {
    await ensure(dirname(join(path, to)))
    try {
      await disk.rename(join(path, from), join(path, to))
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    made.clear()
    await disk.syncDirectory(dirname(join(path, to)))
    await disk.syncDirectory(dirname(join(path, from)))
  }

  return {
    ...viewFolder(path, disk),
    put,
    move,
    async remove(name) {
      made.delete(join(path, name))
      await disk.remove(join(path, name))
    },
  }
}

/** A directory and those above it, as far as they were made. */
function upTo(directory: string, first: string): readonly string[] {
  return directory.length <= first.length ? [directory] : [directory, ...upTo(dirname(directory), first)]
}

async function orMissing<Value>(reading: Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await reading
  } catch (error) {
    if (isMissing(error)) return otherwise
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
