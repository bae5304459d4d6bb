import { PostgresAdapter, sql } from 'kysely'
import type { Milliseconds } from 'tokentrail'
import type { Database } from './schema.ts'

/** Tables whose rows are numbered, and named by those numbers in events. */
export type Numbered = 'writer' | 'token' | 'owner' | 'tenant'

/** Held while numbers are raised and given, so that processes that do it at once do not give one twice. */
const NUMBERS_LOCK = 0x746f6b6e

/** 2020-01-01. */
const FIRST_SECOND = 1_577_836_800

/**
 * The next row of a table gets a number above `floor`, inside the caller's transaction. Numbers that were given already stay
 * above it.
 */
export async function raiseNumbers(db: Database, table: Numbered, floor: number): Promise<void> {
  if (db.getExecutor().adapter instanceof PostgresAdapter) {
    await sql`SELECT pg_advisory_xact_lock(${NUMBERS_LOCK}::bigint)`.execute(db)
    const sequence = `${table}_no_seq`
    await sql`SELECT setval(${sequence}::regclass, ${floor}::bigint) FROM ${sql.table(sequence)} WHERE last_value < ${floor}::bigint`.execute(
      db,
    )
    return
  }
  await sql`INSERT INTO sqlite_sequence (name, seq) SELECT ${table}, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ${table})`.execute(
    db,
  )
  await sql`UPDATE sqlite_sequence SET seq = ${floor} WHERE name = ${table} AND seq < ${floor}`.execute(db)
}

/**
 * The number that a writer leased now is above: seconds since 2020. Records that were restored from a backup have forgotten which
 * numbers were given since; the clock has not, so that no event gets the number of one that the journal or the store still holds.
 */
export function writerFloor(at: Milliseconds): number {
  return Math.max(0, Math.floor(at / 1000) - FIRST_SECOND)
}
