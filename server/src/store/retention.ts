import { RETENTION_DAYS } from '../event/row.ts'
import { localName, onCluster } from './ddl.ts'
import { formOf } from './migrate.ts'
import { TABLES } from './schema.ts'
import type { Milliseconds } from 'tokentrail'
import type { StoreAddress } from './address.ts'
import type { Store } from './store.ts'
import type { Table } from './table.ts'

const DAY_MS = 86_400_000
/** Sealed addresses are emptied so many days after they were seen, whatever the class of the event. */
const SEALED_DAYS = 7

interface Part {
  readonly table: string
  readonly partition: string
  readonly sealed: number
}

/**
 * Drops whole partitions whose last day is older than the table keeps, and empties old sealed addresses. Nothing is rewritten and
 * nothing ages by itself, so that a hold can keep what it must. Gives the number of partitions dropped. May be called at any time.
 */
export async function applyRetention(store: Store & { readonly address?: StoreAddress }, at: Milliseconds): Promise<number> {
  const form = formOf(store.address)
  const tables = new Map(TABLES.map((table) => [localName(table.name, form), table]))
  let dropped = 0
  for (const { table: name, partition, sealed } of await partitions(store)) {
    const table = tables.get(name)
    if (!table) continue
    const ageDays = (at - endOf(table, partition)) / DAY_MS
    if (ageDays >= keptDays(table, partition)) {
      await store.command(`ALTER TABLE ${name}${onCluster(form)} DROP PARTITION ${partition}`)
      dropped += 1
    } else if (name === localName('events', form) && sealed > 0 && ageDays >= SEALED_DAYS) {
      await store.command(`ALTER TABLE ${name}${onCluster(form)} CLEAR COLUMN address_sealed IN PARTITION ${partition}`)
    }
  }
  return dropped
}

/** Partitions with living parts. `sealed` tells whether any part holds more in that column than one length byte per row. */
async function partitions(store: Store): Promise<readonly Part[]> {
  const { rows } = await store.query<Part>({
    sql: `SELECT table, partition, countIf(column = 'address_sealed' AND column_data_uncompressed_bytes > rows) AS sealed
      FROM system.parts_columns WHERE database = currentDatabase() AND active GROUP BY table, partition ORDER BY table, partition`,
    params: {},
  })
  return rows
}

function keptDays({ keptDays: kept }: Table, partition: string): number {
  if (kept === 'records') return Number.POSITIVE_INFINITY
  if (kept !== 'class') return kept
  const days: Readonly<Record<string, number | undefined>> = RETENTION_DAYS
  return days[/^\((\d+)/.exec(partition)?.[1] ?? ''] ?? Number.POSITIVE_INFINITY
}

/** The first moment after a partition. */
function endOf({ partition: cut }: Table, partition: string): Milliseconds {
  const [first, month] = [partition.slice(0, 4), partition.slice(4, 6)]
  if (cut === 'year') return Date.UTC(Number(first) + 1, 0)
  if (cut === 'month') return Date.UTC(Number(first), Number(month))
  return Date.parse(/\d{4}-\d{2}-\d{2}/.exec(partition)?.[0] ?? '') + DAY_MS
}
