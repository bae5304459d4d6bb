import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FLAGS } from 'tokentrail'
import { onTestFinished } from 'vitest'
import { decodeFrame } from '../../src/event/frame.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { Conservation, Journal } from '../../src/journal/journal.ts'
import { mergeDeltas } from '../../src/journal/merge-deltas.ts'
import { openJournal } from '../../src/journal/open.ts'
import type { OpenJournal } from '../../src/journal/open.ts'
import { openJournalReader } from '../../src/journal/read.ts'
import { NOON, silentLog } from './support-rows.ts'

export * from './support-rows.ts'

/** A clock that stands still until it is moved. */
export function stillClock(): { now(): number; ticks(): number; move(ms: number): void } {
  let ms = 0
  return { now: () => NOON + ms, ticks: () => ms * 1000, move: (by) => void (ms += by) }
}

/** A path in a folder that is removed when the test is over. */
export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-journal-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'journal.sqlite')
}

/** Opens a journal that is closed when the test is over. */
export async function openForTest(options: Partial<OpenJournal> = {}): Promise<Journal> {
  const file = options.file ?? temporaryFile()
  const journal = await openJournal({ file, writer: 7, clock: stillClock(), bytesMax: 1 << 26, log: silentLog, ...options })
  onTestFinished(() => journal.close())
  return journal
}

/** All rows that wait in a journal's file. */
export function rowsIn(file: string, position = 0): EventRow[] {
  const reader = openJournalReader(file)
  const { batches } = reader.next(position, Number.MAX_SAFE_INTEGER)
  reader.close()
  return batches.flatMap(({ frame }) => decodeFrame(frame))
}

/** Ships up to `bytesMax` of what waits, as the shipper does, and gives the rows the store would take. */
export async function ship(journal: Journal, file: string, bytesMax: number = Number.MAX_SAFE_INTEGER): Promise<EventRow[]> {
  const reader = openJournalReader(file)
  const page = reader.next(journal.readers().ship ?? 0, bytesMax, journal.position())
  reader.close()
  const rows = mergeDeltas(page.batches.flatMap(({ frame }) => decodeFrame(frame)))
  const coalesced = decisions(rows.filter(({ flags }) => flags & FLAGS.coalesced))
  await journal.passed('ship', page.upTo, { stored: decisions(rows) - coalesced, coalesced, damaged: page.damaged })
  return rows
}

export function decisions(rows: readonly EventRow[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0)
}

/** What the identity of conservation leaves over; 0 when nothing is lost or invented. */
export function imbalance({ received, stored, journalled, inFlight, coalesced, dropped }: Conservation): number {
  return received - stored - journalled - inFlight - coalesced - Object.values(dropped).reduce((sum, count) => sum + count, 0)
}
