import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, open as openFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { PackFile, ZipFile } from 'tokentrail/verify'

/** A pack while it is made: files on disk, each hashed as it is written. */
export interface PackFolder {
  readonly path: string
  /** Opens a file; its lines go to disk with back-pressure. */
  open(name: string): Promise<PackSink>
  /** Writes a file whole. */
  put(name: string, content: string | Uint8Array): Promise<void>
  /** What was written so far, sorted by name. */
  files(): readonly PackFile[]
  /** The same for a zip, read back from disk. A piece of content is good until the next is asked for. */
  zipFiles(): Iterable<ZipFile>
  remove(): Promise<void>
}

export interface PackSink {
  write(content: string | Uint8Array): Promise<void>
  end(): Promise<PackFile>
}

const PIECE_BYTES = 1 << 16

interface Written extends PackFile {
  readonly crc32: number
}

/** Begins a pack in an empty folder. */
export async function createPackFolder(path: string): Promise<PackFolder> {
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true, mode: 0o700 })
  const written = new Map<string, Written>()

  async function open(name: string): Promise<PackSink> {
    const file = join(path, name)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const stream = createWriteStream(file, { mode: 0o600, flags: 'wx' })
    const hash = createHash('sha256')
    let waiting: (string | Uint8Array)[] = []
    let [held, bytes, crc] = [0, 0, 0]
    await once(stream, 'open')

    /** Rows are short: they are hashed and written in pieces, which costs a tenth. */
    async function flush(): Promise<void> {
      if (waiting.length === 0) return
      const chunk = bytesOf(waiting)
      waiting = []
      held = 0
      hash.update(chunk)
      crc = crc32(chunk, crc)
      bytes += chunk.length
      if (!stream.write(chunk)) await once(stream, 'drain')
    }

    return {
      async write(content) {
        waiting.push(content)
        held += content.length
        if (held >= PIECE_BYTES) await flush()
      },
      async end() {
        await flush()
        stream.end()
        await once(stream, 'close')
        const done = { name, bytes, sha256: hash.digest('hex'), crc32: crc }
        written.set(name, done)
        return { name, bytes, sha256: done.sha256 }
      },
    }
  }

  const sorted = (): readonly Written[] => [...written.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    path,
    open,
    async put(name, content) {
      const sink = await open(name)
      await sink.write(content)
      await sink.end()
    },
    files: () => sorted().map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    *zipFiles() {
      const piece = Buffer.allocUnsafe(PIECE_BYTES)
      for (const { name, bytes, crc32: crc } of sorted())
        yield { name, bytes, crc32: crc, content: piecesOf(join(path, name), piece) }
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** Texts are joined before they become bytes: a buffer for each row would be more for the collector than the rows. */
function bytesOf(pieces: readonly (string | Uint8Array)[]): Buffer {
  if (pieces.every((each) => typeof each === 'string')) return Buffer.from(pieces.join(''))
  return Buffer.concat(pieces.map((each) => (typeof each === 'string' ? Buffer.from(each) : each)))
}

/** One buffer for all of a pack: a new one for each piece would wait for the collector by the dozen. */
async function* piecesOf(file: string, piece: Buffer): AsyncIterable<Uint8Array> {
  const handle = await openFile(file)
  try {
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, piece.length)
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}
