import { DatabaseSync } from 'node:sqlite'

/** What a witness saw last of a log. */
export interface Seen {
  readonly size: bigint
  readonly root: Uint8Array
  /** Seconds that its cosignature states. */
  readonly time: bigint
  /** The checkpoint with the witness's cosignature. */
  readonly note: string
}

/** What a witness remembers: it must never go back, so every change is on disk before it is answered. */
export interface WitnessMemory {
  seen(origin: string): Seen | undefined
  /** Puts `next` in the place of exactly `last`, durably; false when another one stands there by now. */
  replace(origin: string, last: Seen | undefined, next: Seen): boolean
  close(): void
}

const TABLE = `CREATE TABLE IF NOT EXISTS seen (
  origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, note TEXT NOT NULL
) STRICT`

/** A witness's memory in a SQLite file; synced at every change. Several processes may share it. */
export function openWitnessMemory(file: string): WitnessMemory {
  const db = new DatabaseSync(file, { timeout: 5000 })
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${TABLE}`)
  const read = db.prepare('SELECT size, root, time, note FROM seen WHERE origin = ?')
  read.setReadBigInts(true)
  const insert = db.prepare('INSERT INTO seen (origin, size, root, time, note) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
  const update = db.prepare(
    'UPDATE seen SET size = ?, root = ?, time = ?, note = ? WHERE origin = ? AND size = ? AND root = ? AND time = ?',
  )
  return {
    seen: (origin) => read.get(origin) as Seen | undefined,
    replace(origin, last, { size, root, time, note }) {
      const { changes } = last
        ? update.run(size, root, time, note, origin, last.size, last.root, last.time)
        : insert.run(origin, size, root, time, note)
      return changes === 1
    },
    close: () => db.close(),
  }
}
