import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { createReads } from './reads.ts'
import type { RecordReads, Records } from './records.ts'
import { openForReading } from './sqlite-connection.ts'
import { openSqlite } from './sqlite.ts'

/** Opens the records: PostgreSQL where a URL is given, else an SQLite file. Tables are brought up to date first. */
export async function openRecords(o: { file?: string; url?: string; clock: Clock; log: Log }): Promise<Records> {
  const { file, url, clock, log } = o
  if (url !== undefined) {
    const { openPostgres } = await import('./postgres.ts')
    return openPostgres({ url, clock, log })
  }
  if (file !== undefined) return openSqlite({ file, clock, log })
  throw new TrailError('config_invalid', 'The records need a file or a PostgreSQL URL.', { input: 'records' })
}

/** Opens the records for reading alone, beside a server that runs or without one. */
export async function readRecords(o: { file?: string; url?: string; clock: Clock; log: Log }): Promise<{
  readonly read: RecordReads
  close(): Promise<void>
}> {
  if (o.url !== undefined) return (await import('./postgres.ts')).readPostgres({ ...o, url: o.url })
  const connection = openForReading(o.file ?? '')
  return { read: createReads(connection.db, o.clock), close: async () => connection.close() }
}
