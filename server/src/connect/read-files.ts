import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { TrailError } from '../errors.ts'
import { scannerFor, type Scanned, type Scanner } from './scan.ts'

const CHUNK_BYTES = 256 * 1024

/** Records of a file, plain or gzip, in order and without holding more than one chunk and one record. */
export async function* readRecords(file: string): AsyncGenerator<Scanned> {
  let scanner: Scanner | undefined
  for await (const chunk of await chunksOf(file)) {
    scanner ??= scannerFor(chunk)
    yield* scanner.push(chunk)
  }
  if (scanner) yield* scanner.end()
}

async function chunksOf(file: string): Promise<AsyncIterable<Buffer>> {
  const bytes = createReadStream(file, { highWaterMark: CHUNK_BYTES })
  if (!(await isGzip(file))) return bytes
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  // an error of either reaches the reader through `gunzip`
  pipeline(bytes, gunzip, () => {})
  return explained(gunzip, file)
}

/** A damaged archive is an error of its own, after what could be read. */
async function* explained(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks
  } catch (cause) {
    throw new TrailError('import_invalid', `${file} is damaged: it cannot be unpacked to its end. Fetch it again.`, { cause })
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await handle.close()
  }
}

/** SHA-256 of a file's content, in hex. */
export async function contentDigest(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
