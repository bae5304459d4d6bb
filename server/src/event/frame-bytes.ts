/**
 * A frame is a batch of events in bytes:
 *
 *     'TTF1' · length u32 · CRC-32 of what follows u32 · rows u32 · offset of the dictionary u32 · rows · dictionary
 *
 * Little-endian. A row is five groups of fields, each led by a bitmap of the fields that follow; a field is left out when it
 * has its expected value: that of the row above for what rarely changes (writer, type, labels, time), else its default. Numbers
 * are varints, labels are numbers of the frame's dictionary, other strings are Latin-1 or UTF-16, so any string comes back as it was.
 */
export const FRAME_MAGIC = 0x31465454
export const FRAME_HEADER_BYTES = 20

/** Reads what `frame-writer.ts` wrote, one value after the other. Every call moves on. */
export interface ByteReader {
  /** A whole number from 0 to 2^53 − 1. */
  varint(): number
  /** A whole number from −(2^53 − 1) to 2^53 − 1. */
  signed(): number
  u32(): number
  u64(): bigint
  bytes16(): Uint8Array
  text(): string
}

/** Starts reading at `offset`. */
export function createByteReader(bytes: Uint8Array, offset: number): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = offset

  function varint(): number {
    let byte = view.getUint8(at++)
    if (byte < 128) return byte
    let value = byte & 127
    for (let weight = 128; byte >= 128; weight *= 128) {
      byte = view.getUint8(at++)
      value += (byte & 127) * weight
    }
    return value
  }

  function signed(): number {
    const byte = view.getUint8(at++)
    const magnitude = ((byte >> 1) & 63) + (byte >= 128 ? varint() * 64 : 0)
    return byte & 1 ? -magnitude : magnitude
  }

  function text(): string {
    const head = varint()
    const length = Math.floor(head / 2)
    const start = at
    at += head % 2 ? length * 2 : length
    if (at > bytes.byteLength) throw new RangeError('A string reaches beyond its frame.')
    const encoding = head % 2 ? 'utf16le' : 'latin1'
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, at - start).toString(encoding)
  }

  return {
    varint,
    signed,
    u32: () => view.getUint32((at += 4) - 4, true),
    u64: () => view.getBigUint64((at += 8) - 8, true),
    bytes16: () => bytes.slice(at, (at += 16)),
    text,
  }
}
