import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRowBinary } from '../../src/event/row-binary.ts'
import { EVENT_COLUMNS, blankEvent } from '../../src/event/row.ts'
import { insert, rowsOf, sharedStore } from './support.ts'
import type { ColumnForm, EventRow } from '../../src/event/row.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.constantFrom('\n\nFORMAT Null;', "'; DROP TABLE events", 'x'.repeat(5000)),
)
const FORMS: Readonly<Record<ColumnForm, fc.Arbitrary<unknown>>> = {
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffffffff }),
  count: fc.maxSafeNat(),
  u64,
  i32: fc.integer(),
  i64: fc.maxSafeInteger(),
  // What DateTime64(3) can show.
  time: fc.integer({ min: 0, max: Date.UTC(2105, 0) }),
  label: text,
  text,
  bytes16: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  'u64[]': fc.array(u64, { maxLength: 10 }),
  'u32[]': fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 10 }),
}
const anyEvent = fc.record(
  Object.fromEntries(EVENT_COLUMNS.map(({ field, form }) => [field, FORMS[form]])),
) as fc.Arbitrary<unknown> as fc.Arbitrary<EventRow>

const SELECT = EVENT_COLUMNS.map(({ column, form }) => {
  const name = `\`${column}\``
  if (form === 'time') return `toUnixTimestamp64Milli(${name}) AS ${name}`
  return form === 'bytes16' ? `hex(${name}) AS ${name}` : name
}).join(', ')

const shared = sharedStore()

test('every column comes back from the store as it was written', async () => {
  const store = shared()
  let writer = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 30 }), async (events) => {
      writer += 1
      // One insert of one partition, as they are shipped.
      const rows = events.map((event, seq) => ({
        ...event,
        writer,
        seq,
        retention: 1,
        occurredAt: Date.UTC(2026, 0) + (event.occurredAt % 86_400_000),
      }))
      await insert(store, rows, String(writer))
      const back = await rowsOf(store, `SELECT ${SELECT} FROM events WHERE writer = {writer:UInt32} ORDER BY seq`, { writer })
      expect(back).toEqual(rows.map(asStored))
    }),
    { numRuns: 12 },
  )
})

test('a number beyond its column is cut to its range, not wrapped', async () => {
  const store = shared()
  await insert(
    store,
    [
      {
        ...blankEvent(),
        tenant: 1,
        occurredAt: 1,
        durationUs: 2 ** 40,
        asn: -5,
        reason: 70_000,
        tokenNo: -1,
      },
    ],
    'a',
  )
  expect(await rowsOf(store, 'SELECT duration_us, asn, reason, token_no FROM events WHERE writer = 0')).toEqual([
    { duration_us: 0xffffffff, asn: 0, reason: 0xffff, token_no: 0 },
  ])
})

test('no rows are no bytes', () => {
  expect(encodeRowBinary([])).toHaveLength(0)
})

function asStored(row: EventRow): Record<string, unknown> {
  return Object.fromEntries(EVENT_COLUMNS.map(({ field, column }) => [column, shown(row[field])]))
}

function shown(value: unknown): unknown {
  if (typeof value === 'bigint') return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').toUpperCase()
  if (Array.isArray(value)) return value.map(shown)
  return typeof value === 'string' ? Buffer.from(value).toString() : value
}
