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

  function varint(value: number): void {
    if (value < 128 && value >= 0) bytes[at++] = value
    else longVarint(value)
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

  function signed(value: number): void {
    const negative = value < 0 ? 1 : 0
    const magnitude = Math.min(Math.floor(Math.abs(value)) || 0, Number.MAX_SAFE_INTEGER)
    bytes[at++] = ((magnitude & 63) << 1) | negative | (magnitude > 63 ? 128 : 0)
    if (magnitude > 63) varint(Math.floor(magnitude / 64))
  }

  function u32(value: number): void {
    view.setUint32(at, value, true)
    at += 4
  }

  function u64(value: bigint): void {
    view.setBigUint64(at, value, true)
    at += 8
  }

  function text(value: string): void {
    const start = at
    varint(value.length * 2)
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 255) return wideText(value, start)
      bytes[at++] = code
    }
  }

  function wideText(value: string, start: number): void {
    at = start
    varint(value.length * 2 + 1)
    for (let i = 0; i < value.length; i++, at += 2) view.setUint16(at, value.charCodeAt(i), true)
  }

  function label(value: string): void {
    let no = value === '' ? 0 : labels.get(value)
    if (no === undefined) {
      no = labels.size + 1
      labels.set(value, no)
      labelBytes += value.length * 2 + 5
    }
    varint(no)
  }

  function identity(row: EventRow, writer: number, seq: number, delayMs: number, flags: number): void {
    const start = at
    at += 2
    let bits = 0
    if (row.tenant !== above.tenant) ((bits |= 1), varint((above.tenant = row.tenant)))
    if (row.retention !== above.retention) ((bits |= 2), varint((above.retention = row.retention)))
    if (writer !== above.writer) ((bits |= 4), varint((above.writer = writer)))
    if (seq !== above.seq + 1) ((bits |= 8), varint(seq))
    above.seq = seq
    if (row.schema !== above.schema) ((bits |= 16), varint((above.schema = row.schema)))
    if (row.type !== above.type) ((bits |= 32), varint((above.type = row.type)))
    if (row.outcome !== above.outcome) ((bits |= 64), varint((above.outcome = row.outcome)))
    if (row.reason !== above.reason) ((bits |= 128), varint((above.reason = row.reason)))
    if (row.kind !== above.kind) ((bits |= 256), varint((above.kind = row.kind)))
    if (row.population !== above.population) ((bits |= 512), varint((above.population = row.population)))
    if (flags !== above.flags) ((bits |= 1024), varint((above.flags = flags)))
    if (row.occurredAt !== above.occurredAt) bits |= time(row.occurredAt)
    if (delayMs !== 0) ((bits |= 8192), signed(delayMs))
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
    if (row.tokenNo !== 0) ((bits |= 1), varint(row.tokenNo))
    if (row.ownerNo !== 0) ((bits |= 2), varint(row.ownerNo))
    if (row.generation !== 0) ((bits |= 4), varint(row.generation))
    if (row.claimedNo !== 0) ((bits |= 8), varint(row.claimedNo))
    if (row.fingerprint !== BLANK.fingerprint && fingerprint(row.fingerprint)) bits |= 16
    if (row.fingerprintEpoch !== 0) ((bits |= 32), varint(row.fingerprintEpoch))
    if (row.actorNo !== 0) ((bits |= 64), varint(row.actorNo))
    if (row.actorKind !== 0) ((bits |= 128), varint(row.actorKind))
    if (row.resource !== 0n) ((bits |= 256), u64(row.resource))
    if (row.endedByWriter !== 0) ((bits |= 512), varint(row.endedByWriter))
    if (row.endedBySeq !== 0) ((bits |= 1024), varint(row.endedBySeq))
    if (row.sinceEndMs !== 0) ((bits |= 2048), signed(row.sinceEndMs))
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
    if (row.service !== above.service) ((bits |= 1), label((above.service = row.service)))
    if (row.environment !== above.environment) ((bits |= 2), label((above.environment = row.environment)))
    if (row.method !== above.method) ((bits |= 4), label((above.method = row.method)))
    if (row.route !== above.route) ((bits |= 8), label((above.route = row.route)))
    if (row.scope !== above.scope) ((bits |= 16), label((above.scope = row.scope)))
    if (row.action !== above.action) ((bits |= 32), label((above.action = row.action)))
    if (row.country !== above.country) ((bits |= 64), label((above.country = row.country)))
    if (row.client !== above.client) ((bits |= 128), label((above.client = row.client)))
    if (row.limit !== above.limit) ((bits |= 256), label((above.limit = row.limit)))
    if (row.shape !== above.shape) ((bits |= 512), label((above.shape = row.shape)))
    bitmap(start, bits)
  }

  function place(row: EventRow): void {
    const start = at
    at += 2
    let bits = 0
    if (row.durationUs !== 0) ((bits |= 1), varint(row.durationUs))
    if (row.cache !== 0) ((bits |= 2), varint(row.cache))
    if (row.cacheAgeMs !== 0) ((bits |= 4), varint(row.cacheAgeMs))
    if (row.clientHash !== 0) ((bits |= 8), u32(row.clientHash))
    if (row.network !== 0n) ((bits |= 16), u64(row.network))
    if (row.addressDay !== 0n) ((bits |= 32), u64(row.addressDay))
    if (row.addressMonth !== 0n) ((bits |= 64), u64(row.addressMonth))
    if (row.asn !== 0) ((bits |= 128), varint(row.asn))
    if (row.tls !== 0) ((bits |= 256), u32(row.tls))
    if (row.requestId !== '') ((bits |= 512), text(row.requestId))
    bitmap(start, bits)
  }

  function rare(row: EventRow): void {
    const start = at
    at += 2
    let bits = 0
    if (row.detail !== '') ((bits |= 1), text(row.detail))
    if (row.addressSealed !== '') ((bits |= 2), text(row.addressSealed))
    if (row.count !== 1) ((bits |= 4), varint(row.count))
    if (row.spanMs !== 0) ((bits |= 8), varint(row.spanMs))
    if (row.distinct !== 0) ((bits |= 16), varint(row.distinct))
    if (row.topFingerprints.length > 0) ((bits |= 32), varint(row.topFingerprints.length), row.topFingerprints.forEach(u64))
    if (row.topCounts.length > 0) ((bits |= 64), varint(row.topCounts.length), row.topCounts.forEach(varint))
    if (row.leaf !== 0) ((bits |= 128), varint(row.leaf))
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
