import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFrameWriter, decodeFrame, frameRows } from '../../src/event/frame.ts'
import { EVENT_COLUMNS, blankEvent } from '../../src/event/row.ts'
import type { ColumnForm, EventRow } from '../../src/event/row.ts'

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const safe = fc.maxSafeNat()
const string = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constant('\ud800'),
  fc.constant(''),
)
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

const VALUES: Record<ColumnForm, fc.Arbitrary<unknown>> = {
  u8: fc.integer({ min: 0, max: 255 }),
  u16: fc.integer({ min: 0, max: 65535 }),
  u32,
  count: safe,
  u64,
  i32: fc.integer(),
  i64: fc.maxSafeInteger(),
  time: fc.maxSafeInteger(),
  label: fc.oneof(string, fc.constantFrom('api', 'billing', 'other')),
  text: string,
  bytes16: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  'u64[]': fc.array(u64, { maxLength: 8 }),
  'u32[]': fc.array(u32, { maxLength: 8 }),
}

/** Any row: each field is at its default or anything its column can hold. */
const anyRow = fc
  .record(Object.fromEntries(EVENT_COLUMNS.map(({ field, form }) => [field, VALUES[form]])), { requiredKeys: [] })
  .map((fields): EventRow => Object.assign(blankEvent(), fields))

describe('a frame', () => {
  test('gives back any rows exactly as they were', () => {
    const writer = createFrameWriter({ bytesMax: 1 << 20 })
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 12 }), (rows) => {
        for (const row of rows) expect(writer.add(row)).toBe(true)
        expect(writer.count).toBe(rows.length)
        const frame = writer.finish()
        expect(decodeFrame(frame)).toEqual(rows)
        expect(frameRows(frame)).toBe(rows.length)
      }),
      { numRuns: 500 },
    )
  })

  test('takes number, delay and flags from beside the row, and copies the row', () => {
    const writer = createFrameWriter({ bytesMax: 1 << 16 })
    const row = { ...blankEvent(), fingerprint: new Uint8Array(16).fill(7), service: 'a' }
    writer.add(row, 3, 9, -5, 256)
    row.fingerprint.fill(1)
    row.service = 'b'
    expect(row).toMatchObject({ writer: 0, seq: 0, delayMs: 0, flags: 0 })
    expect(decodeFrame(writer.finish())).toMatchObject([
      { writer: 3, seq: 9, delayMs: -5, flags: 256, service: 'a', fingerprint: new Uint8Array(16).fill(7) },
    ])
  })

  test('never passes its bound, and a refused row changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 30 }), fc.integer({ min: 100, max: 6000 }), (rows, bytesMax) => {
        const writer = createFrameWriter({ bytesMax })
        const taken = rows.filter((row) => writer.add(row))
        const size = writer.size
        const frame = writer.finish()
        expect(frame.byteLength).toBeLessThanOrEqual(Math.max(bytesMax, 25))
        expect(frame.byteLength).toBeLessThanOrEqual(size)
        expect(decodeFrame(frame)).toEqual(taken)
      }),
    )
  })

  test('with any bit flipped or any byte cut off is refused as damaged', () => {
    const writer = createFrameWriter({ bytesMax: 1 << 16 })
    for (let i = 0; i < 5; i++) writer.add({ ...blankEvent(), seq: i, service: `s${i}`, detail: '{}' })
    const frame = writer.finish()
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const flipped = frame.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => decodeFrame(flipped)).toThrow(expect.objectContaining({ code: 'data_damaged' }))
    }
    for (let length = 0; length < frame.length; length++) {
      expect(() => decodeFrame(frame.subarray(0, length))).toThrow(expect.objectContaining({ code: 'data_damaged' }))
    }
  })
})
