import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { blankEvent } from '../../src/event/row.ts'
import { SHIPMENT_ROWS_MAX, cutShipments } from '../../src/ship/cut.ts'

const DAY_MS = 86_400_000

test('a shipment is of one partition, and together they hold every row once, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ retention: fc.integer({ min: 1, max: 4 }), day: fc.nat(5) })), (drawn) => {
      const rows = drawn.map(({ retention, day }, seq) => ({ ...blankEvent(), seq, retention, occurredAt: day * DAY_MS + seq }))
      const shipments = cutShipments(rows)
      expect(new Set(shipments.map(({ name }) => name)).size).toBe(shipments.length)
      for (const { rows: part } of shipments)
        expect(new Set(part.map((row) => `${row.retention} ${Math.floor(row.occurredAt / DAY_MS)}`)).size).toBe(1)
      expect(shipments.flatMap((shipment) => shipment.rows.map((row) => row.seq)).toSorted((a, b) => a - b)).toEqual(
        rows.map((row) => row.seq),
      )
      expect(cutShipments(rows)).toEqual(shipments)
    }),
  )
})

test('no shipment is larger than the engine takes well', () => {
  const rows = Array.from({ length: SHIPMENT_ROWS_MAX * 2 + 1 }, () => blankEvent())
  expect(cutShipments(rows).map((shipment) => shipment.rows.length)).toEqual([SHIPMENT_ROWS_MAX, SHIPMENT_ROWS_MAX, 1])
})
