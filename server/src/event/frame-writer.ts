import { crc32 } from 'node:zlib'
import { FRAME_HEADER_BYTES, FRAME_MAGIC } from './frame-bytes.ts'
import { blankEvent } from './row.ts'
import type { EventRow } from './row.ts'

/** Builds one frame after another. Not for use by two at once. */
export interface FrameWriter {
  /**
   * Appends a row and copies all it needs; false, with nothing changed, when the frame might pass `bytesMax`.
   * What the journal decides (number, delay, flags) is given beside the row, which stays as it is.
   */
  add(row: EventRow, writer?: number, seq?: number, delayMs?: number, flags?: number): boolean
  /** The frame as bytes of its own (safe to transfer), and the writer is empty again. */
  finish(): Uint8Array
  /** Bytes that `finish` would give now, or a little more. */
  readonly size: number
  readonly count: number
}

/** Worst case of all fields without the free texts and arrays: 53 fields of at most 10 bytes, bitmaps, a 16-byte digest. */
const ROW_BYTES_MAX = 640
const BLANK = blankEvent()

/**
 * A writer whose frames hold at most `bytesMax` bytes. This is the hot path of every validation: fields are written out one by
 * one rather than driven by a table (a table costs three times as much), and nothing is allocated per row.
 */
export function createFrameWriter({ bytesMax }: { readonly bytesMax: number }): FrameWriter {
  let bytes = new Uint8Array(Math.min(bytesMax + ROW_BYTES_MAX, 64 * 1024))
  let view = new DataView(bytes.buffer)
  let at = FRAME_HEADER_BYTES
  let count = 0
  let labelBytes = 5
  const labels = new Map<string, number>()
  const above = { ...blankEvent(), seq: -1 }

  // Each of these writes a value and gives back the bit that notes its presence.

  function varint(value: number, bit = 0): number {
    if (value < 128 && value >= 0) bytes[at++] = value
    else longVarint(value)
    return bit
  }

  function longVarint(value: number): void {
    let left = value > 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0
    while (left > 0x7fffffff) {
      bytes[at++] = (left % 128) | 128
      left = Math.floor(left / 128)
    }
    while (left > 127) {
      bytes[at++] = (left & 127) | 128
      left >>>= 7
    }
    bytes[at++] = left
  }

  function signed(value: number, bit = 0): number {
    const negative = value < 0 ? 1 : 0
    const magnitude = Math.min(Math.floor(Math.abs(value)) || 0, Number.MAX_SAFE_INTEGER)
    bytes[at++] = ((magnitude & 63) << 1) | negative | (magnitude > 63 ? 128 : 0)
    if (magnitude > 63) varint(Math.floor(magnitude / 64))
    return bit
  }

  function u32(value: number, bit = 0): number {
    view.setUint32(at, value, true)
    at += 4
    return bit
  }

  function u64(value: bigint, bit = 0): number {
    view.setBigUint64(at, value, true)
    at += 8
    return bit
  }

  function text(value: string, bit = 0): number {
    const start = at
    varint(value.length * 2)
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 255) return wideText(value, start, bit)
      bytes[at++] = code
    }
    return bit
  }

  function wideText(value: string, start: number, bit: number): number {
    at = start
    varint(value.length * 2 + 1)
    for (let i = 0; i < value.length; i++, at += 2) view.setUint16(at, value.charCodeAt(i), true)
    return bit
  }

  function list<T>(values: readonly T[], write: (value: T) => number, bit: number): number {
    varint(values.length)
    for (const value of values) write(value)
    return bit
  }

  function label(value: string, bit: number): number {
    let no = value === '' ? 0 : labels.get(value)
    if (no === undefined) {
      no = labels.size + 1
      labels.set(value, no)
      labelBytes += value.length * 2 + 5
    }
    return varint(no, bit)
  }

  function identity(row: EventRow, writer: number, seq: number, delayMs: number, flags: number): void {
    const start = at
    at += 2
    let bits = 0
    if (row.tenant !== above.tenant) bits |= varint((above.tenant = row.tenant), 1)
    if (row.retention !== above.retention) bits |= varint((above.retention = row.retention), 2)
    if (writer !== above.writer) bits |= varint((above.writer = writer), 4)
    if (seq !== above.seq + 1) bits |= varint(seq, 8)
    above.seq = seq
    if (row.schema !== above.schema) bits |= varint((above.schema = row.schema), 16)
    if (row.type !== above.type) bits |= varint((above.type = row.type), 32)
    if (row.outcome !== above.outcome) bits |= varint((above.outcome = row.outcome), 64)
    if (row.reason !== above.reason) bits |= varint((above.reason = row.reason), 128)
    if (row.kind !== above.kind) bits |= varint((above.kind = row.kind), 256)
    if (row.population !== above.population) bits |= varint((above.population = row.population), 512)
    if (flags !== above.flags) bits |= varint((above.flags = flags), 1024)
    if (row.occurredAt !== above.occurredAt) bits |= time(row.occurredAt)
    if (delayMs !== 0) bits |= signed(delayMs, 8192)
    bitmap(start, bits)
  }

  /** The step from the row above, or the time itself where the step would not be exact. */
  function time(value: number): number {
    const step = value - above.occurredAt
    const exact = Math.abs(step) < 2 ** 40
    signed(exact ? step : value)
    above.occurredAt = value
    return exact ? 2048 : 4096
  }

  function token(row: EventRow): void {
    const start = at
    at += 2
    let bits = 0
    if (row.tokenNo !== 0) bits |= varint(row.tokenNo, 1)
    if (row.ownerNo !== 0) bits |= varint(row.ownerNo, 2)
    if (row.generation !== 0) bits |= varint(row.generation, 4)
    if (row.claimedNo !== 0) bits |= varint(row.claimedNo, 8)
    if (row.fingerprint !== BLANK.fingerprint && fingerprint(row.fingerprint)) bits |= 16
    if (row.fingerprintEpoch !== 0) bits |= varint(row.fingerprintEpoch, 32)
    if (row.actorNo !== 0) bits |= varint(row.actorNo, 64)
    if (row.actorKind !== 0) bits |= varint(row.actorKind, 128)
    if (row.resource !== 0n) bits |= u64(row.resource, 256)
    if (row.endedByWriter !== 0) bits |= varint(row.endedByWriter, 512)
    if (row.endedBySeq !== 0) bits |= varint(row.endedBySeq, 1024)
    if (row.sinceEndMs !== 0) bits |= signed(row.sinceEndMs, 2048)
    bitmap(start, bits)
  }

  function fingerprint(value: Uint8Array): boolean {
    let any = 0
    for (let i = 0; i < 16; i++) any |= bytes[at + i] = value[i] ?? 0
    if (any !== 0) at += 16
    return any !== 0
  }

  function labelFields(row: EventRow): void {
    const start = at
    at += 2
    let bits = 0
    if (row.service !== above.service) bits |= label((above.service = row.service), 1)
    if (row.environment !== above.environment) bits |= label((above.environment = row.environment), 2)
    if (row.method !== above.method) bits |= label((above.method = row.method), 4)
    if (row.route !== above.route) bits |= label((above.route = row.route), 8)
    if (row.scope !== above.scope) bits |= label((above.scope = row.scope), 16)
    if (row.action !== above.action) bits |= label((above.action = row.action), 32)
    if (row.country !== above.country) bits |= label((above.country = row.country), 64)
    if (row.client !== above.client) bits |= label((above.client = row.client), 128)
    if (row.limit !== above.limit) bits |= label((above.limit = row.limit), 256)
    if (row.shape !== above.shape) bits |= label((above.shape = row.shape), 512)
    bitmap(start, bits)
  }

  function place(row: EventRow): void {
    const start = at
    at += 2
    let bits = 0
    if (row.durationUs !== 0) bits |= varint(row.durationUs, 1)
    if (row.cache !== 0) bits |= varint(row.cache, 2)
    if (row.cacheAgeMs !== 0) bits |= varint(row.cacheAgeMs, 4)
    if (row.clientHash !== 0) bits |= u32(row.clientHash, 8)
    if (row.network !== 0n) bits |= u64(row.network, 16)
    if (row.addressDay !== 0n) bits |= u64(row.addressDay, 32)
    if (row.addressMonth !== 0n) bits |= u64(row.addressMonth, 64)
    if (row.asn !== 0) bits |= varint(row.asn, 128)
    if (row.tls !== 0) bits |= u32(row.tls, 256)
    if (row.requestId !== '') bits |= text(row.requestId, 512)
    bitmap(start, bits)
  }

  function rare(row: EventRow): void {
    const start = at
    at += 2
    let bits = 0
    if (row.detail !== '') bits |= text(row.detail, 1)
    if (row.addressSealed !== '') bits |= text(row.addressSealed, 2)
    if (row.count !== 1) bits |= varint(row.count, 4)
    if (row.spanMs !== 0) bits |= varint(row.spanMs, 8)
    if (row.distinct !== 0) bits |= varint(row.distinct, 16)
    if (row.topFingerprints.length > 0) bits |= list(row.topFingerprints, u64, 32)
    if (row.topCounts.length > 0) bits |= list(row.topCounts, varint, 64)
    if (row.leaf !== 0) bits |= varint(row.leaf, 128)
    bitmap(start, bits)
  }

  /** A bitmap is a varint of exactly two bytes, so that it can be filled in after its fields. */
  function bitmap(start: number, bits: number): void {
    bytes[start] = (bits & 127) | 128
    bytes[start + 1] = bits >>> 7
  }

  /** Upper bound of what the row can need. A frame closes at most that much too early, which is cheaper than taking a row back. */
  function needOf(row: EventRow): number {
    const texts = row.requestId.length + row.detail.length + row.addressSealed.length
    return ROW_BYTES_MAX + 2 * texts + 10 * (row.topFingerprints.length + row.topCounts.length)
  }

  function labelNeedOf(row: EventRow): number {
    const first = row.service.length + row.environment.length + row.method.length + row.route.length + row.scope.length
    return 50 + 2 * (first + row.action.length + row.country.length + row.client.length + row.limit.length + row.shape.length)
  }

  function grow(need: number): void {
    const larger = new Uint8Array(Math.max(bytes.length * 2, need))
    larger.set(bytes)
    bytes = larger
    view = new DataView(bytes.buffer)
  }

  function add(row: EventRow, writer = row.writer, seq = row.seq, delayMs = row.delayMs, flags = row.flags): boolean {
    const need = needOf(row)
    if (at + need + labelBytes + labelNeedOf(row) > bytesMax) return false
    if (at + need > bytes.length) grow(at + need)
    identity(row, writer, seq, delayMs, flags)
    token(row)
    labelFields(row)
    place(row)
    rare(row)
    count++
    return true
  }

  function finish(): Uint8Array {
    if (at + labelBytes > bytes.length) grow(at + labelBytes)
    const labelsAt = at
    varint(labels.size)
    for (const value of labels.keys()) text(value)
    view.setUint32(0, FRAME_MAGIC, true)
    view.setUint32(4, at, true)
    view.setUint32(12, count, true)
    view.setUint32(16, labelsAt, true)
    view.setUint32(8, crc32(bytes.subarray(12, at)), true)
    const frame = bytes.slice(0, at)
    clear()
    return frame
  }

  function clear(): void {
    at = FRAME_HEADER_BYTES
    count = 0
    labelBytes = 5
    labels.clear()
    Object.assign(above, BLANK, { seq: -1 })
  }

  return {
    add,
    finish,
    get size() {
      return at + labelBytes
    },
    get count() {
      return count
    },
  }
}
