import { createHash } from 'node:crypto'
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'

/** What detection knew at a position of the journal. */
export interface Checkpoint {
  /** Every batch up to here was taken. */
  readonly position: number
  /** Receipt of the newest of them. */
  readonly receivedAt: number
  readonly state: unknown
}

const MAGIC = Buffer.from('TTDETECT')
const VERSION = 2
/** The first version has no padding. */
const UNPADDED = 1
/** The large arrays begin at a multiple of this, so that they lie where they lay when the rest has grown a little. */
const PAGE_BYTES = 65_536
const DIGEST_BYTES = 32
const HEAD_BYTES = MAGIC.length + 8
/** Arrays of bytes from this size on are written as they lie in memory, without a copy. */
const APART_BYTES_MIN = 4096

/**
 * Writes a checkpoint beside the last one and renames it: after a kill at any moment one of the two is there, whole.
 *
 * Form: magic, version, length of the skeleton, skeleton (what `v8.serialize` makes of the state without its large arrays), the large
 * arrays one after the other from the next multiple of 64 KiB on, SHA-256 of all of it.
 */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  const apart: Uint8Array[] = []
  const skeleton = serialize(takeApart(checkpoint, apart))
  const head = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(head)
  head.writeUInt32LE(VERSION, MAGIC.length)
  head.writeUInt32LE(skeleton.byteLength, MAGIC.length + 4)
  const hash = createHash('sha256')
  const file = openSync(`${path}.next`, 'w', 0o600)
  try {
    const padding = Buffer.alloc(arraysAt(HEAD_BYTES + skeleton.byteLength, VERSION) - HEAD_BYTES - skeleton.byteLength)
    for (const part of [head, skeleton, padding, ...apart]) {
      hash.update(part)
      writeAll(file, part)
    }
    writeAll(file, hash.digest())
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.next`, path)
  syncFolder(dirname(path))
}

/** The checkpoint of a file; `undefined` where there is none, or none that is whole and of this version. */
export function readCheckpoint(path: string): Checkpoint | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch {
    return undefined
  }
  if (!isWhole(bytes)) return undefined
  const skeletonEnd = HEAD_BYTES + bytes.readUInt32LE(MAGIC.length + 4)
  const skeleton: unknown = deserialize(bytes.subarray(HEAD_BYTES, skeletonEnd))
  return putTogether(skeleton, bytes, { at: arraysAt(skeletonEnd, bytes.readUInt32LE(MAGIC.length)) }) as Checkpoint
}

function arraysAt(skeletonEnd: number, version: number): number {
  return version === UNPADDED ? skeletonEnd : Math.ceil(skeletonEnd / PAGE_BYTES) * PAGE_BYTES
}

function isWhole(bytes: Buffer): boolean {
  if (bytes.byteLength < HEAD_BYTES + DIGEST_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return false
  if (![UNPADDED, VERSION].includes(bytes.readUInt32LE(MAGIC.length))) return false
  const end = bytes.byteLength - DIGEST_BYTES
  return createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end))
}

/** Stands for a large array that is written apart. */
interface Apart {
  readonly bytesApart: number
}

function takeApart(value: unknown, apart: Uint8Array[]): unknown {
  if (value instanceof Uint8Array && value.byteLength >= APART_BYTES_MIN) {
    apart.push(value)
    return { bytesApart: value.byteLength } satisfies Apart
  }
  // a view would drag the whole memory that it looks into along
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, takeApart(inner, apart)]))
}

function putTogether(value: unknown, bytes: Buffer, cursor: { at: number }): unknown {
  if (!isPlain(value)) return value
  const { bytesApart } = value as Partial<Apart>
  if (bytesApart !== undefined) return bytes.subarray(cursor.at, (cursor.at += bytesApart))
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, putTogether(inner, bytes, cursor)]))
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at, Math.min(bytes.byteLength - at, 1 << 26))
}

/** A rename is on disk when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
