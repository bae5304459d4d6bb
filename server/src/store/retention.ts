import { RETENTION_DAYS } from '../event/row.ts'
import { localName, onCluster } from './ddl.ts'
import { formOf } from './migrate.ts'
import { TABLES } from './schema.ts'
import type { Milliseconds } from 'tokentrail'
import type { StoreAddress } from './address.ts'
import type { StoreForm } from './ddl.ts'
import type { Store } from './store.ts'
import type { Table } from './table.ts'

const DAY_MS = 86_400_000
/** Sealed addresses are emptied so many days after they were seen, whatever the class of the event. */
const SEALED_DAYS = 7
/** Reads one nearly empty column of every event. */
const SEALED_LIMITS = { timeoutMs: 120_000, rowsReadMax: 100_000_000_000 } as const

interface Part {
  readonly table: string
  readonly id: string
  /** As the engine writes it: `(1,'2026-11-25')`, `2026-11-25`, `202611`, `2026`. */
  readonly partition: string
}

/**
 * Drops whole partitions whose last day is older than the table keeps, and empties old sealed addresses. Nothing is rewritten and
 * nothing ages by itself, so that a hold can keep what it must. Gives the number of partitions dropped. May be called at any time.
 */
export async function applyRetention(store: Store & { readonly address?: StoreAddress }, at: Milliseconds): Promise<number> {
  const form = formOf(store.address)
  const tables = new Map(TABLES.map((table) => [localName(table.name, form), table]))
  let dropped = 0
  for (const { table: name, id, partition } of await partitions(store)) {
    const table = tables.get(name)
    if (!table || (at - endOf(table, partition)) / DAY_MS < keptDays(table, partition)) continue
    await store.command(`ALTER TABLE ${name}${onCluster(form)} DROP PARTITION ID '${id}'`)
    dropped += 1
  }
  await emptySealed(store, form, at)
  return dropped
}

async function partitions(store: Store): Promise<readonly Part[]> {
  const { rows } = await store.query<Part>({
    sql: `SELECT table, partition_id AS id, any(partition) AS partition FROM system.parts
      WHERE database = currentDatabase() AND active GROUP BY table, id ORDER BY table, id`,
    params: {},
  })
  return rows
}

async function emptySealed(store: Store, form: StoreForm, at: Milliseconds): Promise<void> {
  const { rows } = await store.query<{ id: string }>({
    sql: `SELECT DISTINCT _partition_id AS id FROM events
      WHERE toDate(occurred_at) < toDate({day:UInt16}) AND address_sealed != '' ORDER BY id`,
    params: { day: Math.floor(at / DAY_MS) - SEALED_DAYS },
    limits: SEALED_LIMITS,
  })
  for (const { id } of rows) {
    await store.command(
      `ALTER TABLE ${localName('events', form)}${onCluster(form)} CLEAR COLUMN address_sealed IN PARTITION ID '${id}'`,
    )
  }
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
