import { existsSync } from 'node:fs'
import type { Pool } from 'pg'
import { readCheckpoint, writeCheckpoint } from '../checkpoint.ts'
import type { ForgottenSubject } from '../entity/forget.ts'
import { startDetecting, type WatchOptions, type WatchState } from '../watch.ts'
import { loadChunks, saveChunks } from './chunks.ts'
import { openMirror } from './mirror.ts'
import { newRequests, takeRequests, type Request } from './requests.ts'
import { takeOver } from './tables.ts'

export interface ShiftOptions extends Omit<WatchOptions, 'journal' | 'journalFile' | 'history'> {
  readonly pool: Pool
  /** The checkpoint that the shift goes on from and the copy of the feed; `checkpointFile` is of a time when this server detected alone. */
  readonly files: { readonly checkpoint: string; readonly mirror: string }
}

/** One server's time as the one that detects. */
export interface Shift {
  readonly epoch: number
  /** Looks once after what is new and what is to be saved; false when another server has taken over. */
  turn(): Promise<boolean>
  state(): WatchState
  /** Ends and hands over: the next one reads nothing twice. */
  finish(): Promise<void>
  /** Ends without a word to the database, which is another's now. */
  abandon(): Promise<void>
}

/** Takes over: from the last checkpoint of whoever detected before, over the events that came since. */
export async function startShift(options: ShiftOptions): Promise<Shift> {
  const { pool, files } = options
  const head = await takeOver(pool)
  const written = await loadChunks(pool, files.checkpoint, head.savedChunks)
  if (head.savedChunks === 0) takeUpOwn(options.checkpointFile, files.checkpoint)
  let unsaved: number | undefined
  const mirror = openMirror({ pool, file: files.mirror, savedNo: head.savedNo, onPassed: (no) => (unsaved = no) })
  await mirror.fetch()
  const { journal } = mirror
  const shared = { journal, journalFile: files.mirror, checkpointFile: files.checkpoint }
  const watch = await startDetecting({ ...options, ...shared })
  /** Requests that were passed on: they are taken away when a checkpoint that came after them is saved. */
  const passedOn = { known: new Set<number>(), beforeLast: new Set<number>() }
  const forgetting = new Set<number>()

  async function turn(): Promise<boolean> {
    await mirror.fetch()
    for (const { no, request } of await newRequests(pool, new Set([...passedOn.known, ...forgetting]))) pass(no, request)
    return unsaved === undefined || save()
  }

  function pass(no: number, request: Request): void {
    if (request.ask === 'forget') return forget(no, request)
    passedOn.known.add(no)
    if (request.ask === 'exposed') watch.exposed(request.tokenNo, request.at)
    else watch.missed(request)
  }

  /** The database must not know the subject any more, and what it overwrote must be gone, before it is said. */
  function forget(no: number, { subject }: Extract<Request, { ask: 'forget' }>): void {
    forgetting.add(no)
    void forgetNow(no, subject)
      .catch((error: unknown) =>
        options.log.warn({ cause: String(error) }, 'detection could not forget a subject; it is tried again'),
      )
      .finally(() => forgetting.delete(no))
  }

  async function forgetNow(no: number, subject: ForgottenSubject): Promise<void> {
    await watch.forget(subject)
    if (!(await save())) return
    await pool.query('VACUUM detection_chunk, detection_batch')
    await takeRequests(pool, [no])
  }

  let saving: Promise<boolean> = Promise.resolve(true)
  function save(): Promise<boolean> {
    return (saving = saving.catch(() => true).then(saveNow))
  }

  async function saveNow(): Promise<boolean> {
    const savedNo = unsaved ?? journal.readers().detect ?? head.savedNo
    if (!existsSync(files.checkpoint)) return true
    unsaved = undefined
    try {
      if (!(await saveChunks(pool, files.checkpoint, written, { epoch: head.epoch, savedNo }))) return false
    } catch (error) {
      unsaved ??= savedNo
      throw error
    }
    await takeRequests(pool, [...passedOn.beforeLast])
    for (const no of passedOn.beforeLast) passedOn.known.delete(no)
    passedOn.beforeLast = new Set(passedOn.known)
    return true
  }

  async function end(): Promise<void> {
    await watch.close()
    await saving.catch(() => true)
  }

  return {
    epoch: head.epoch,
    turn,
    state: watch.state,
    async finish() {
      await end()
      await save().catch((error: unknown) =>
        options.log.warn({ cause: String(error) }, 'the last checkpoint was not handed over'),
      )
      mirror.close()
    },
    async abandon() {
      await end()
      mirror.close()
    },
  }
}

/** Where no server has saved anything yet, what this one learned alone is the beginning. */
function takeUpOwn(own: string, file: string): void {
  const alone = readCheckpoint(own)
  if (alone) writeCheckpoint(file, { ...alone, position: 0 })
}
