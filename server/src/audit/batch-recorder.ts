import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Batch } from '../records/batches.ts'
import type { Records } from '../records/records.ts'
import type { Waiting } from '../ship/batch-notes.ts'
import type { Shipping } from '../ship/ship.ts'
import type { AuditLog, Noted } from './audit.ts'

export interface BatchRecorder {
  /** Batches and single events that are closed and not yet recorded and handed to the log. */
  waiting(): number
  /** Resolves when all that waits now is with the log. Rejects when that fails now; it is tried again by itself. */
  flush(): Promise<void>
  close(): Promise<void>
}

const AT_ONCE = 64
const AGAIN_MS = 1000
const TENANTS_MS = 60_000

/**
 * Brings closed batches into records and hands their entries to the audit log, and counted events with leaves of their own. Each
 * waits in the journal's file until it is in both; each is recognised by its id. So a kill at any moment neither loses nor doubles it.
 */
export async function startBatchRecording(o: {
  shipping: Pick<Shipping, 'onWaiting' | 'waiting' | 'recorded' | 'know'>
  records: Records
  audit: Pick<AuditLog, 'note'>
  clock: Clock
  log: Log
}): Promise<BatchRecorder> {
  const { shipping, records, audit, clock, log } = o
  const queue = new Map<string, Waiting>()
  let running: Promise<void> | undefined
  let again: NodeJS.Timeout | undefined
  const is = { asked: false, closed: false, failing: false }

  const stopListening = shipping.onWaiting(take)
  take(await shipping.waiting())
  const ticking = setInterval(() => void knowTenants(), TENANTS_MS).unref()
  await knowTenants()

  function take(waiting: readonly Waiting[]): void {
    for (const each of waiting) queue.set(each.name, each)
    if (queue.size > 0) recordInBackground()
  }

  /** One pass at a time; what comes after its last look is taken by another one. */
  function pump(): Promise<void> {
    is.asked = true
    running ??= passes().finally(() => {
      running = undefined
      if (is.asked && !is.closed) recordInBackground()
    })
    return running
  }

  async function passes(): Promise<void> {
    while (is.asked && !is.closed) {
      is.asked = false
      while (queue.size > 0) await record(nextOf(queue))
    }
    is.failing = false
  }

  async function record(some: readonly Waiting[]): Promise<void> {
    const batches = some.flatMap((each) => ('batch' in each ? [each.batch] : []))
    const recorded = batches.length > 0 ? await records.act('addBatches', { batches }) : []
    const events: Noted[] = some.flatMap((each) => ('event' in each ? [{ event: each.event }] : []))
    await audit.note([...events, ...recorded.map((batch) => entryOf(batch, clock.now()))])
    some.forEach(({ name }) => queue.delete(name))
    await shipping.recorded(
      some.map(({ name }) => name),
      queue.size,
    )
  }

  function recordInBackground(): void {
    pump().catch((error: unknown) => {
      if (!is.failing) log.warn({ err: error, waiting: queue.size }, 'Batches of events wait for the audit log')
      is.failing = true
      clearTimeout(again)
      if (!is.closed) again = setTimeout(recordInBackground, AGAIN_MS).unref()
    })
  }

  async function knowTenants(): Promise<void> {
    const tenants = await records.read.tenants().catch(() => [])
    shipping.know(tenants.map(({ no }) => no))
  }

  return {
    waiting: () => queue.size,
    flush: pump,
    async close() {
      stopListening()
      clearInterval(ticking)
      clearTimeout(again)
      await pump().catch(() => undefined)
      is.closed = true
    },
  }
}

/** Batches of a tenant are recorded in their order; the log counts them on. */
function nextOf(queue: ReadonlyMap<string, Waiting>): readonly Waiting[] {
  const from = (waiting: Waiting): number => ('batch' in waiting ? waiting.batch.from : 0)
  return [...queue.values()].sort((a, b) => from(a) - from(b)).slice(0, AT_ONCE)
}

/** The entry of a batch: what is under its root, where it comes from, and what all before it add up to. */
function entryOf(batch: Batch, at: number): Noted {
  const { id, tenantNo, journal, from, to, rows, events, accepted, rejected, rowsTotal, eventsTotal } = batch
  const root = Buffer.from(batch.root).toString('base64url')
  const times = batch.firstAt === null || batch.lastAt === null ? {} : { first: iso(batch.firstAt), last: iso(batch.lastAt) }
  const shown = { journal, from, to, rows, events, accepted, rejected, ...times, root, rowsTotal, eventsTotal }
  return { type: 'log.batch', id, tenantNo, at, shown }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
