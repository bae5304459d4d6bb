/**
 * A zip that only stores. Every byte of it is either content, which the pack's checks cover, or follows from names,
 * lengths and CRC-32: no date, no comment, no extra field, no room between files. So a reader can refuse a zip in which
 * any byte was changed, which no reader of the general format can.
 */

/** Names, lengths and contents of a pack, from wherever it lies. */
export interface PackFolder {
  /** Bytes by name. */
  readonly files: ReadonlyMap<string, number>
  /** CRC-32 by name, where the container states it. It is compared when the files are hashed, so that nothing else ends early. */
  readonly checksums?: ReadonlyMap<string, number>
  /** Content of a file of `files`, from its start. */
  read(name: string): AsyncIterable<Uint8Array>
}

/** Bytes that can be read from anywhere: a file, or a `Blob`. */
export interface RandomAccess {
  readonly bytes: number
  read(from: number, to: number): Promise<Uint8Array>
}

/** A file to be put into a zip; length and CRC-32 come first, so they are known beforehand. */
export interface ZipFile {
  readonly name: string
  readonly bytes: number
  readonly crc32: number
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Something is wrong with the container; `file` names where, if it is known. */
export class PackBroken extends Error {
  override readonly name = 'PackBroken'
  readonly file: string | undefined

  constructor(message: string, file?: string) {
    super(message)
    this.file = file
  }
}

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22
const FILES_MAX = 10_000
const ZIP_BYTES_MAX = 0xffffffff
const NAME_CHARS_MAX = 200
const CHUNK_BYTES = 1 << 18
const DIRECTORY_BYTES_MAX = FILES_MAX * (CENTRAL_BYTES + NAME_CHARS_MAX)

interface Placed {
  readonly name: string
  readonly bytes: number
  readonly crc32: number
  /** Where the local header begins. */
  readonly at: number
}

/** Writes files into a zip that only stores. The same files give the same bytes. */
export async function* writeZip(files: AsyncIterable<ZipFile> | Iterable<ZipFile>): AsyncGenerator<Uint8Array> {
  const placed: Placed[] = []
  let at = 0
  for await (const file of files) {
    if (!isPackName(file.name))
      throw new PackBroken('A name in a pack is of a-z, A-Z, 0-9, dot, dash, underscore and slash.', file.name)
    const entry = { name: file.name, bytes: file.bytes, crc32: file.crc32, at }
    const head = localHeader(entry)
    at += head.length + file.bytes
    if (at > ZIP_BYTES_MAX - (placed.length + 1) * 512)
      throw new PackBroken('A pack as a zip holds at most 4 GiB; take the folder.', file.name)
    placed.push(entry)
    yield head
    yield* file.content
  }
  for (const entry of placed) yield centralHeader(entry)
  yield endRecord(placed, at)
}

/**
 * Opens a zip that only stores; refuses any other. Nothing is inflated, files lie one after another without overlap, and each header is
 * compared byte by byte, so that all files together are never longer than the zip. What is read beforehand is bounded: the end, the
 * directory of at most 10,000 files, and a header for each.
 */
export async function openZip(zip: RandomAccess): Promise<PackFolder> {
  const placed = await directoryOf(zip)
  await checkHeaders(zip, placed)
  const byName = new Map(placed.map((entry) => [entry.name, entry]))
  if (byName.size !== placed.length) throw new PackBroken('The zip holds two files of one name.')
  return {
    files: new Map(placed.map((entry) => [entry.name, entry.bytes])),
    checksums: new Map(placed.map((entry) => [entry.name, entry.crc32])),
    read(name) {
      const entry = byName.get(name)
      if (!entry) throw new PackBroken('There is no such file in the pack.', name)
      return contentOf(zip, entry)
    },
  }
}

/** Whether a file may have this name in a pack: it is printable, relative and leads nowhere else. */
export function isPackName(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && /^[0-9A-Za-z_-][0-9A-Za-z_.-]*(\/[0-9A-Za-z_-][0-9A-Za-z_.-]*)*$/.test(name)
}

/** CRC-32 (IEEE) of bytes, continued from an earlier one. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before
  for (let i = 0; i < bytes.length; i++) crc = (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, n) => {
  let crc = n
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})

async function directoryOf(zip: RandomAccess): Promise<Placed[]> {
  if (zip.bytes < END_BYTES || zip.bytes > ZIP_BYTES_MAX)
    throw new PackBroken('This is not the zip of a pack: its length does not fit.')
  const end = viewOf(await zip.read(zip.bytes - END_BYTES, zip.bytes))
  const [count, length, at] = [end.getUint16(10, true), end.getUint32(12, true), end.getUint32(16, true)]
  if (end.getUint32(0, true) !== END || at + length + END_BYTES !== zip.bytes)
    throw new PackBroken('This is not the zip of a pack: its end is not where it should be.')
  if (count > FILES_MAX || length > DIRECTORY_BYTES_MAX)
    throw new PackBroken(`A pack holds at most ${FILES_MAX} files, in a directory of at most ${DIRECTORY_BYTES_MAX} bytes.`)
  const bytes = await zip.read(at, at + length)
  const placed: Placed[] = []
  for (let from = 0; from < length;) {
    if (placed.length >= count) throw new PackBroken(`The zip announces ${count} files, and lists more.`)
    const entry = placedFrom(bytes, from)
    if (entry.at + LOCAL_BYTES + entry.name.length + entry.bytes > at)
      throw new PackBroken('This file would reach beyond the zip: its length is not true.', entry.name)
    placed.push(entry)
    from += CENTRAL_BYTES + entry.name.length
  }
  const expected = joined([...placed.map(centralHeader), endRecord(placed, at)])
  const found = await zip.read(at, zip.bytes)
  if (!isSame(expected, found)) throw new PackBroken('The directory of the zip is not the one of a pack that only stores.')
  return placed
}

function placedFrom(bytes: Uint8Array, from: number): Placed {
  if (bytes.length - from < CENTRAL_BYTES) throw new PackBroken('The directory of the zip is cut off.')
  const view = viewOf(bytes.subarray(from))
  const nameEnd = from + CENTRAL_BYTES + view.getUint16(28, true)
  const name = new TextDecoder('latin1').decode(bytes.subarray(from + CENTRAL_BYTES, nameEnd))
  if (view.getUint32(0, true) !== CENTRAL || nameEnd > bytes.length || !isPackName(name))
    throw new PackBroken('The directory of the zip is not readable.')
  if (view.getUint16(10, true) !== 0)
    throw new PackBroken('This file is compressed. A pack only stores; pack it again without compression.', name)
  if (view.getUint32(20, true) !== view.getUint32(24, true))
    throw new PackBroken('The zip gives two lengths for this file.', name)
  return { name, bytes: view.getUint32(24, true), crc32: view.getUint32(16, true), at: view.getUint32(42, true) }
}

async function checkHeaders(zip: RandomAccess, placed: readonly Placed[]): Promise<void> {
  let at = 0
  for (const entry of placed) {
    const expected = localHeader(entry)
    if (entry.at !== at || !isSame(expected, await zip.read(at, at + expected.length)))
      throw new PackBroken('The head of this file in the zip does not agree with the directory.', entry.name)
    at += expected.length + entry.bytes
  }
  const directory = zip.bytes - END_BYTES - placed.reduce((sum, { name }) => sum + CENTRAL_BYTES + name.length, 0)
  if (at !== directory) throw new PackBroken('There are bytes in the zip that belong to no file.')
}

async function* contentOf(zip: RandomAccess, entry: Placed): AsyncGenerator<Uint8Array> {
  const from = entry.at + LOCAL_BYTES + entry.name.length
  for (let done = 0; done < entry.bytes; done += CHUNK_BYTES)
    yield await zip.read(from + done, from + Math.min(entry.bytes, done + CHUNK_BYTES))
}

function localHeader(entry: Placed): Uint8Array {
  const { bytes, view } = blank(LOCAL_BYTES, entry.name)
  view.setUint32(0, LOCAL, true)
  common(view, 4, entry)
  return bytes
}

function centralHeader(entry: Placed): Uint8Array {
  const { bytes, view } = blank(CENTRAL_BYTES, entry.name)
  view.setUint32(0, CENTRAL, true)
  view.setUint16(4, 20, true)
  common(view, 6, entry)
  view.setUint32(42, entry.at, true)
  return bytes
}

/** Version 1.0, names in UTF-8, stored, 1 January 1980. */
function common(view: DataView, at: number, entry: Placed): void {
  view.setUint16(at, 10, true)
  view.setUint16(at + 2, 0x0800, true)
  view.setUint16(at + 8, 0x0021, true)
  view.setUint32(at + 10, entry.crc32, true)
  view.setUint32(at + 14, entry.bytes, true)
  view.setUint32(at + 18, entry.bytes, true)
  view.setUint16(at + 22, entry.name.length, true)
}

function endRecord(placed: readonly Placed[], at: number): Uint8Array {
  const { bytes, view } = blank(END_BYTES, '')
  view.setUint32(0, END, true)
  view.setUint16(8, placed.length, true)
  view.setUint16(10, placed.length, true)
  view.setUint32(
    12,
    placed.reduce((sum, { name }) => sum + CENTRAL_BYTES + name.length, 0),
    true,
  )
  view.setUint32(16, at, true)
  return bytes
}

function blank(length: number, name: string): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length + name.length)
  for (let i = 0; i < name.length; i++) bytes[length + i] = name.charCodeAt(i)
  return { bytes, view: viewOf(bytes) }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0)
  return bytes
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}
