import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { Records } from './records.ts'
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
