import { Worker } from 'node:worker_threads'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { moduleUrl, nodeArguments } from '../runtime.ts'
import type { Call } from './act.ts'
import { createGate } from './gate.ts'
import { createListeners } from './listeners.ts'
import { createReads, readOutbox } from './reads.ts'
import type { RecordReads, Records, TokenChange } from './records.ts'
import { openForReading } from './sqlite-connection.ts'
import type { GroupDone, Scrub } from './sqlite-group.ts'
import type { ReadCall } from './sqlite-reader.ts'
import { startThread, type Thread } from './sqlite-thread.ts'

/** Records in one file: written by a thread of its own; read here by key, and by another thread where a read may be long. */
export async function openSqlite(o: { file: string; clock: Clock; log: Log }): Promise<Records> {
  const changes = createListeners<TokenChange>(o.log)
  const outbox = createListeners<void>(o.log)
  const writer = await startThread<Call | Scrub, Omit<GroupDone, 'answers'>>({
    name: "the records' writer",
    start: () =>
      new Worker(moduleUrl('./sqlite-writer', import.meta.url), {
        workerData: { file: o.file, at: o.clock.now() },
        execArgv: [...nodeArguments],
      }),
    onDone(done) {
      for (const change of done.changes) changes.tell(change)
      if (done.notedCount > 0) outbox.tell()
    },
    log: o.log,
  })
  const gate = createGate()
  const connection = openForReading(o.file)
  const lists = createLists(o)
  return {
    form: 'sqlite',
    read: { ...createReads(connection.db, o.clock), ...lists.reads },
    act: ((name, params) => gate.pass(name, () => writer.call({ name, params }))) as Records['act'],
    outbox: (limit) => readOutbox(connection.db, limit),
    onOutbox: outbox.add,
    onChange: changes.add,
    feedIsFresh: () => true,
    scrub: async () => (await writer.call({ scrub: true })) === true,
    lead: () => ({ isLeading: () => true, close: async () => undefined }),
    halt: gate.halt,
    async close() {
      await writer.close()
      await lists.close()
      connection.close()
    },
  }
}

/** Reads that may touch many rows, in a thread that starts with the first of them. */
function createLists(o: { file: string; clock: Clock; log: Log }): {
  readonly reads: Pick<
    RecordReads,
    | 'tokens'
    | 'lives'
    | 'family'
    | 'findings'
    | 'findingsInSpan'
    | 'findingCounts'
    | 'incidentsTouching'
    | 'logPage'
    | 'logEntries'
  >
  close(): Promise<void>
} {
  let started: Promise<Thread<ReadCall>> | undefined
  const ask = async (name: keyof RecordReads, parameters: readonly unknown[]) => {
    started ??= startThread<ReadCall, object>({
      name: "the records' reader",
      start: () =>
        new Worker(moduleUrl('./sqlite-reader', import.meta.url), { workerData: { file: o.file }, execArgv: [...nodeArguments] }),
      log: o.log,
    })
    started.catch(() => (started = undefined))
    return (await started).call({ name, parameters, at: o.clock.now() })
  }
  return {
    reads: {
      tokens: (...parameters) => ask('tokens', parameters) as ReturnType<RecordReads['tokens']>,
      lives: (...parameters) => ask('lives', parameters) as ReturnType<RecordReads['lives']>,
      family: (...parameters) => ask('family', parameters) as ReturnType<RecordReads['family']>,
      findings: (...parameters) => ask('findings', parameters) as ReturnType<RecordReads['findings']>,
      findingsInSpan: (...parameters) => ask('findingsInSpan', parameters) as ReturnType<RecordReads['findingsInSpan']>,
      incidentsTouching: (...parameters) => ask('incidentsTouching', parameters) as ReturnType<RecordReads['incidentsTouching']>,
      logPage: (...parameters) => ask('logPage', parameters) as ReturnType<RecordReads['logPage']>,
      logEntries: (...parameters) => ask('logEntries', parameters) as ReturnType<RecordReads['logEntries']>,
      findingCounts: (...parameters) => ask('findingCounts', parameters) as ReturnType<RecordReads['findingCounts']>,
    },
    async close() {
      await (await started?.catch(() => undefined))?.close()
    },
  }
}
