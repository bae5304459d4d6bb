import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { TrailError } from '../errors.ts'
import { perform } from './act.ts'
import { toFailure } from './failure.ts'
import { migrate } from './migrations.ts'
import { holdLock, openForWriting, type SqliteConnection } from './sqlite-connection.ts'
import { runGroup, type GroupDone, type Scrub, type WriterCall } from './sqlite-group.ts'
import type { ThreadMessage } from './sqlite-thread.ts'
import { newTransaction } from './transaction.ts'

/** What the thread is started with. */
export interface WriterData {
  readonly file: string
  readonly at: number
}

type ScrubCall = Scrub & { readonly id: number }
type Message = WriterCall | ScrubCall | 'close'

/** Actions that share one commit. */
const GROUP_MAX = 64

/** The one writer: runs waiting actions in groups and answers after the commit. */
async function write(port: MessagePort, { file, at }: WriterData): Promise<void> {
  const lock = holdLock(file)
  const connection = openForWriting(file)
  const writer = await prepare(connection, at)
  const waiting: Message[] = []
  let isRunning = false
  port.on('message', (message: Message) => {
    waiting.push(message)
    if (!isRunning) void run()
  })
  post(port, { type: 'ready' })

  async function run(): Promise<void> {
    isRunning = true
    while (waiting.length > 0 || takeWaiting(port, waiting) > 0) {
      takeWaiting(port, waiting)
      const group = waiting.splice(0, GROUP_MAX)
      const calls = group.filter(isCall)
      if (calls.length > 0) post(port, { type: 'done', ...(await runGroup(connection, writer, calls)) })
      const answers = group.filter(isScrub).map(({ id }) => ({ id, result: scrub() }))
      if (answers.length > 0) post(port, { type: 'done', answers, changes: [], notedCount: 0 })
      if (group.includes('close')) return close()
    }
    isRunning = false
  }

  /** Deleted rows are overwritten in the file (`secure_delete`); the log has pages of the time before until it is emptied. */
  function scrub(): boolean {
    return connection.raw.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0
  }

  /** Everything moves into the one file, so that a copy of it is whole. */
  function close(): void {
    connection.raw.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    connection.close()
    lock.close()
    port.close()
  }
}

function isCall(message: Message): message is WriterCall {
  return typeof message === 'object' && !isScrub(message)
}

function isScrub(message: Message): message is ScrubCall {
  return typeof message === 'object' && 'scrub' in message
}

/** Takes what has arrived while a group ran, without waiting for the event loop. */
function takeWaiting(port: MessagePort, waiting: Message[]): number {
  while (waiting.length < GROUP_MAX) {
    const next = receiveMessageOnPort(port)
    if (!next) break
    waiting.push(next.message)
  }
  return waiting.length
}

/** Brings the tables up to date and leases the number under which this process numbers critical events. */
async function prepare({ raw, db }: SqliteConnection, at: number): Promise<number> {
  raw.exec('BEGIN IMMEDIATE')
  await migrate(db, 'sqlite')
  const writer = await perform(newTransaction(db, 0), { name: 'leaseWriter', params: { purpose: 'records', at } })
  raw.exec('COMMIT')
  return Number(writer)
}

function post(port: MessagePort, message: ThreadMessage<Omit<GroupDone, 'answers'>>): void {
  port.postMessage(message)
}

if (!parentPort) throw new TrailError('internal', 'The records writer is a thread and is not started by hand.')
const port = parentPort
write(port, workerData).catch((error: unknown) => {
  post(port, { type: 'broken', failure: toFailure(error) })
  port.close()
})
