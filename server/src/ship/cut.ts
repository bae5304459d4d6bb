import type { EventRow } from '../event/row.ts'

/** Rows of one insert: one block, whose token counts in every partition that it meets. */
export interface Shipment {
  /** What its token adds to the plan's. */
  readonly name: string
  readonly rows: readonly EventRow[]
}

/** Larger batches take the embedded engine beyond a gigabyte. */
export const SHIPMENT_ROWS_MAX = 20_000
/** Partitions are written one after the other; an insert of more would take seconds. The engine refuses more than 100. */
export const SHIPMENT_PARTITIONS_MAX = 32
const DAY_MS = 86_400_000

/**
 * Cuts rows into shipments, in their order; the same rows always give the same shipments. An insert costs as much as thousands of
 * rows, so history over many days goes in few. Where a part of one had arrived, the whole is sent again under its token: each table
 * and partition keeps what it has and takes what it misses.
 */
export function cutShipments(rows: readonly EventRow[]): readonly Shipment[] {
  const shipments: Shipment[] = []
  for (let from = 0; from < rows.length;) {
    const to = endOfShipment(rows, from)
    shipments.push({ name: String(shipments.length), rows: rows.slice(from, to) })
    from = to
  }
  return shipments
}

function endOfShipment(rows: readonly EventRow[], from: number): number {
  const partitions = new Set<string>()
  const end = Math.min(rows.length, from + SHIPMENT_ROWS_MAX)
  for (let at = from; at < end; at++) {
    const row = rows[at]
    if (row !== undefined) partitions.add(`${row.retention} ${Math.floor(row.occurredAt / DAY_MS)}`)
    if (partitions.size > SHIPMENT_PARTITIONS_MAX) return at
  }
  return end
}
