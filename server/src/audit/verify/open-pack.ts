import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { openZip, PackBroken, type PackFolder, type Sha256Stream } from 'tokentrail/verify'

/** A pack on disk, and how to let go of it. */
export interface OpenPack {
  readonly folder: PackFolder
  close(): Promise<void>
}

const FILES_MAX = 10_000

/** SHA-256 of a stream. */
export const nodeSha256Stream: Sha256Stream = () => {
  const hash = createHash('sha256')
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}

/** Opens a pack: a zip, or the folder that it was unpacked into. */
export async function openPack(path: string): Promise<OpenPack> {
  if (statSync(path).isDirectory()) return { folder: folderOf(path), close: async () => undefined }
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const folder = await openZip({ bytes: size, read: (from, to) => readExactly(handle, from, to) })
    return { folder, close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function folderOf(directory: string): PackFolder {
  const files = new Map<string, number>()
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const name = relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/')
    if (!entry.isFile()) throw new PackBroken('A pack holds files only, no links.', name)
    if (files.size >= FILES_MAX) throw new PackBroken(`A pack holds at most ${FILES_MAX} files.`)
    files.set(name, statSync(join(directory, name)).size)
  }
  return {
    files,
    read(name) {
      if (!files.has(name)) throw new PackBroken('There is no such file in the pack.', name)
      return createReadStream(join(directory, name), { highWaterMark: 1 << 18 })
    },
  }
}

async function readExactly(handle: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from)
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done)
    if (bytesRead === 0) throw new PackBroken('The zip is cut off.')
    done += bytesRead
  }
  return bytes
}
