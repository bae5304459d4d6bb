import { EVENT_COLUMNS, type ColumnForm, type EventRow } from './row.ts'

/** Names of the columns, in the order in which `encodeRowBinary` writes them. */
export const EVENT_COLUMN_NAMES: readonly string[] = EVENT_COLUMNS.map(({ column }) => column)

/** Room that any row needs besides its texts and lists. */
const FIXED_BYTES = 512

/** Rows in ClickHouse's RowBinary: every column in order, little-endian, nothing between. */
export function encodeRowBinary(rows: readonly EventRow[]): Uint8Array {
  let writer: Writer = { bytes: Buffer.allocUnsafe(FIXED_BYTES * Math.max(2, rows.length)), at: 0 }
  for (const row of rows) {
    writer = withRoom(writer, FIXED_BYTES)
    for (const { field, form } of EVENT_COLUMNS) writer = WRITE[form](writer, row[field])
  }
  return writer.bytes.subarray(0, writer.at)
}

interface Writer {
  bytes: Buffer
  at: number
}

type Write = (writer: Writer, value: unknown) => Writer

/** How each form is written. The value's type follows from the column, which stands beside its form in `EVENT_COLUMNS`. */
const WRITE: Readonly<Record<ColumnForm, Write>> = {
  u8: fixed((bytes, value, at) => bytes.writeUInt8(value, at)),
  u16: fixed((bytes, value, at) => bytes.writeUInt16LE(value, at)),
  u32: fixed((bytes, value, at) => bytes.writeUInt32LE(value, at)),
  i32: fixed((bytes, value, at) => bytes.writeInt32LE(value, at)),
  count: fixed(writeInteger64),
  i64: fixed(writeInteger64),
  time: fixed(writeInteger64),
  u64: (writer, value) => {
    writer.at = writer.bytes.writeBigUInt64LE(value as bigint, writer.at)
    return writer
  },
  label: (writer, value) => writeText(writer, value as string),
  text: (writer, value) => writeText(writer, value as string),
  bytes16: (writer, value) => {
    writer.bytes.set(value as Uint8Array, writer.at)
    writer.at += 16
    return writer
  },
  'u64[]': (writer, value) =>
    writeList(writer, value as readonly bigint[], 8, (bytes, item, at) => bytes.writeBigUInt64LE(item, at)),
  'u32[]': (writer, value) =>
    writeList(writer, value as readonly number[], 4, (bytes, item, at) => bytes.writeUInt32LE(item, at)),
}

function fixed(write: (bytes: Buffer, value: number, at: number) => number): Write {
  return (writer, value) => {
    writer.at = write(writer.bytes, value as number, writer.at)
    return writer
  }
}

/** A safe integer in 64 bits, negative ones in two's complement. */
function writeInteger64(bytes: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 0x1_0000_0000)
  bytes.writeUInt32LE(value - high * 0x1_0000_0000, at)
  return bytes.writeInt32LE(high | 0, at + 4)
}

function writeText(writer: Writer, value: string): Writer {
  const length = Buffer.byteLength(value)
  const roomy = withRoom(writer, length + FIXED_BYTES)
  writeLength(roomy, length)
  roomy.at += roomy.bytes.write(value, roomy.at)
  return roomy
}

function writeList<Item>(
  writer: Writer,
  items: readonly Item[],
  size: number,
  write: (bytes: Buffer, item: Item, at: number) => number,
): Writer {
  const roomy = withRoom(writer, items.length * size + FIXED_BYTES)
  writeLength(roomy, items.length)
  for (const item of items) roomy.at = write(roomy.bytes, item, roomy.at)
  return roomy
}

/** A length is a LEB128 varint. */
function writeLength(writer: Writer, length: number): void {
  let rest = length
  for (; rest > 127; rest = Math.floor(rest / 128)) writer.at = writer.bytes.writeUInt8((rest % 128) + 128, writer.at)
  writer.at = writer.bytes.writeUInt8(rest, writer.at)
}

function withRoom(writer: Writer, more: number): Writer {
  if (writer.at + more <= writer.bytes.length) return writer
  const bytes = Buffer.allocUnsafe((writer.at + more) * 2)
  writer.bytes.copy(bytes, 0, 0, writer.at)
  return { bytes, at: writer.at }
}
