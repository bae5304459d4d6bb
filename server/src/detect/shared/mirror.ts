import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Pool } from 'pg'
import type { JournalReader } from '../../journal/journal.ts'
import type { WatchedJournal } from '../watch.ts'
import { FEED_BYTES_MAX, readHead } from './tables.ts'

/** This server's copy of the feed, read by the detecting thread as if it were a journal. */
export interface Mirror {
  readonly journal: WatchedJournal
  /** Fetches what is new; resolves when the copy has everything that was in the feed. */
  fetch(): Promise<void>
  close(): void
}

const TABLE = `PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;
CREATE TABLE batch (position INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, frame BLOB NOT NULL) STRICT;`
/** Batches that are fetched at once: each is a page of the journal's writer, rarely more than some ten kilobytes. */
const PAGE = 200

interface BatchRow {
  readonly no: string
  readonly received_at: string
  readonly frame: Buffer
}

/** Removes the copy and what belongs to it. */
export function removeMirror(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
}

/**
 * Makes the copy anew, from behind what the last checkpoint has. `onPassed` hears how far the thread needs nothing any more.
 */
export function openMirror(o: {
  readonly pool: Pool
  readonly file: string
  readonly savedNo: number
  readonly onPassed: (no: number) => void
}): Mirror {
  removeMirror(o.file)
  const db = new DatabaseSync(o.file)
  db.exec(TABLE)
  const insert = db.prepare('INSERT INTO batch (position, received_at, frame) VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM batch WHERE position <= ?')
  const listeners = new Set<(batch: { readonly position: number }) => void>()
  let [position, passed, bytes] = [o.savedNo, o.savedNo, 0]

  async function fetch(): Promise<void> {
    for (;;) {
      const { rows } = await o.pool.query<BatchRow>(NEXT, [position, PAGE])
      if (rows.length > 0) take(rows)
      if (rows.length < PAGE) break
    }
    bytes = (await readHead(o.pool)).bytes
  }

  function take(rows: readonly BatchRow[]): void {
    db.exec('BEGIN')
    for (const { no, received_at: receivedAt, frame } of rows) insert.run(Number(no), Number(receivedAt), frame)
    db.exec('COMMIT')
    position = Number(rows.at(-1)?.no ?? position)
    for (const listener of listeners) listener({ position })
  }

  const journal: WatchedJournal = {
    register: async () => passed,
    position: () => position,
    readers: () => ({ detect: passed, ship: position }),
    onJournalled(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async passed(_reader: JournalReader, upTo: number) {
      passed = Math.max(passed, upTo)
      remove.run(passed)
      o.onPassed(passed)
    },
    state: () => ({ bytes, bytesMax: FEED_BYTES_MAX }),
  }
  return { journal, fetch, close: () => db.close() }
}

const NEXT = 'SELECT no, received_at, frame FROM detection_batch WHERE no > $1 ORDER BY no LIMIT $2'
