import { DatabaseSync } from 'node:sqlite'
import { frameRows } from '../event/frame.ts'
import type { JournalBatch, JournalReader } from './journal.ts'

/** Batches in order, and the positions of those that cannot be read. `upTo` is the last position looked at. */
export interface JournalPage {
  readonly batches: readonly JournalBatch[]
  readonly damaged: readonly number[]
  readonly upTo: number
}

/** Reads a journal from another thread than its writer's. */
export interface JournalReadFile {
  /** What follows `position`: at least one batch if there is one, then as many as fit into `bytesMax`. `upTo` bounds it from above. */
  next(position: number, bytesMax: number, upTo?: number): JournalPage
  /** What a reader has kept beside its position. */
  notes(reader: JournalReader): ReadonlyMap<string, string>
  close(): void
}

interface BatchRow {
  readonly position: number
  readonly received_at: number
  readonly frame: Uint8Array
}

/** Opens the journal's file read-only. Every frame it gives out has passed its CRC. */
export function openJournalReader(file: string): JournalReadFile {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  const select = db.prepare(
    'SELECT position, received_at, frame FROM batch WHERE position > ? AND position <= ? ORDER BY position',
  )

  function next(position: number, bytesMax: number, upTo: number = Number.MAX_SAFE_INTEGER): JournalPage {
    const batches: JournalBatch[] = []
    const damaged: number[] = []
    let at = position
    let bytes = 0
    for (const row of select.iterate(position, upTo) as unknown as Iterable<BatchRow>) {
      bytes += row.frame.byteLength
      if (at > position && bytes > bytesMax) break
      at = row.position
      if (isWhole(row.frame)) batches.push({ position: at, receivedAt: row.received_at, frame: row.frame })
      else damaged.push(at)
    }
    return { batches, damaged, upTo: at }
  }

  function notes(reader: JournalReader): ReadonlyMap<string, string> {
    const rows = db.prepare('SELECT name, value FROM note WHERE reader = ?').all(reader) as unknown as {
      name: string
      value: string
    }[]
    return new Map(rows.map(({ name, value }) => [name, value]))
  }

  return { next, notes, close: () => db.close() }
}

function isWhole(frame: Uint8Array): boolean {
  try {
    return frameRows(frame) >= 0
  } catch {
    return false
  }
}
