import { describe, expect, test } from 'vitest'
import { createStatements } from '../../src/store/ddl.ts'
import { ROLLUPS } from '../../src/store/rollups.ts'
import { insert, numberOf, rowsOf, sharedStore, validation } from './support.ts'

const DAY_MS = 86_400_000
const FIRST = Date.UTC(2026, 10, 2, 12)
const COUNTS = {
  events: 'sum(count)',
  events_minute: 'sum(count)',
  events_hour: 'sum(count)',
  events_day: 'sum(count)',
  token_day: 'sum(attempts)',
  network_day: 'sum(attempts)',
  latency_minute: 'sum(samples)',
  latency_hour: 'sum(samples)',
  route_hour: 'sum(count)',
  capture_minute: 'sum(stored)',
} as const
const tables = Object.entries(COUNTS)

/** Six days of events in two classes of retention, on both sides of a month's end: one block of twelve partitions. */
const rows = Array.from({ length: 800 }, (_, seq) =>
  validation(seq, { occurredAt: FIRST - (seq % 6) * DAY_MS, retention: 2 + (seq % 3 === 0 ? 1 : 0) }),
)
const shared = sharedStore()

async function countsOf(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const [table, sum] of tables) counts[table] = await numberOf(shared(), `SELECT ${sum} AS n FROM ${table}`)
  return counts
}

async function empty(): Promise<void> {
  for (const [table] of tables) await shared().command(`TRUNCATE TABLE ${table}`)
}

/** By day of both kinds, by month, by year. */
const SOME = ['events', 'events_minute', 'token_day', 'events_day'] as const
const once = Object.fromEntries(tables.map(([table]) => [table, rows.length]))

describe('an insert of many partitions', () => {
  test('counts once however often it is sent', async () => {
    await empty()
    for (let time = 0; time < 2; time++) await insert(shared(), rows, 'whole')
    expect(await countsOf()).toEqual(once)
  })

  test('is completed when it is sent again after a crash before its roll-ups', async () => {
    await empty()
    for (const { name } of ROLLUPS) await shared().command(`DROP VIEW ${name}_view`)
    const arrived = rows.filter((row) => row.occurredAt >= FIRST - DAY_MS)
    await insert(shared(), arrived, 'some of events')
    for (const statement of createStatements({}).filter((text) => text.startsWith('CREATE MATERIALIZED')))
      await shared().command(statement)
    await insert(shared(), rows, 'some of events')
    expect(await countsOf()).toEqual(once)
  })

  test.each(SOME)('is completed in %s when some of its partitions had not arrived', async (table) => {
    await empty()
    await insert(shared(), rows, `some of ${table}`)
    const parts = await rowsOf<{ id: string }>(
      shared(),
      `SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND table = '${table}' ORDER BY id LIMIT 1`,
    )
    for (const { id } of parts) await shared().command(`ALTER TABLE ${table} DROP PARTITION ID '${id}'`)
    expect(await numberOf(shared(), `SELECT ${COUNTS[table]} AS n FROM ${table}`)).toBeLessThan(rows.length)
    await insert(shared(), rows, `some of ${table}`)
    expect(await countsOf()).toEqual(once)
  })
})
