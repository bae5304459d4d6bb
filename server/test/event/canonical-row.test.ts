import * as fc from 'fast-check'
import { TYPES, typeName } from 'tokentrail'
import { canonical, WIDE_PROFILE } from 'tokentrail/log'
import { expect, test } from 'vitest'
import { REGISTRY } from '../../src/audit/registry.ts'
import { COLUMNS_NOT_IN_LEAF, canonicalRow } from '../../src/event/canonical-row.ts'
import { isInBatch, leafForm } from '../../src/event/leaf.ts'
import { EVENT_COLUMNS, blankEvent } from '../../src/event/row.ts'
import { createRunWriter, decodeRuns, placeInRuns } from '../../src/event/runs.ts'
import type { ColumnForm, EventRow } from '../../src/event/row.ts'

const TEXT = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\ud800x', '"\\\u0001'),
)
const ANY: Readonly<Record<ColumnForm, fc.Arbitrary<unknown>>> = {
  u8: fc.nat(255),
  u16: fc.nat(70_000),
  u32: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 33 })),
  count: fc.nat(),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i32: fc.integer(),
  i64: fc.integer(),
  time: fc.integer({ min: 0, max: 4e12 }),
  label: TEXT,
  text: TEXT,
  bytes16: fc.oneof(fc.constant(new Uint8Array(16)), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  'u64[]': fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 3 }),
  'u32[]': fc.array(fc.integer({ min: 0, max: 2 ** 33 }), { maxLength: 3 }),
}
const MOST: Readonly<Partial<Record<ColumnForm, number>>> = { u8: 0xff, u16: 0xffff, u32: 0xffffffff }
const ROW = fc.record(
  Object.fromEntries(EVENT_COLUMNS.map(({ field, form }) => [field, ANY[form]])),
) as unknown as fc.Arbitrary<EventRow>

/** The same from the table of columns. */
function byTheTable(row: EventRow): string {
  const kept = EVENT_COLUMNS.filter(({ column }) => !COLUMNS_NOT_IN_LEAF.has(column)).flatMap(({ field, column, form }) => {
    const value = row[field] === 0n ? 0 : valueOf(row[field], form)
    const isAlways = ['count', 'occurred_at', 'retention', 'seq', 'tenant', 'type', 'writer'].includes(column)
    const isEmpty = value === 0 || value === '' || (Array.isArray(value) && value.length === 0)
    return isEmpty && !isAlways ? [] : [[column, value] as const]
  })
  return canonical(Object.fromEntries(kept), WIDE_PROFILE)
}

function valueOf(value: unknown, form: ColumnForm): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return value.some(Boolean) ? Buffer.from(value).toString('hex') : ''
  if (Array.isArray(value))
    return value.map((each: unknown) => (typeof each === 'bigint' ? String(each) : Math.min(Number(each), 0xffffffff)))
  if (typeof value === 'number') return Math.min(value, MOST[form] ?? Infinity)
  return (value as string).toWellFormed()
}

test('a row is hashed as canonical JSON of its columns, without those that age sooner and those that are empty', () => {
  fc.assert(
    fc.property(ROW, (row) => {
      expect(canonicalRow(row)).toBe(byTheTable(row))
    }),
    { numRuns: 500 },
  )
})

test('a sealed address and the place of a leaf do not change what is hashed', () => {
  const row = { ...blankEvent(), tenant: 1, writer: 2, seq: 3, type: 201 }
  expect(canonicalRow({ ...row, addressSealed: 'x', leaf: 9 })).toBe(canonicalRow(row))
  expect(canonicalRow(row)).toBe('{"count":1,"occurred_at":0,"retention":1,"schema":1,"seq":3,"tenant":1,"type":201,"writer":2}')
})

test('the registry and the batches agree on which events have leaves of their own', () => {
  for (const [name, { leaf }] of Object.entries(REGISTRY))
    expect([name, leafForm(name as keyof typeof TYPES)]).toEqual([name, leaf])
  for (const { id } of Object.values(TYPES)) expect(isInBatch(id)).toBe(REGISTRY[typeName(id)].leaf === 'batch')
  expect(isInBatch(9999)).toBe(true)
})

test('runs give back every number at its place, also when they are continued', () => {
  const numbers = fc.uniqueArray(fc.record({ writer: fc.integer({ min: 1, max: 4 }), seq: fc.integer({ min: 0, max: 300 }) }), {
    selector: ({ writer, seq }) => `${writer} ${seq}`,
    maxLength: 200,
  })
  fc.assert(
    fc.property(numbers, fc.nat(200), (events, cut) => {
      let runs = createRunWriter()
      events.forEach(({ writer, seq }, i) => {
        if (i === cut) runs = createRunWriter(runs.runs())
        runs.add(writer, seq)
      })
      const decoded = decodeRuns(runs.runs())
      expect(
        decoded.flatMap(({ writer, from, count }) => Array.from({ length: count }, (_, i) => ({ writer, seq: from + i }))),
      ).toEqual(events)
      events.forEach(({ writer, seq }, i) => expect(placeInRuns(decoded, writer, seq)).toBe(i))
      expect(placeInRuns(decoded, 9, 1)).toBeUndefined()
    }),
  )
})

test('a tenant alone on its server needs a few bytes for a batch', () => {
  const runs = createRunWriter()
  for (let seq = 1_000_000; seq < 1_020_000; seq++) runs.add(12, seq)
  expect(runs.runs().length).toBeLessThan(12)
})
