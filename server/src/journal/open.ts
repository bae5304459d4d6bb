import { randomInt } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { createJournal } from './core.ts'
import type { FloodLimits } from './flood.ts'
import { FLOOD_LIMITS } from './flood.ts'
import type { Journal } from './journal.ts'
import { lockFile } from './lock.ts'
import { startJournalThread } from './thread.ts'
import type { ThreadEvents } from './thread.ts'

export interface OpenJournal {
  readonly file: string
  /** Number leased for this process. */
  readonly writer: number
  readonly clock: Clock
  /** Bytes of batches that may wait in the file; beyond them events are lost, counted and declared. */
  readonly bytesMax: number
  readonly log: Log
  readonly flood?: Partial<FloodLimits>
}

/** Below this a single batch might not fit. */
const BYTES_MIN = 1 << 20

/**
 * Opens the journal's file, or makes it. Throws `data_in_use` when another process, or this one, has it open,
 * `data_newer` when a later version wrote it.
 */
export async function openJournal({ file, writer, clock, bytesMax, log, flood }: OpenJournal): Promise<Journal> {
  if (!(bytesMax >= BYTES_MIN)) throw new TypeError(`bytesMax of the journal is ${bytesMax}; it must be at least ${BYTES_MIN}.`)
  if (!(writer > 0)) throw new TypeError(`The journal's writer is ${writer}; lease a number above 0.`)
  const unlock = lockFile(file)
  let events: Partial<ThreadEvents> = {}
  const thread = startJournalThread(file, {
    failed: (message) => events.failed?.(message),
    restarted: () => events.restarted?.(),
  })
  try {
    const snapshot = await thread.call('snapshot')
    if (snapshot.setAside !== null)
      log.error(
        { setAside: snapshot.setAside },
        'The journal was damaged beyond opening. It was set aside; what waited in it is lost',
      )
    const limits = { ...FLOOD_LIMITS, ...flood }
    const { journal, ...heard } = createJournal({
      writer,
      clock,
      bytesMax,
      log,
      limits,
      thread,
      snapshot,
      sampleKey: randomInt(2 ** 32),
      unlock,
    })
    events = heard
    return journal
  } catch (error) {
    await thread.close().finally(unlock)
    throw error
  }
}
