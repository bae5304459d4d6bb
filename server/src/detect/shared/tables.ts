import { Pool } from 'pg'
import type { Log } from '../../config/log.ts'

/** The database that servers share, as detection uses it: few connections, for nobody waits for detection. */
const CONNECTIONS = 3
const ANSWER_MS = 15_000
const CONNECT_MS = 5_000

/** Held while the tables are made, so that servers that start together do it once. */
const TABLES_LOCK = 0x746f6b64

const TABLES = `
BEGIN;
SELECT pg_advisory_xact_lock(${TABLES_LOCK});
CREATE TABLE IF NOT EXISTS detection_head (
  one INTEGER PRIMARY KEY CHECK (one = 1), epoch BIGINT NOT NULL, last_no BIGINT NOT NULL, bytes BIGINT NOT NULL,
  saved_no BIGINT NOT NULL, saved_chunks INTEGER NOT NULL
);
INSERT INTO detection_head VALUES (1, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS detection_batch (no BIGINT PRIMARY KEY, received_at BIGINT NOT NULL, frame BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS detection_origin (origin TEXT PRIMARY KEY, position BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS detection_chunk (no INTEGER PRIMARY KEY, bytes BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS detection_request (no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT NOT NULL);
COMMIT`

/** Batches that wait for the detecting server, at most; beyond it each server keeps its own in its journal. */
export const FEED_BYTES_MAX = 256 * 1024 * 1024

/** What the servers know together of the feed and of the last checkpoint. */
export interface Head {
  /** Grows with each server that takes over; one that has an older one writes no checkpoint. */
  readonly epoch: number
  /** Number of the newest batch. */
  readonly lastNo: number
  /** Bytes of the batches that are kept. */
  readonly bytes: number
  /** Every batch up to here is in the checkpoint. */
  readonly savedNo: number
  /** Parts of the checkpoint; 0 = there is none. */
  readonly savedChunks: number
}

interface HeadRow {
  readonly epoch: string
  readonly last_no: string
  readonly bytes: string
  readonly saved_no: string
  readonly saved_chunks: number
}

/** Opens the database for detection and makes its tables where they are missing. The schema is there: the records made it. */
export async function openShared(o: { readonly url: string; readonly log: Log }): Promise<Pool> {
  const pool = new Pool({
    connectionString: o.url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    application_name: 'tokentrail detection',
    options: '-c search_path=tokentrail',
  })
  pool.on('error', (error) => o.log.warn({ cause: error.message }, 'detection lost a connection to the database'))
  try {
    await pool.query(TABLES)
  } catch (error) {
    await pool.end()
    throw error
  }
  return pool
}

/** Forms what the database says of the head. */
export function headOf(row: HeadRow | undefined): Head {
  if (!row) throw new Error('the table detection_head has no row')
  return {
    epoch: Number(row.epoch),
    lastNo: Number(row.last_no),
    bytes: Number(row.bytes),
    savedNo: Number(row.saved_no),
    savedChunks: row.saved_chunks,
  }
}

export async function readHead(pool: Pool): Promise<Head> {
  return headOf((await pool.query<HeadRow>('SELECT * FROM detection_head')).rows[0])
}

/** From now on this server's checkpoints count, and no other's. */
export async function takeOver(pool: Pool): Promise<Head> {
  return headOf((await pool.query<HeadRow>('UPDATE detection_head SET epoch = epoch + 1 RETURNING *')).rows[0])
}
