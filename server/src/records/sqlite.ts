import { Worker } from 'node:worker_threads'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { moduleUrl, nodeArguments } from '../runtime.ts'
import { fromFailure } from './failure.ts'
import { createListeners } from './listeners.ts'
import { createReads, readOutbox } from './reads.ts'
import type { Records, TokenChange } from './records.ts'
import { openForReading } from './sqlite-connection.ts'
import type { GroupDone, WriterCall } from './sqlite-group.ts'
import type { WriterData, WriterMessage } from './sqlite-writer.ts'

/** Actions that may wait for the writer; beyond it they are refused at once. */
const WAITING_MAX = 20_000

/** Records in one file: written by a thread of its own, read here. */
export async function openSqlite(o: { file: string; clock: Clock; log: Log }): Promise<Records> {
  const changes = createListeners<TokenChange>(o.log)
  const outbox = createListeners<void>(o.log)
  const writer = await startWriter({ file: o.file, at: o.clock.now() }, o.log, (done) => {
    for (const change of done.changes) changes.tell(change)
    if (done.notedCount > 0) outbox.tell()
  })
  const reader = openForReading(o.file)
  return {
    form: 'sqlite',
    read: createReads(reader.db, o.clock),
    act: (name, params) => writer.call({ name, params }) as never,
    outbox: (limit) => readOutbox(reader.db, limit),
    onOutbox: outbox.add,
    onChange: changes.add,
    feedIsFresh: () => true,
    async close() {
      await writer.close()
      reader.close()
    },
  }
}

interface Writer {
  call(call: Omit<WriterCall, 'id'>): Promise<unknown>
  close(): Promise<void>
}

type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }

async function startWriter(data: WriterData, log: Log, onDone: (done: GroupDone) => void): Promise<Writer> {
  const thread = new Worker(moduleUrl('./sqlite-writer', import.meta.url), { workerData: data, execArgv: [...nodeArguments] })
  const waiting = new Map<number, Waiting>()
  const ready = Promise.withResolvers<void>()
  const exited = Promise.withResolvers<void>()
  let lastId = 0
  let isOpen = true

  thread.on('message', (message: WriterMessage) => {
    if (message.type === 'ready') ready.resolve()
    else if (message.type === 'broken') ready.reject(fromFailure(message.failure))
    else settle(message)
  })
  thread.on('error', (error) => log.error({ err: error }, 'the records writer failed'))
  thread.once('exit', () => {
    isOpen = false
    exited.resolve()
    ready.reject(stopped())
    for (const { reject } of waiting.values()) reject(stopped())
    waiting.clear()
  })
  await ready.promise
  return { call, close }

  function settle(done: GroupDone): void {
    onDone(done)
    for (const answer of done.answers) {
      const asked = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('failure' in answer) asked?.reject(fromFailure(answer.failure))
      else asked?.resolve(answer.result)
    }
  }

  async function call(what: Omit<WriterCall, 'id'>): Promise<unknown> {
    if (!isOpen) throw stopped()
    if (waiting.size >= WAITING_MAX) throw overloaded()
    const id = ++lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    waiting.set(id, { resolve, reject })
    thread.postMessage({ id, ...what } satisfies WriterCall)
    return promise
  }

  async function close(): Promise<void> {
    if (isOpen) thread.postMessage('close')
    isOpen = false
    await exited.promise
  }
}

function stopped(): TrailError {
  return new TrailError('records_unavailable', 'The records are closed or their writer has stopped; nothing was changed.')
}

function overloaded(): TrailError {
  return new TrailError(
    'records_unavailable',
    `${WAITING_MAX} changes wait for the records; nothing was changed, try again later.`,
    {
      retryAfterSeconds: 1,
    },
  )
}
