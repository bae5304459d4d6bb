import type { EventRow } from './row.ts'

/** Fixed fields, and three bytes of length for each of 13 strings and 2 arrays. */
const ROW_BYTES_FIXED = 320
const BYTES_PER_UNIT = 3

/**
 * Rows in ClickHouse's RowBinary, columns in the order of `EVENT_COLUMNS`. Fields are written out one by one: driven by the table
 * it takes three times as long. Numbers beyond their column are cut to its range, never wrapped.
 */
export function encodeRowBinary(rows: readonly EventRow[]): Uint8Array {
  const writer = createWriter(rows.length * 256 + ROW_BYTES_FIXED)
  for (const row of rows) {
    writer.reserve(ROW_BYTES_FIXED + unitsOf(row) * BYTES_PER_UNIT + row.topFingerprints.length * 8 + row.topCounts.length * 4)
    writeIdentity(writer, row)
    writeToken(writer, row)
    writePlace(writer, row)
    writeMeasures(writer, row)
  }
  return writer.bytes()
}

type Writer = ReturnType<typeof createWriter>

function writeIdentity(to: Writer, row: EventRow): void {
  to.u32(row.tenant)
  to.u8(row.retention)
  to.u32(row.writer)
  to.count(row.seq)
  to.u8(row.schema)
  to.u16(row.type)
  to.u8(row.outcome)
  to.u16(row.reason)
  to.u8(row.kind)
  to.u8(row.population)
  to.u32(row.flags)
  to.i64(row.occurredAt)
  to.i64(row.delayMs)
}

function writeToken(to: Writer, row: EventRow): void {
  to.count(row.tokenNo)
  to.count(row.claimedNo)
  to.u16(row.generation)
  to.bytes16(row.fingerprint)
  to.u16(row.fingerprintEpoch)
  to.text(row.shape)
  to.u32(row.ownerNo)
  to.u32(row.actorNo)
  to.u8(row.actorKind)
}

function writePlace(to: Writer, row: EventRow): void {
  to.text(row.service)
  to.text(row.environment)
  to.text(row.method)
  to.text(row.route)
  to.text(row.scope)
  to.text(row.action)
  to.u64(row.resource)
  to.text(row.requestId)
  to.u64(row.addressDay)
  to.u64(row.addressMonth)
  to.text(row.addressSealed)
  to.u64(row.network)
  to.u32(row.asn)
  to.text(row.country)
  to.text(row.client)
  to.u32(row.clientHash)
  to.u32(row.tls)
}

function writeMeasures(to: Writer, row: EventRow): void {
  to.u32(row.durationUs)
  to.u8(row.cache)
  to.u32(row.cacheAgeMs)
  to.text(row.limit)
  to.u32(row.endedByWriter)
  to.count(row.endedBySeq)
  to.i64(row.sinceEndMs)
  to.u32(row.count)
  to.u32(row.spanMs)
  to.u32(row.distinct)
  to.length(row.topFingerprints.length)
  for (const fingerprint of row.topFingerprints) to.u64(fingerprint)
  to.length(row.topCounts.length)
  for (const count of row.topCounts) to.u32(count)
  to.count(row.leaf)
  to.text(row.detail)
}

function unitsOf(row: EventRow): number {
  const labels =
    row.service.length + row.environment.length + row.method.length + row.route.length + row.scope.length + row.action.length
  const rest = row.shape.length + row.country.length + row.client.length + row.limit.length
  return labels + rest + row.requestId.length + row.addressSealed.length + row.detail.length
}

const TWO_32 = 2 ** 32

function createWriter(size: number) {
  let buffer = Buffer.allocUnsafe(size)
  let view = new DataView(buffer.buffer, buffer.byteOffset, size)
  let at = 0

  /** Makes sure that so many bytes fit. */
  function reserve(more: number): void {
    if (at + more <= buffer.byteLength) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.byteLength * 2, at + more))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
    view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }

  function u32(value: number): void {
    view.setUint32(at, cut(value, 0, 0xffffffff), true)
    at += 4
  }

  function i64(value: number): void {
    view.setUint32(at, value, true)
    view.setInt32(at + 4, Math.floor(value / TWO_32), true)
    at += 8
  }

  function length(value: number): void {
    let left = value
    while (left > 127) {
      buffer[at++] = (left & 127) | 128
      left >>>= 7
    }
    buffer[at++] = left
  }

  function text(value: string): void {
    const start = at
    if (value.length < 128) {
      buffer[at++] = value.length
      let i = 0
      for (; i < value.length; i++) {
        const code = value.charCodeAt(i)
        if (code > 127) break
        buffer[at++] = code
      }
      if (i === value.length) return
    }
    at = start
    length(Buffer.byteLength(value))
    at += buffer.write(value, at)
  }

  return {
    reserve,
    u8: (value: number) => void (buffer[at++] = cut(value, 0, 0xff)),
    u16: (value: number) => {
      view.setUint16(at, cut(value, 0, 0xffff), true)
      at += 2
    },
    u32,
    i64,
    /** A safe integer from 0 up. */
    count: (value: number) => i64(value > 0 ? value : 0),
    u64: (value: bigint) => {
      view.setBigUint64(at, value, true)
      at += 8
    },
    bytes16: (value: Uint8Array) => {
      buffer.set(value.byteLength === 16 ? value : value.subarray(0, 16), at)
      if (value.byteLength < 16) buffer.fill(0, at + value.byteLength, at + 16)
      at += 16
    },
    length,
    text,
    bytes: (): Uint8Array => buffer.subarray(0, at),
  }
}

function cut(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value
}
