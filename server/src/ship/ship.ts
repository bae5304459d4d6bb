import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { moduleUrl, nodeArguments } from '../runtime.ts'
import { waitingIn } from './batch-notes.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Journal, ReaderNotes } from '../journal/journal.ts'
import type { StoreAddress } from '../store/address.ts'
import type { Waiting } from './batch-notes.ts'
import type { FromThread, ShipThreadOptions, ToThread } from './messages.ts'

export interface ShipOptions {
  readonly journal: Journal
  readonly journalFile: string
  readonly store: StoreAddress
  readonly clock: Clock
  readonly log: Log
}

/** How shipping is doing. */
export interface ShipState {
  /** Every batch up to here is in the store. */
  readonly position: number
  /** When the last batch was stored, by the server's clock; null = none since the start. */
  readonly storedAt: number | null
  /** Inserts that failed one after the other; 0 = the store takes what it gets. */
  readonly failures: number
  readonly lastFailure: string | null
}

export interface Shipping {
  state(): ShipState
  /** Tells of each closed batch, and of each counted event with a leaf of its own, once they are durable in the journal's file. */
  onWaiting(listener: (waiting: readonly Waiting[]) => void): () => void
  /** What waits to be recorded, from this run and earlier ones. */
  waiting(): Promise<readonly Waiting[]>
  /** These are recorded; so many batches still wait. May be said twice. */
  recorded(names: readonly string[], batchesWaiting: number): Promise<void>
  /** Tenants that shall have a batch each hour even without events. */
  know(tenantNos: readonly number[]): void
  /** Ends after the insert under way; what is not stored waits in the journal. */
  close(): Promise<void>
}

const CLOSE_PATIENCE_MS = 5000
const AGAIN_MS = 1000

/**
 * Brings journalled events to the store, each once, in a thread of its own: when the store is slow, stopped or gone, the thread
 * waits and tries again, and nothing else notices.
 */
export function startShipping({ journal, journalFile, store, clock, log }: ShipOptions): Shipping {
  let state: ShipState = { position: journal.readers().ship ?? 0, storedAt: null, failures: 0, lastFailure: null }
  const listeners = new Set<(waiting: readonly Waiting[]) => void>()
  let closing = false
  let ending: Promise<void> | undefined
  let heard: Promise<void> = Promise.resolve()
  let worker = start()
  const stopListening = journal.onJournalled(({ position }) => tell({ say: 'journalled', position }))

  function start(): Worker {
    const options: ShipThreadOptions = {
      journalFile,
      journal: journal.writer,
      store,
      passed: state.position,
      upTo: journal.position(),
    }
    const thread = new Worker(moduleUrl('./ship-thread', import.meta.url), { workerData: options, execArgv: [...nodeArguments] })
    thread.on('message', (message: FromThread) => {
      heard = heard.then(() => hear(message))
    })
    thread.on('error', (error) => log.error({ failure: error.message }, 'The shipping thread failed and is started again.'))
    thread.once('exit', () => later(() => (worker = start())))
    return thread
  }

  /** One message after the other, each until it is done: notes build on each other. */
  async function hear(message: FromThread): Promise<void> {
    if (message.say === 'failed') return failed(message.failures, message.failure)
    if (await note(message)) return
    await after(AGAIN_MS, undefined, { ref: false })
    if (!closing) await hear(message)
  }

  async function note(message: Exclude<FromThread, { say: 'failed' }>): Promise<boolean> {
    try {
      if (message.say === 'batched') await journal.passed('ship', 0, undefined, message.notes)
      else await noteStored(message)
    } catch (error) {
      failed(state.failures + 1, error instanceof Error ? error.message : String(error))
      return false
    }
    tellWaiting(message.notes)
    return true
  }

  async function noteStored({
    position,
    stored,
    coalesced,
    damaged,
    notes,
  }: Extract<FromThread, { say: 'stored' }>): Promise<void> {
    await journal.passed('ship', position, { stored, coalesced, damaged }, notes)
    if (state.failures > 0) log.info({ position }, 'The store takes events again.')
    state = { ...state, position, storedAt: clock.now(), failures: 0 }
    tell({ say: 'noted', position })
  }

  function tellWaiting(notes: ReaderNotes): void {
    const waiting = waitingOf(notes)
    if (waiting.length > 0) listeners.forEach((listener) => listener(waiting))
  }

  function failed(failures: number, lastFailure: string): void {
    if (failures === 1) log.warn({ failure: lastFailure }, 'The store does not take events; they wait in the journal.')
    state = { ...state, failures, lastFailure }
  }

  function later(act: () => void): void {
    if (!closing) setTimeout(() => (closing ? undefined : act()), AGAIN_MS).unref()
  }

  function tell(message: ToThread): void {
    worker.postMessage(message)
  }

  return {
    state: () => state,
    onWaiting(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    waiting: async () => waitingOf(await journal.notes('ship')),
    recorded: async (names, batches) => {
      await journal.passed('ship', 0, undefined, new Map(names.map((name) => [name, null])))
      tell({ say: 'waiting', batches })
    },
    know: (nos) => tell({ say: 'tenants', nos }),
    close: () => (ending ??= end()),
  }

  async function end(): Promise<void> {
    closing = true
    stopListening()
    const ended = once(worker, 'exit', { signal: AbortSignal.timeout(CLOSE_PATIENCE_MS) }).catch(() => undefined)
    tell({ say: 'close' })
    await ended
    await worker.terminate()
    await heard
  }
}

function waitingOf(notes: ReaderNotes): readonly Waiting[] {
  return [...notes].flatMap(([name, value]) => (value === null ? [] : (waitingIn(name, value) ?? [])))
}
