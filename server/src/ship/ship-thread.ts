import { randomUUID } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { FLAGS } from 'tokentrail'
import { decodeFrame } from '../event/frame.ts'
import { encodeRowBinary } from '../event/row-binary.ts'
import { EVENT_COLUMNS } from '../event/row.ts'
import { mergeDeltas } from '../journal/merge-deltas.ts'
import { openJournalReader } from '../journal/read.ts'
import { createStoreClient } from '../store/client.ts'
import { createBatcher } from './batcher.ts'
import { cutShipments } from './cut.ts'
import { openPlanFile } from './plan.ts'
import type { EventRow } from '../event/row.ts'
import type { JournalPage } from '../journal/read.ts'
import type { FromThread, ShipThreadOptions, ToThread } from './messages.ts'
import type { Shipment } from './cut.ts'
import type { Plan } from './plan.ts'

/** Frames read at once; some 50,000 events, which bounds this thread's memory. */
const PAGE_BYTES_MAX = 2 * 1024 * 1024
/**
 * The first event after a silence goes at once. An insert makes a part in every table (some 100 ms of work), so under a trickle
 * inserts start this far apart, which leaves an event time to be seen within a second; under load the pages fill.
 */
const INSERT_EVERY_MS = 750
/** An insert uses one core of the engine. */
const INSERTS_AT_ONCE = 2
const BATCHES_EVERY_MS = 500
const BACK_OFF_MS = { first: 100, max: 5000 } as const
const COLUMNS = EVENT_COLUMNS.map(({ column }) => column)

const { journalFile, store, ...start } = workerData as ShipThreadOptions
const client = createStoreClient(store)
const reader = openJournalReader(journalFile)
const plans = openPlanFile(`${journalFile}.shipping`)
const batcher = createBatcher({ notes: reader.notes('ship'), journal: start.journal, position: start.passed })
const closed = new AbortController()
/** Positions: stored by this thread, newest in the journal, noted by the journal as stored. */
const at = { stored: start.passed, newest: start.upTo, noted: start.passed }
let wake: () => void = () => undefined

parentPort?.on('message', (message: ToThread) => {
  if (message.say === 'journalled') at.newest = message.position
  else if (message.say === 'noted') at.noted = message.position
  else if (message.say === 'tenants') batcher.know(message.nos, Date.now())
  else if (message.say === 'waiting') batcher.waiting(message.batches)
  else closed.abort()
  wake()
})
const closing = setInterval(closeBatches, BATCHES_EVERY_MS)

await shipUntilClosed()
clearInterval(closing)
reader.close()
await client.close()
parentPort?.close()

async function shipUntilClosed(): Promise<void> {
  while (!closed.signal.aborted) {
    if (at.stored < at.newest) await shipNext()
    else await somethingNew()
  }
}

/** Ships one range, whole; does not return before it is stored and the journal has noted it, unless closed. */
async function shipNext(): Promise<void> {
  const startedAt = performance.now()
  const plan = plans.pending(at.stored)
  const page = reader.next(at.stored, plan ? Number.MAX_SAFE_INTEGER : PAGE_BYTES_MAX, plan?.upTo ?? at.newest)
  if (page.upTo === at.stored) return wait(INSERT_EVERY_MS)
  const rows = mergeDeltas(page.batches.flatMap(({ frame }) => decodeFrame(frame)))
  const current = plan ?? { id: randomUUID(), from: at.stored, upTo: page.upTo }
  if (!plan) plans.remember(current)
  if (!(await insertAll(current, rows))) return
  await noteStored(current, page, rows)
  if (at.stored < at.newest || closed.signal.aborted) return
  plans.forget()
  await wait(INSERT_EVERY_MS - (performance.now() - startedAt))
}

async function insertAll(plan: Plan, rows: readonly EventRow[]): Promise<boolean> {
  const shipments = cutShipments(rows).values()
  const lines = Array.from({ length: INSERTS_AT_ONCE }, () => insertEach(plan, shipments))
  return (await Promise.all(lines)).every(Boolean)
}

/** Takes shipments until none is left; several may take from the same ones. */
async function insertEach(plan: Plan, shipments: Iterable<Shipment>): Promise<boolean> {
  for (const { name, rows } of shipments) {
    if (!(await insertPatiently(encodeRowBinary(rows), `${plan.id}/${plan.from}-${plan.upTo}/${name}`))) return false
  }
  return true
}

/** Tries until the store has it; false when closed before. */
async function insertPatiently(bytes: Uint8Array, token: string): Promise<boolean> {
  let backOffMs: number = BACK_OFF_MS.first
  for (let failures = 1; !closed.signal.aborted; failures++) {
    try {
      await client.insert('events', COLUMNS, bytes, token)
      return true
    } catch (error) {
      tell({ say: 'failed', failures, failure: failureOf(error) })
      await wait(backOffMs)
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MS.max)
    }
  }
  return false
}

function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

async function noteStored({ from, upTo }: Plan, page: JournalPage, rows: readonly EventRow[]): Promise<void> {
  at.stored = page.upTo
  let [stored, coalesced] = [0, 0]
  for (const row of rows) {
    if (row.flags & FLAGS.coalesced) coalesced += row.count
    else stored += row.count
  }
  const notes = batcher.take({ from, upTo }, rows, Date.now())
  tell({ say: 'stored', position: page.upTo, stored, coalesced, damaged: page.damaged, notes })
  while (at.noted < page.upTo && !closed.signal.aborted) await somethingNew()
}

function closeBatches(): void {
  const notes = batcher.due(Date.now())
  if (notes.size > 0) tell({ say: 'batched', notes })
}

function somethingNew(): Promise<void> {
  return new Promise((resolve) => (wake = resolve))
}

async function wait(ms: number): Promise<void> {
  if (ms > 0) await after(ms, undefined, { signal: closed.signal }).catch(() => undefined)
}

function tell(message: FromThread): void {
  parentPort?.postMessage(message)
}
