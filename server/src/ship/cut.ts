import type { EventRow } from '../event/row.ts'

/** Rows of one insert: one partition of `events`, so one block with one token. */
export interface Shipment {
  /** What its token adds to the plan's: partition and part. */
  readonly name: string
  readonly rows: readonly EventRow[]
}

/** Larger batches take the embedded engine beyond a gigabyte. */
export const SHIPMENT_ROWS_MAX = 20_000
const DAY_MS = 86_400_000

/** Cuts rows into shipments; the same rows always give the same shipments. */
export function cutShipments(rows: readonly EventRow[]): readonly Shipment[] {
  const partitions = new Map<string, EventRow[]>()
  for (const row of rows) {
    const name = `${row.retention}-${Math.floor(row.occurredAt / DAY_MS)}`
    const partition = partitions.get(name)
    if (partition) partition.push(row)
    else partitions.set(name, [row])
  }
  return [...partitions].flatMap(([name, all]) => partsOf(name, all))
}

function partsOf(name: string, rows: readonly EventRow[]): readonly Shipment[] {
  const parts: Shipment[] = []
  for (let at = 0; at < rows.length; at += SHIPMENT_ROWS_MAX) {
    parts.push({ name: `${name}-${parts.length}`, rows: rows.slice(at, at + SHIPMENT_ROWS_MAX) })
  }
  return parts
}
