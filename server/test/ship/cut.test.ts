import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { blankEvent } from '../../src/event/row.ts'
import { SHIPMENT_PARTITIONS_MAX, SHIPMENT_ROWS_MAX, cutShipments } from '../../src/ship/cut.ts'

const DAY_MS = 86_400_000

test('shipments hold every row once, in order, and no more partitions than an insert may meet', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ retention: fc.integer({ min: 1, max: 4 }), day: fc.nat(60) }), { size: 'max', maxLength: 300 }),
      (drawn) => {
        const rows = drawn.map(({ retention, day }, seq) => ({ ...blankEvent(), seq, retention, occurredAt: day * DAY_MS + seq }))
        const shipments = cutShipments(rows)
        expect(new Set(shipments.map(({ name }) => name)).size).toBe(shipments.length)
        for (const { rows: part } of shipments)
          expect(new Set(part.map((row) => `${row.retention} ${Math.floor(row.occurredAt / DAY_MS)}`)).size).toBeLessThanOrEqual(
            SHIPMENT_PARTITIONS_MAX,
          )
        expect(shipments.flatMap((shipment) => shipment.rows)).toEqual(rows)
        expect(cutShipments(rows)).toEqual(shipments)
      },
    ),
  )
})

test('a history of two weeks in two classes of retention goes in one shipment', () => {
  const rows = Array.from({ length: 1400 }, (_, i) => ({
    ...blankEvent(),
    retention: 2 + (i % 2),
    occurredAt: i * 0.01 * DAY_MS,
  }))
  expect(cutShipments(rows)).toHaveLength(1)
})

test('no shipment is larger than the engine takes well', () => {
  const rows = Array.from({ length: SHIPMENT_ROWS_MAX * 2 + 1 }, () => blankEvent())
  expect(cutShipments(rows).map((shipment) => shipment.rows.length)).toEqual([SHIPMENT_ROWS_MAX, SHIPMENT_ROWS_MAX, 1])
})
