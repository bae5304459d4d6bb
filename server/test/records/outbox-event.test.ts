import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { blankEvent, EVENT_COLUMNS, type ColumnForm, type EventRow } from '../../src/event/row.ts'
import { decodeEvent, encodeEvent } from '../../src/records/outbox-event.ts'

const VALUES: Readonly<Record<ColumnForm, fc.Arbitrary<unknown>>> = {
  u8: fc.nat(0xff),
  u16: fc.nat(0xffff),
  u32: fc.nat(0xffffffff),
  count: fc.maxSafeNat(),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i32: fc.integer(),
  i64: fc.maxSafeInteger(),
  time: fc.maxSafeNat(),
  label: fc.string({ unit: 'binary' }),
  text: fc.string({ unit: 'binary' }),
  bytes16: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  'u64[]': fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 8 }),
  'u32[]': fc.array(fc.nat(0xffffffff), { maxLength: 8 }),
}

const fields = Object.fromEntries(EVENT_COLUMNS.map(({ field, form }) => [field, fc.option(VALUES[form], { nil: undefined })]))

it('gives every event back from the outbox as it was noted', () => {
  fc.assert(
    fc.property(fc.record(fields), (some) => {
      const given = Object.entries(some).filter(([, value]) => value !== undefined)
      const event: EventRow = Object.assign(blankEvent(), Object.fromEntries(given))
      expect(decodeEvent(encodeEvent(event))).toEqual(event)
    }),
  )
})

it('leaves out fields that a newer version wrote', () => {
  expect(decodeEvent('{"tenant":3,"colour":"red"}')).toEqual({ ...blankEvent(), tenant: 3 })
})
