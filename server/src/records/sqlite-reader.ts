import { parentPort, workerData } from 'node:worker_threads'
import { toFailure } from './failure.ts'
import { createReads } from './reads.ts'
import type { RecordReads } from './records.ts'
import { openForReading } from './sqlite-connection.ts'
import type { Answer, ThreadMessage } from './sqlite-thread.ts'

/** One read, to be answered as of the caller's clock. */
export interface ReadCall {
  readonly name: keyof RecordReads
  readonly parameters: readonly unknown[]
  readonly at: number
}

type Message = (ReadCall & { readonly id: number }) | 'close'

/** A thread for lists and streams: a search through a million tokens takes a second, in which validations must go on. */
const connection = openForReading(String(workerData.file))
parentPort?.on('message', (message: Message) => void read(message))
post({ type: 'ready' })

async function read(message: Message): Promise<void> {
  if (message === 'close') {
    connection.close()
    parentPort?.close()
    return
  }
  post({ type: 'done', answers: [await answer(message)] })
}

async function answer({ id, name, parameters, at }: Exclude<Message, 'close'>): Promise<Answer> {
  const reads = createReads(connection.db, { now: () => at, ticks: () => 0 })
  try {
    const read = reads[name] as (...given: readonly unknown[]) => Promise<unknown>
    return { id, result: await read(...parameters) }
  } catch (error) {
    return { id, failure: toFailure(error) }
  }
}

function post(message: ThreadMessage<object>): void {
  parentPort?.postMessage(message)
}
