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

/** Why a call failed; `full` when the disk has no room. */
export class JournalFailure extends Error {
  override readonly name = 'JournalFailure'
  readonly full: boolean

  constructor(message: string, full: boolean) {
    super(message)
    this.full = full
  }
}

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }

/** Starts the thread. `onFailure` hears what fails without having been called for: a sync, or the thread itself. */
export function startJournalThread(file: string, onFailure: (message: string) => void): JournalThread {
  const waiting = new Map<number, Waiting>()
  const worker = new Worker(moduleUrl('./writer-thread', import.meta.url), { workerData: { file }, execArgv: [...nodeArguments] })
  let calls = 0
  let gone: Error | undefined
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))

  worker.on('message', ({ no, value, failure }: Answer) => {
    const call = waiting.get(no)
    waiting.delete(no)
    if (failure && !call) onFailure(failure.message)
    else if (failure) call?.reject(errorOf(failure))
    else call?.resolve(value as never)
  })
  worker.on('error', (error) => onFailure(`The journal's thread failed: ${error.message}`))
  worker.on('exit', () => {
    gone = new JournalFailure("The journal's thread has ended.", false)
    for (const { reject } of waiting.values()) reject(gone)
    waiting.clear()
  })

  function call(method: keyof JournalFile, ...[params]: unknown[]): Promise<never> {
    if (gone) return Promise.reject(gone)
    const no = ++calls
    return new Promise((resolve, reject) => {
      waiting.set(no, { resolve, reject })
      worker.postMessage({ no, method, params })
    })
  }

  async function close(): Promise<void> {
    if (!gone) await call('close')
    await exited
  }

  return { call, close }
}

function errorOf({ message, code, full }: NonNullable<Answer['failure']>): Error {
  return code !== undefined && code in ERRORS ? new TrailError(code as ErrorCode, message) : new JournalFailure(message, full)
}
