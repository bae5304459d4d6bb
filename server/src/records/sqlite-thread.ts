import type { Worker } from 'node:worker_threads'
import { setTimeout } from 'node:timers/promises'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { fromFailure, type Failure } from './failure.ts'

/** What a thread of the records says: it is ready or cannot start, or it answers calls, with more beside the answers. */
export type ThreadMessage<Beside> =
  | { readonly type: 'ready' }
  | { readonly type: 'broken'; readonly failure: Failure }
  | ({ readonly type: 'done'; readonly answers: readonly Answer[] } & Beside)

export type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly failure: Failure })

/** A thread that answers calls. One that dies is started again; calls that it had not answered are rejected. */
export interface Thread<Call> {
  call(call: Call): Promise<unknown>
  /** Refuses what comes, and waits for what was called. */
  close(): Promise<void>
}

export interface ThreadOptions<Beside> {
  readonly name: string
  readonly start: () => Worker
  /** Called before the answers resolve. */
  readonly onDone?: (beside: Beside) => void
  readonly log: Log
}

/** Calls that may wait; beyond it they are refused at once. */
const WAITING_MAX = 20_000

const RESTART_MS = 100
const RESTART_MS_MAX = 5_000

/** Resolves when the thread is ready for calls; rejects when it cannot start. */
export async function startThread<Call extends object, Beside>(o: ThreadOptions<Beside>): Promise<Thread<Call>> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const closing = new AbortController()
  let lastId = 0
  let up: { readonly worker: Worker; readonly exited: Promise<void> } | undefined
  await start()
  return { call, close }

  async function start(): Promise<void> {
    const next = o.start()
    const ready = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    next.on('message', (message: ThreadMessage<Beside>) => {
      if (message.type === 'ready') ready.resolve()
      else if (message.type === 'broken') ready.reject(fromFailure(message.failure))
      else settle(message)
    })
    next.on('error', (error) => o.log.error({ err: error }, `${o.name} failed`))
    next.once('exit', () => {
      const wasUp = up !== undefined
      up = undefined
      gone.resolve()
      ready.reject(new TrailError('records_unavailable', `${o.name} has stopped while it started.`))
      for (const { reject } of waiting.values()) reject(unanswered(o.name))
      waiting.clear()
      if (wasUp && !closing.signal.aborted) void startAgain()
    })
    await ready.promise
    up = { worker: next, exited: gone.promise }
  }

  async function startAgain(): Promise<void> {
    for (let pauseMs = RESTART_MS; !closing.signal.aborted; pauseMs = Math.min(pauseMs * 2, RESTART_MS_MAX)) {
      try {
        await start()
        o.log.warn({}, `${o.name} was started again`)
        if (closing.signal.aborted) up?.worker.postMessage('close')
        return
      } catch (error) {
        o.log.error({ cause: String(error) }, `${o.name} cannot be started`)
        await setTimeout(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined)
      }
    }
  }

  function settle({ answers, ...beside }: Extract<ThreadMessage<Beside>, { type: 'done' }>): void {
    o.onDone?.(beside as unknown as Beside)
    for (const answer of answers) {
      const asked = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('failure' in answer) asked?.reject(fromFailure(answer.failure))
      else asked?.resolve(answer.result)
    }
  }

  async function call(what: Call): Promise<unknown> {
    if (!up || closing.signal.aborted) throw stopped(o.name)
    if (waiting.size >= WAITING_MAX) throw overloaded()
    const id = ++lastId
    const asked = Promise.withResolvers<unknown>()
    waiting.set(id, asked)
    up.worker.postMessage({ id, ...what })
    return asked.promise
  }

  async function close(): Promise<void> {
    closing.abort()
    up?.worker.postMessage('close')
    await up?.exited
  }
}

function stopped(name: string): TrailError {
  return new TrailError('records_unavailable', `${name} is closed or being started again; nothing was changed.`, {
    retryAfterSeconds: 1,
  })
}

function unanswered(name: string): TrailError {
  return new TrailError('records_unavailable', `${name} stopped before it answered; read what holds before you try again.`, {
    retryAfterSeconds: 1,
  })
}

function overloaded(): TrailError {
  return new TrailError(
    'records_unavailable',
    `${WAITING_MAX} calls wait for the records; nothing was changed, try again later.`,
    {
      retryAfterSeconds: 1,
    },
  )
}
