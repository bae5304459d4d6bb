import { crc32 } from 'node:zlib'
import { TrailError } from '../errors.ts'
import { FRAME_HEADER_BYTES, FRAME_MAGIC, createByteReader } from './frame-bytes.ts'
import { blankEvent } from './row.ts'
import type { ByteReader } from './frame-bytes.ts'
import type { EventRow } from './row.ts'

export { createFrameWriter } from './frame-writer.ts'
export type { FrameWriter } from './frame-writer.ts'

/** Rows of a frame in order. Throws `data_damaged` when a bit is not as it was written. */
export function decodeFrame(frame: Uint8Array): EventRow[] {
  const { rows, labelsAt } = checkFrame(frame)
  const labels = readLabels(createByteReader(frame, labelsAt))
  const reader = createByteReader(frame, FRAME_HEADER_BYTES)
  const decoded: EventRow[] = []
  let above = { ...blankEvent(), seq: -1 }
  for (let i = 0; i < rows; i++) decoded.push((above = readRow(reader, above, labels)))
  return decoded
}

/** How many rows a frame holds, without reading them. */
export function frameRows(frame: Uint8Array): number {
  return checkFrame(frame).rows
}

function checkFrame(frame: Uint8Array): { rows: number; labelsAt: number } {
  if (frame.byteLength < FRAME_HEADER_BYTES) throw damaged('it is shorter than its header')
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (view.getUint32(0, true) !== FRAME_MAGIC) throw damaged('it does not begin as one')
  if (view.getUint32(4, true) !== frame.byteLength) throw damaged('its length is not the one written')
  if (view.getUint32(8, true) !== crc32(frame.subarray(12))) throw damaged('its CRC-32 does not match')
  return { rows: view.getUint32(12, true), labelsAt: view.getUint32(16, true) }
}

function damaged(why: string): TrailError {
  return new TrailError(
    'data_damaged',
    `A journal frame cannot be read: ${why}. It is left out and counted; restore it from a backup.`,
  )
}

function readLabels(reader: ByteReader): string[] {
  const labels = ['']
  for (let left = reader.varint(); left > 0; left--) labels.push(reader.text())
  return labels
}

function readRow(reader: ByteReader, above: EventRow, labels: readonly string[]): EventRow {
  const row = blankEvent()
  readIdentity(reader, row, above)
  readToken(reader, row)
  readLabelFields(reader, row, above, labels)
  readPlace(reader, row)
  readRare(reader, row)
  return row
}

function readIdentity(reader: ByteReader, row: EventRow, above: EventRow): void {
  const bits = reader.varint()
  row.tenant = bits & 1 ? reader.varint() : above.tenant
  row.retention = bits & 2 ? reader.varint() : above.retention
  row.writer = bits & 4 ? reader.varint() : above.writer
  row.seq = bits & 8 ? reader.varint() : above.seq + 1
  row.schema = bits & 16 ? reader.varint() : above.schema
  row.type = bits & 32 ? reader.varint() : above.type
  row.outcome = bits & 64 ? reader.varint() : above.outcome
  row.reason = bits & 128 ? reader.varint() : above.reason
  row.kind = bits & 256 ? reader.varint() : above.kind
  row.population = bits & 512 ? reader.varint() : above.population
  row.flags = bits & 1024 ? reader.varint() : above.flags
  row.occurredAt = bits & 2048 ? above.occurredAt + reader.signed() : above.occurredAt
  if (bits & 4096) row.occurredAt = reader.signed()
  if (bits & 8192) row.delayMs = reader.signed()
}

function readToken(reader: ByteReader, row: EventRow): void {
  const bits = reader.varint()
  if (bits & 1) row.tokenNo = reader.varint()
  if (bits & 2) row.ownerNo = reader.varint()
  if (bits & 4) row.generation = reader.varint()
  if (bits & 8) row.claimedNo = reader.varint()
  if (bits & 16) row.fingerprint = reader.bytes16()
  if (bits & 32) row.fingerprintEpoch = reader.varint()
  if (bits & 64) row.actorNo = reader.varint()
  if (bits & 128) row.actorKind = reader.varint()
  if (bits & 256) row.resource = reader.u64()
  if (bits & 512) row.endedByWriter = reader.varint()
  if (bits & 1024) row.endedBySeq = reader.varint()
  if (bits & 2048) row.sinceEndMs = reader.signed()
}

function readLabelFields(reader: ByteReader, row: EventRow, above: EventRow, labels: readonly string[]): void {
  const bits = reader.varint()
  const label = (bit: number, before: string): string => (bits & bit ? (labels[reader.varint()] ?? '') : before)
  row.service = label(1, above.service)
  row.environment = label(2, above.environment)
  row.method = label(4, above.method)
  row.route = label(8, above.route)
  row.scope = label(16, above.scope)
  row.action = label(32, above.action)
  row.country = label(64, above.country)
  row.client = label(128, above.client)
  row.limit = label(256, above.limit)
  row.shape = label(512, above.shape)
}

function readPlace(reader: ByteReader, row: EventRow): void {
  const bits = reader.varint()
  if (bits & 1) row.durationUs = reader.varint()
  if (bits & 2) row.cache = reader.varint()
  if (bits & 4) row.cacheAgeMs = reader.varint()
  if (bits & 8) row.clientHash = reader.u32()
  if (bits & 16) row.network = reader.u64()
  if (bits & 32) row.addressDay = reader.u64()
  if (bits & 64) row.addressMonth = reader.u64()
  if (bits & 128) row.asn = reader.varint()
  if (bits & 256) row.tls = reader.u32()
  if (bits & 512) row.requestId = reader.text()
}

function readRare(reader: ByteReader, row: EventRow): void {
  const bits = reader.varint()
  if (bits & 1) row.detail = reader.text()
  if (bits & 2) row.addressSealed = reader.text()
  if (bits & 4) row.count = reader.varint()
  if (bits & 8) row.spanMs = reader.varint()
  if (bits & 16) row.distinct = reader.varint()
  if (bits & 32) row.topFingerprints = Array.from({ length: reader.varint() }, () => reader.u64())
  if (bits & 64) row.topCounts = Array.from({ length: reader.varint() }, () => reader.varint())
  if (bits & 128) row.leaf = reader.varint()
}
