import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { Records } from '../records/records.ts'
import { moduleUrl, nodeArguments } from '../runtime.ts'
import type { Missed } from './engine.ts'
import type { ForgottenSubject } from './entity/forget.ts'
import type { Found } from './finding.ts'
import { currentMarks } from './known-marks.ts'
import { knownZones } from './known-zones.ts'
import type { RuleAssignment } from './rules/rule-desk.ts'
import {
  PACE,
  type FromWatchThread,
  type Pace,
  type ThreadEngineOptions,
  type ToWatchThread,
  type WatchThreadOptions,
} from './watch-messages.ts'

/** What detection reads: the journal of this server, or the copy of what several servers have journalled. */
export interface WatchedJournal extends Pick<Journal, 'register' | 'readers' | 'position'> {
  passed(reader: 'detect', position: number): Promise<void>
  onJournalled(listener: (batch: { readonly position: number }) => void): () => void
  state(): { readonly bytes: number; readonly bytesMax: number }
}

export interface WatchOptions {
  readonly journal: WatchedJournal
  readonly journalFile: string
  readonly records: Pick<Records, 'read'>
  readonly clock: Clock
  readonly log: Log
  /** Where detection remembers what it learned; written anew every minute. */
  readonly checkpointFile: string
  /** Keeps findings. Until it resolves they are not forgotten; when it rejects it is called again with the same. */
  readonly onFound: (found: readonly Found[]) => void | Promise<void>
  /** The rules that run; asked again every half minute, so that a change made anywhere takes effect. */
  readonly rules?: () => Promise<readonly RuleAssignment[]>
  readonly engine?: ThreadEngineOptions
  /**
   * What waits at the first start was taken over from elsewhere and is judged in the order in which it occurred, not in which it came.
   * It is held in memory meanwhile: some hundred thousand events.
   */
  readonly history?: boolean
  readonly pace?: Partial<Pace>
}

/** How detection is doing. */
export interface WatchState {
  /** False on a server that leaves it to another. */
  readonly isLeading: boolean
  /** Every batch up to here was looked at. */
  readonly position: number
  /** Batches that wait to be looked at. */
  readonly behind: number
  /** Receipt of the newest batch that was looked at; null = none since the start. */
  readonly receivedAt: Milliseconds | null
  /** Events looked at since the start. */
  readonly events: number
  readonly found: number
  readonly checkpointPosition: number | null
  readonly checkpointBytes: number
  /** How often batches were left out because the journal needed its room. */
  readonly jumps: number
  readonly lastFailure: string | null
}

/** How detection is doing where it does not run, or has just begun. */
export const NOT_DETECTING: WatchState = {
  isLeading: false,
  position: 0,
  behind: 0,
  receivedAt: null,
  events: 0,
  found: 0,
  checkpointPosition: null,
  checkpointBytes: 0,
  jumps: 0,
  lastFailure: null,
}

export interface Watch {
  state(): WatchState
  /** A token is public since a time: from now on each use of it is found. */
  exposed(tokenNo: number, at: Milliseconds): void
  /** Events never came here: every tenant is told. */
  missed(missed: Missed): void
  /** Forgets a subject; resolves when what is on disk does not know it any more. */
  forget(subject: ForgottenSubject): Promise<void>
  /** Writes a last checkpoint, so that the next start reads nothing twice. */
  close(): Promise<void>
}

const CLOSE_PATIENCE_MS = 10_000
const AGAIN_MS = 1000
const TICK_MS = 10_000
/** A rule or mark that was changed anywhere takes effect within half a minute. */
const REFRESH_TICKS = 3
/** When the journal is so full and detection is behind the store, detection makes room. */
const FULL_SHARE = 0.5

/**
 * Runs all detectors in a thread of its own, over the journal, with its own cursor. Nothing waits for it: when the journal fills because
 * detection is behind the store, it leaves batches out, and says so as `blind`.
 */
export async function startDetecting(options: WatchOptions): Promise<Watch> {
  const { journal, clock, log } = options
  const passed = await journal.register('detect')
  let zones = await knownZones(options.records)
  let rules = (await options.rules?.()) ?? []
  let marks = await currentMarks(options.records, clock.now())
  let ticks = 0
  let state: WatchState = { ...NOT_DETECTING, isLeading: true, position: passed }
  let isClosing = false
  let keeping: Promise<void> = Promise.resolve()
  let forgotten = 0
  const forgetting = new Map<number, { readonly subject: ForgottenSubject; resolve(): void; reject(error: Error): void }>()
  let worker = start(passed)
  const stopListening = journal.onJournalled(({ position }) => tell({ say: 'journalled', position }))
  const ticking = setInterval(tick, TICK_MS).unref()

  function start(from: number): Worker {
    const { journalFile, checkpointFile, engine = {}, pace } = options
    const data: WatchThreadOptions = {
      journalFile,
      checkpointFile,
      passed: from,
      upTo: journal.position(),
      now: clock.now(),
      engine,
      pace: { ...PACE, ...pace },
      history: options.history ?? false,
      rules,
      marks,
      zones,
    }
    const thread = new Worker(moduleUrl('./watch-thread', import.meta.url), { workerData: data, execArgv: [...nodeArguments] })
    thread.on('message', (message: FromWatchThread) => HEAR[message.say](message as never, thread))
    thread.on('error', (error) => failed(error, 'The detecting thread failed and is started again.'))
    for (const [no, { subject }] of forgetting) thread.postMessage({ say: 'forget', no, subject } satisfies ToWatchThread)
    thread.once('exit', () => later(() => (worker = start(journal.readers().detect ?? 0))))
    return thread
  }

  const HEAR: {
    readonly [Say in FromWatchThread['say']]: (message: Extract<FromWatchThread, { say: Say }>, from: Worker) => void
  } = {
    found: ({ no, found }, from) => void (keeping = keeping.then(() => keep(no, found, from))),
    at: ({ position, receivedAt, events }) => void (state = { ...state, position, receivedAt, events }),
    checkpoint: ({ position, bytes }) => {
      state = { ...state, checkpointPosition: position, checkpointBytes: bytes }
      pass(position)
    },
    note: ({ note }) => log.info({}, note),
    forgotten: ({ no }) => {
      for (const [asked, { resolve }] of forgetting) if (asked <= no) resolve()
    },
  }

  /** Again and again, until it is kept: what is not kept is found again only after a restart. */
  async function keep(no: number, found: readonly Found[], from: Worker): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        await options.onFound(found)
        break
      } catch (error) {
        if (isClosing) return
        if (failures === 0) failed(error, 'Findings could not be kept; they wait.')
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref())
      }
    }
    state = { ...state, found: state.found + found.length }
    from.postMessage({ say: 'kept', no } satisfies ToWatchThread)
  }

  function pass(position: number): void {
    journal.passed('detect', position).catch((error: unknown) => failed(error, 'The journal did not note how far detection is.'))
  }

  /** A failure leaves the rules as they are; the next time comes. */
  async function refreshRules(): Promise<void> {
    const next = (await options.rules?.().catch(() => undefined)) ?? rules
    if (JSON.stringify(next) === JSON.stringify(rules)) return
    rules = next
    tell({ say: 'rules', rules })
  }

  async function refreshMarks(): Promise<void> {
    const next = await currentMarks(options.records, clock.now()).catch(() => marks)
    if (JSON.stringify(next) === JSON.stringify(marks)) return
    marks = next
    tell({ say: 'marks', marks })
  }

  async function refreshZones(): Promise<void> {
    const next = await knownZones(options.records).catch(() => zones)
    if (JSON.stringify(next) === JSON.stringify(zones)) return
    zones = next
    tell({ say: 'zones', zones })
  }

  function tick(): void {
    tell({ say: 'time', now: clock.now() })
    ticks += 1
    if (ticks % REFRESH_TICKS === 0) void Promise.all([refreshRules(), refreshMarks(), refreshZones()])
    const { bytes, bytesMax } = journal.state()
    const { detect = 0, ship = 0 } = journal.readers()
    if (bytes < bytesMax * FULL_SHARE || detect >= ship) return
    // what was looked at is only waiting for a checkpoint
    if (state.position >= ship) return tell({ say: 'hurry', position: 0 })
    log.warn({ behind: ship - detect }, 'Detection is behind and the journal needs its room: it leaves events out.')
    state = { ...state, jumps: state.jumps + 1 }
    tell({ say: 'hurry', position: ship })
    pass(ship)
  }

  function failed(error: unknown, message: string): void {
    const failure = error instanceof Error ? error.message : String(error)
    log.error({ failure }, message)
    state = { ...state, lastFailure: failure }
  }

  /** A thread that was started anew read a checkpoint that may know the subject still: it is told again. */
  async function forget(subject: ForgottenSubject): Promise<void> {
    const no = ++forgotten
    const done = Promise.withResolvers<void>()
    forgetting.set(no, { subject, ...done })
    tell({ say: 'forget', no, subject })
    try {
      await done.promise
    } finally {
      forgetting.delete(no)
    }
  }

  function later(act: () => void): void {
    if (!isClosing) setTimeout(() => (isClosing ? undefined : act()), AGAIN_MS).unref()
  }

  function tell(message: ToWatchThread): void {
    worker.postMessage(message)
  }

  return {
    state: () => ({ ...state, behind: Math.max(0, journal.position() - state.position) }),
    exposed: (tokenNo, at) => tell({ say: 'exposed', tokenNo, at }),
    missed: (missed) => tell({ say: 'missed', missed }),
    forget,
    close: async () => {
      isClosing = true
      for (const { reject } of forgetting.values())
        reject(new TrailError('stopping', 'Detection stops; what it learned is forgotten after the next start.'))
      clearInterval(ticking)
      stopListening()
      const ended = once(worker, 'exit', { signal: AbortSignal.timeout(CLOSE_PATIENCE_MS) }).catch(() => undefined)
      tell({ say: 'close' })
      await ended
      await worker.terminate()
      await keeping
    },
  }
}
