import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'

/** The few calls of a file system that the log's directory is written with; handed in, so that each can fail in a test. */
export interface Disk {
  /** Creates or empties a file, writes it whole and waits until it is on disk. */
  writeSynced(path: string, bytes: Uint8Array): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Waits until the names in a directory are on disk. */
  syncDirectory(path: string): Promise<void>
  /** Makes a directory and what stands above it; gives the first that was made, if any. */
  makeDirectory(path: string): Promise<string | undefined>
  read(path: string): Promise<Uint8Array>
  list(path: string): Promise<readonly string[]>
  /** Removes a file, or a directory with what is in it; nothing where there is nothing. */
  remove(path: string): Promise<void>
}

export const systemDisk: Disk = {
  async writeSynced(path, bytes) {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o644)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  },
  rename,
  async syncDirectory(path) {
    const directory = await open(path, constants.O_RDONLY)
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  },
  makeDirectory: (path) => mkdir(path, { recursive: true, mode: 0o755 }),
  read: readFile,
  list: readdir,
  remove: (path) => rm(path, { recursive: true, force: true }),
}
