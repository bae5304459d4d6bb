import type { StatementSync } from 'node:sqlite'
import type { LossReason, Milliseconds } from 'tokentrail'
import { openDatabase } from './database.ts'
import type { JournalReader, ReaderNotes } from './journal.ts'
import type { Moved, Total } from './ledger.ts'
import type { Mark } from './marks.ts'
import { addLosses, sumLosses } from './tally.ts'
import type { Tally } from './tally.ts'

/** One sealed batch on its way into the file. `tallies` tell apart what is in the frame. */
export interface SealedBatch {
  readonly receivedAt: Milliseconds
  readonly frame: Uint8Array
  readonly tallies: readonly Tally[]
}

/** What one transaction writes: batches, and what goes with them or they do not count. */
export interface Commit {
  readonly batches: readonly SealedBatch[]
  /** Repeats and losses, which have no rows. */
  readonly aside: readonly Tally[]
  readonly declared: readonly Declared[]
  readonly marks: readonly (readonly [writer: number, mark: Mark])[]
  readonly sourceIds: readonly Uint8Array[]
  readonly day: number
}

interface Declared {
  readonly tenant: number
  readonly promise: number
  readonly reason: LossReason
  readonly count: number
}

export interface Snapshot {
  /** Transactions of `commit` so far. */
  readonly commits: number
  readonly position: number
  readonly totals: readonly Total[]
  /** Losses of an earlier run that no event has declared yet. */
  readonly undeclared: readonly Declared[]
  readonly marks: readonly (readonly [writer: number, mark: Mark])[]
  readonly readers: Readonly<Partial<Record<JournalReader, number>>>
  readonly damaged: number
  readonly waiting: Waiting
  /** Where a file went that could not be opened. */
  readonly setAside: string | null
}

/** What lies in the file. `oldest` is the time of the oldest batch that is not in the store. */
interface Waiting {
  readonly bytes: number
  readonly batches: number
  readonly oldest: Milliseconds | null
}

export interface Passed {
  readonly moves: readonly Moved[]
  readonly waiting: Waiting
}

/** The journal's file. Every method is one transaction; only one thread may call them. */
export interface JournalFile {
  snapshot(): Snapshot
  /** Writes all of it or nothing; gives the position of the last batch. */
  commit(commit: Commit): number
  /** Which of these digests were taken before. */
  seen(sourceIds: readonly Uint8Array[]): readonly boolean[]
  register(reader: JournalReader): number
  passed(params: {
    readonly reader: JournalReader
    readonly position: number
    readonly damaged: readonly number[]
    readonly notes: ReaderNotes
  }): Passed
  notes(reader: JournalReader): ReadonlyMap<string, string>
  /** Forgets the source ids of one 256th of all digests that are older than `day`. */
  forgetSources(params: { readonly slice: number; readonly day: number }): number
  /** Moves everything from the write-ahead log into the file itself and syncs that; false when a reader was in the way. */
  settle(): boolean
  /** Writes the file anew without what was deleted; false when a reader was in the way. */
  scrub(): boolean
  close(): void
}

/** What a batch takes beside its frame, roughly. */
const BATCH_OVERHEAD_BYTES = 100
const FREE_PAGES_MAX = 4096
const PAGES_AT_ONCE = 512

const SQL = {
  batch: 'INSERT INTO batch (position, received_at, tallies, frame) VALUES (?, ?, ?, ?)',
  grown: 'UPDATE state SET commits = commits + 1, position = ?, bytes = bytes + ?, batches = batches + ?',
  received: `INSERT INTO total VALUES (?, ?, ?, 0, 0, ?, ?) ON CONFLICT DO UPDATE SET
    received = received + excluded.received, journalled = journalled + excluded.journalled, repeated = repeated + excluded.repeated`,
  dropped: `INSERT INTO dropped VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    count = count + excluded.count, declared = declared + excluded.declared`,
  mark: 'INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET high = excluded.high, gaps = excluded.gaps',
  source: 'INSERT OR IGNORE INTO source VALUES (?, ?)',
  seen: 'SELECT 1 FROM source WHERE digest = ?',
  forget: 'DELETE FROM source WHERE digest >= ? AND digest < ? AND day < ?',
  state: 'SELECT commits, position, bytes, batches, damaged FROM state',
  oldest: `SELECT received_at FROM batch WHERE position > (SELECT position FROM reader WHERE name = 'ship') ORDER BY position LIMIT 1`,
  totals: 'SELECT tenant, promise, received, stored, coalesced, journalled, repeated FROM total',
  losses: 'SELECT tenant, promise, reason, count, declared FROM dropped',
  marks: 'SELECT writer, high, gaps FROM mark',
  readers: 'SELECT name, position FROM reader',
  register: 'INSERT OR IGNORE INTO reader SELECT ?, position FROM state',
  readTo: 'UPDATE reader SET position = ? WHERE name = ?',
  note: 'INSERT INTO note VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  unnote: 'DELETE FROM note WHERE reader = ? AND name = ?',
  notes: 'SELECT name, value FROM note WHERE reader = ? ORDER BY name',
  tallies: 'SELECT position, tallies FROM batch WHERE position > ? AND position <= ?',
  moved:
    'UPDATE total SET stored = stored + ?, coalesced = coalesced + ?, journalled = journalled - ? WHERE tenant = ? AND promise = ?',
  damaged: 'UPDATE state SET damaged = damaged + ?',
  sizes: 'SELECT count(*) AS batches, total(length(frame)) AS bytes FROM batch WHERE position <= ?',
  delete: 'DELETE FROM batch WHERE position <= ?',
  shrunk: 'UPDATE state SET bytes = bytes - ?, batches = batches - ?',
} as const

type Row = Record<string, never>

/** Opens the journal's file, or makes it. Throws `data_newer` for one of a later version; sets aside what is no database. */
export function openJournalFile(file: string): JournalFile {
  const { db, setAside } = openDatabase(file)
  const run = Object.fromEntries(Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)])) as Record<
    keyof typeof SQL,
    StatementSync
  >
  const one = (name: keyof typeof SQL): Row => (run[name].get() ?? {}) as Row
  const all = (name: keyof typeof SQL, ...values: number[]): Row[] => run[name].all(...values) as Row[]

  function inTransaction<T>(write: () => T): T {
    db.exec('BEGIN IMMEDIATE')
    try {
      const result = write()
      db.exec('COMMIT')
      return result
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }

  function snapshot(): Snapshot {
    const losses = all('losses') as unknown as (Declared & { declared: number })[]
    const { commits, position, damaged } = one('state')
    return {
      commits: commits ?? 0,
      position: position ?? 0,
      totals: all('totals').map((total) => withLosses(total as unknown as Total, losses)),
      undeclared: losses.map((loss) => ({ ...loss, count: loss.count - loss.declared })).filter((loss) => loss.count > 0),
      marks: all('marks').map(({ writer, high, gaps }) => [
        writer ?? 0,
        { high: high ?? 0, gaps: JSON.parse(gaps ?? '[]') as Mark['gaps'] },
      ]),
      readers: Object.fromEntries(all('readers').map(({ name, position }) => [name, position])),
      damaged: damaged ?? 0,
      waiting: waiting(),
      setAside,
    }
  }

  function waiting(): Waiting {
    const { bytes, batches } = one('state')
    return { bytes: bytes ?? 0, batches: batches ?? 0, oldest: one('oldest')['received_at'] ?? null }
  }

  function commit(commit: Commit): number {
    return inTransaction(() => {
      const position = insertBatches(commit.batches)
      for (const tally of commit.aside) addTally(tally)
      for (const { tenant, promise, reason, count } of commit.declared) run.dropped.run(tenant, promise, reason, 0, count)
      for (const [writer, { high, gaps }] of commit.marks) run.mark.run(writer, high, JSON.stringify(gaps))
      for (const digest of commit.sourceIds) run.source.run(digest, commit.day)
      return position
    })
  }

  function insertBatches(batches: readonly SealedBatch[]): number {
    let position: number = one('state')['position'] ?? 0
    let bytes = 0
    for (const { receivedAt, frame, tallies } of batches) {
      bytes += frame.byteLength + BATCH_OVERHEAD_BYTES
      const counts = tallies.map(({ tenant, promise, plain, coalesced }) => [tenant, promise, plain, coalesced])
      run.batch.run(++position, receivedAt, JSON.stringify(counts), frame)
      for (const tally of tallies) addTally(tally)
    }
    run.grown.run(position, bytes, batches.length)
    return position
  }

  function addTally({ tenant, promise, plain, coalesced, repeated, dropped }: Tally): void {
    run.received.run(tenant, promise, plain + coalesced + sumLosses(dropped), plain + coalesced, repeated)
    for (const [reason, count] of Object.entries(dropped)) run.dropped.run(tenant, promise, reason, count, 0)
  }

  function passed({ reader, position, damaged, notes }: Parameters<JournalFile['passed']>[0]): Passed {
    const moves = inTransaction(() => {
      keepNotes(reader, notes)
      const from: number = readers()[reader] ?? 0
      const to = Math.min(position, one('state')['position'] ?? 0)
      if (to <= from) return []
      const moved = reader === 'ship' ? move(from, to, new Set(damaged)) : []
      run.readTo.run(to, reader)
      deleteTo(Math.min(...Object.values(readers())))
      return moved
    })
    giveBackPages()
    return { moves, waiting: waiting() }
  }

  function keepNotes(reader: JournalReader, notes: ReaderNotes): void {
    for (const [name, value] of notes) {
      if (value === null) run.unnote.run(reader, name)
      else run.note.run(reader, name, value)
    }
  }

  function readers(): Record<string, number> {
    return Object.fromEntries(all('readers').map(({ name, position }) => [name, position ?? 0]))
  }

  function move(from: number, to: number, damaged: ReadonlySet<number>): readonly Moved[] {
    const moves = movesOf(all('tallies', from, to) as unknown as BatchTallies[], damaged)
    for (const { tenant, promise, stored, coalesced, damaged: lost } of moves) {
      run.moved.run(stored, coalesced, stored + coalesced + lost, tenant, promise)
      if (lost > 0) run.dropped.run(tenant, promise, 'journal_failed', lost, 0)
    }
    if (damaged.size > 0) run.damaged.run(damaged.size)
    return moves
  }

  function deleteTo(position: number): void {
    const { batches, bytes } = (run.sizes.get(position) ?? {}) as Row
    if (!batches) return
    run.delete.run(position)
    run.shrunk.run((bytes ?? 0) + batches * BATCH_OVERHEAD_BYTES, batches)
  }

  /** Free pages are used again; only when many lie idle, some go back to the file system. */
  function giveBackPages(): void {
    const { freelist_count: free } = db.prepare('PRAGMA freelist_count').get() as Row
    if ((free ?? 0) > FREE_PAGES_MAX) db.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`)
  }

  return {
    snapshot,
    commit,
    passed,
    notes: (reader) =>
      new Map((run.notes.all(reader) as unknown as { name: string; value: string }[]).map((note) => [note.name, note.value])),
    seen: (sourceIds) => sourceIds.map((digest) => run.seen.get(digest) !== undefined),
    register(reader) {
      run.register.run(reader)
      return readers()[reader] ?? 0
    },
    forgetSources: ({ slice, day }) => Number(run.forget.run(Buffer.of(slice), Buffer.of(slice, ...ABOVE_ANY), day).changes),
    settle: () => (db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as Row)['busy'] === 0,
    scrub() {
      db.exec('VACUUM')
      return (db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as Row)['busy'] === 0
    },
    close: () => db.close(),
  }
}

/** After its first byte, greater than any digest. */
const ABOVE_ANY = Array.from({ length: 16 }, () => 255)

function withLosses(total: Total, losses: readonly Declared[]): Total {
  const dropped = {}
  for (const { tenant, promise, reason, count } of losses) {
    if (tenant === total.tenant && promise === total.promise) addLosses(dropped, { [reason]: count })
  }
  return { ...total, dropped }
}

interface BatchTallies {
  readonly position: number
  readonly tallies: string
}

function movesOf(batches: readonly BatchTallies[], damaged: ReadonlySet<number>): readonly Moved[] {
  const moves = new Map<string, { -readonly [Field in keyof Moved]: Moved[Field] }>()
  for (const batch of batches) {
    for (const [tenant, promise, plain, coalesced] of JSON.parse(batch.tallies) as [number, number, number, number][]) {
      const key = `${tenant} ${promise}`
      const move = moves.get(key) ?? { tenant, promise, stored: 0, coalesced: 0, damaged: 0 }
      moves.set(key, move)
      const isDamaged = damaged.has(batch.position)
      move.damaged += isDamaged ? plain + coalesced : 0
      move.stored += isDamaged ? 0 : plain
      move.coalesced += isDamaged ? 0 : coalesced
    }
  }
  return [...moves.values()]
}
