import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely'
import { TrailError } from '../errors.ts'
import type { Database, Schema } from './schema.ts'

export interface SqliteConnection {
  readonly db: Database
  readonly raw: DatabaseSync
  close(): void
}

/** Statements kept prepared; beyond it the oldest is prepared again when needed. */
const STATEMENTS_MAX = 256

/** How long to wait for a lock that another connection holds. */
const BUSY_MS = 2_000

/** Opens a file for the one writer. `synchronous = FULL`: a commit is on disk before it returns. */
export function openForWriting(file: string): SqliteConnection {
  const raw = new DatabaseSync(file, { timeout: BUSY_MS })
  raw.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -65536;
    PRAGMA mmap_size = 0;
  `)
  return connect(raw)
}

/**
 * Holds the folder's records for this process: an exclusive transaction on a small database beside the file, which the
 * system frees with the process, however it ends.
 */
export function holdLock(file: string): { close(): void } {
  const lock = new DatabaseSync(`${file}.lock`, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw new TrailError('data_in_use', `Another process holds the records ${file}: stop it, or name another data folder.`, {
      cause: error,
    })
  }
  return { close: () => lock.close() }
}

/** Opens a file that this process also writes, for reading only. */
export function openForReading(file: string): SqliteConnection {
  const raw = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS })
  raw.exec('PRAGMA query_only = ON; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;')
  return connect(raw)
}

function connect(raw: DatabaseSync): SqliteConnection {
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: asKyselyExpects(raw) }) })
  return { db, raw, close: () => raw.close() }
}

function asKyselyExpects(raw: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    prepare(sql) {
      const known = statements.get(sql)
      if (known) return known
      if (statements.size >= STATEMENTS_MAX) statements.delete(statements.keys().next().value ?? '')
      const statement = adapt(raw.prepare(sql), sql)
      statements.set(sql, statement)
      return statement
    },
    close: () => raw.close(),
  }
}

function adapt(statement: StatementSync, sql: string): SqliteStatement {
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  return {
    reader: /^\s*(?:select|with|pragma)\b|\breturning\b/i.test(sql),
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  }
}
