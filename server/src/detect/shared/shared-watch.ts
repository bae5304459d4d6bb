import { rmSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import type { Journal } from '../../journal/journal.ts'
import type { Records } from '../../records/records.ts'
import { NOT_DETECTING, type Watch, type WatchOptions } from '../watch.ts'
import { startForwarding } from './forward.ts'
import { removeMirror } from './mirror.ts'
import { putRequest, untilDone, type Request } from './requests.ts'
import { startShift, type Shift } from './shift.ts'
import { openShared } from './tables.ts'

export interface SharedWatchOptions extends Omit<WatchOptions, 'journal' | 'history'> {
  readonly journal: Journal
  readonly records: Pick<Records, 'read' | 'lead'>
  /** Database that the servers share. */
  readonly url: string
}

const TURN_MS = 200

/**
 * Detection of several servers on one database: each hands its journal's batches to a feed, and one of them, whoever has the lease, looks
 * at all of them. What it learned goes to the database with its checkpoints; the next one takes up the last and reads on from there.
 */
export async function shareDetecting(options: SharedWatchOptions): Promise<Watch> {
  const { clock, log, records, journal, journalFile, url } = options
  const files = { checkpoint: `${options.checkpointFile}.shared`, mirror: `${options.checkpointFile}.feed` }
  const pool = await openShared({ url, log })
  const request = (what: Request): Promise<number> => putRequest(pool, what)
  const forwarding = await startForwarding({ pool, journal, journalFile, request, clock, log }).catch(async (error: unknown) => {
    await pool.end()
    throw error
  })
  const leadership = records.lead('detection')
  const closing = new AbortController()
  let shift: Shift | undefined
  let failure: string | null = null
  clearFiles()
  const running = run()

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        if (!leadership.isLeading()) await leave()
        else if (await (shift ??= await begin()).turn()) failure = null
        else await leave()
      } catch (error) {
        if (failure === null) log.warn({ cause: String(error) }, 'detection over the shared database failed and is tried again')
        failure = String(error)
      }
      await after(TURN_MS, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  async function begin(): Promise<Shift> {
    const begun = await startShift({ ...options, pool, files })
    log.info({ epoch: begun.epoch }, 'this server detects for all')
    return begun
  }

  /** Another detects now: what this one knows of people must not stay here. */
  async function leave(): Promise<void> {
    if (!shift) return
    const over = shift
    shift = undefined
    log.warn({ epoch: over.epoch }, 'this server detects no more: another does')
    await over.abandon()
    clearFiles()
  }

  function clearFiles(): void {
    removeMirror(files.mirror)
    for (const suffix of ['', '.next']) rmSync(files.checkpoint + suffix, { force: true })
  }

  function ask(what: Request): void {
    request(what).catch((error: unknown) => log.error({ err: error }, 'the detecting server could not be told; it is told again'))
  }

  return {
    state: () => ({
      ...(shift?.state() ?? NOT_DETECTING),
      isLeading: shift !== undefined,
      lastFailure: shift?.state().lastFailure ?? failure,
    }),
    exposed: (tokenNo, at) => ask({ ask: 'exposed', tokenNo, at }),
    missed: (missed) => ask({ ask: 'missed', ...missed }),
    forget: async (subject) => untilDone(pool, await request({ ask: 'forget', subject }), closing.signal),
    async close() {
      await forwarding.close()
      closing.abort()
      await running
      await shift?.finish()
      await leadership.close()
      clearFiles()
      await pool.end()
    },
  }
}
