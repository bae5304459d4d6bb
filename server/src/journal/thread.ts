import { Worker } from 'node:worker_threads'
import { ERRORS, TrailError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import { moduleUrl, nodeArguments } from '../runtime.ts'
import type { JournalFile } from './file.ts'
import type { Answer } from './writer-thread.ts'

/** The journal's file, written by a thread of its own: the disk never holds up the main thread. Calls are done in order. */
export interface JournalThread {
  call<Method extends keyof JournalFile>(
    method: Method,
    ...params: Parameters<JournalFile[Method]>
  ): Promise<ReturnType<JournalFile[Method]>>
  close(): Promise<void>
}

/** Why a call failed. `full`: the disk has no room. `isUnknown`: the thread ended before it answered. */
export class JournalFailure extends Error {
  override readonly name = 'JournalFailure'
  readonly full: boolean
  readonly isUnknown: boolean

  constructor(message: string, { full = false, isUnknown = false }: { full?: boolean; isUnknown?: boolean }) {
    super(message)
    this.full = full
    this.isUnknown = isUnknown
  }
}

/** What is told without having been called for. */
export interface ThreadEvents {
  failed(message: string): void
  /** A thread that ended unasked was started anew. What it was doing is done or not done: only the file knows. */
  restarted(): void
}

const RESTART_AFTER_MS = 200

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }

/** Starts the thread, and again whenever it ends without having been closed. */
export function startJournalThread(file: string, events: ThreadEvents): JournalThread {
  const waiting = new Map<number, Waiting>()
  const closed = Promise.withResolvers<void>()
  let worker: Worker | undefined = start()
  let calls = 0
  let isClosing = false

  function start(): Worker {
    const started = new Worker(moduleUrl('./writer-thread', import.meta.url), {
      workerData: { file },
      execArgv: [...nodeArguments],
    })
    started.on('message', answered)
    started.on('error', (error) => events.failed(`The journal's thread failed: ${(error as Error).message}`))
    started.once('exit', ended)
    return started
  }

  function answered({ no, value, failure }: Answer): void {
    const call = waiting.get(no)
    waiting.delete(no)
    if (failure && !call) events.failed(failure.message)
    else if (failure) call?.reject(errorOf(failure))
    else call?.resolve(value as never)
  }

  function ended(): void {
    worker = undefined
    const unanswered = [...waiting.values()]
    waiting.clear()
    for (const { reject } of unanswered) reject(new JournalFailure("The journal's thread has ended.", { isUnknown: true }))
    if (isClosing) closed.resolve()
    else setTimeout(restart, RESTART_AFTER_MS)
  }

  function restart(): void {
    if (isClosing) return closed.resolve()
    worker = start()
    events.restarted()
  }

  function call(method: keyof JournalFile, ...[params]: unknown[]): Promise<never> {
    if (!worker) return Promise.reject(new JournalFailure("The journal's thread is being started.", {}))
    const no = ++calls
    const to = worker
    return new Promise((resolve, reject) => {
      waiting.set(no, { resolve, reject })
      to.postMessage({ no, method, params })
    })
  }

  async function close(): Promise<void> {
    isClosing = true
    if (worker) await call('close')
    await closed.promise
  }

  return { call, close }
}

function errorOf({ message, code, full }: NonNullable<Answer['failure']>): Error {
  return code !== undefined && code in ERRORS ? new TrailError(code as ErrorCode, message) : new JournalFailure(message, { full })
}
