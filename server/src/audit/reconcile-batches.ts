import { setTimeout as after } from 'node:timers/promises'
import { isSameHash } from 'tokentrail/log'
import type { Batch } from '../records/batches.ts'
import type { RecordReads } from '../records/records.ts'
import { readLeaves } from './batch-rows.ts'
import { createNodes } from './nodes.ts'
import type { BatchPlace, ReconcileCheck, ReconcileParts, ReconcilePlace } from './reconcile-check.ts'
import { verdict, WRONG_MAX } from './reconcile-check.ts'

const BATCHES_AT_ONCE = 500
const TRIES = 10
const AGAIN_MS = 150
/** Batches whose rows are read back and hashed again each night. */
const SAMPLE = 12
const SAMPLE_ROWS_MAX = 100_000

/** The batches of each tenant and journal follow each other, their totals continue, and each is in the log or waits for its place there. */
export async function checkBatches(read: RecordReads, before: ReconcilePlace, isRecovered: boolean) {
  const wrong: string[] = []
  const place: Record<string, BatchPlace> = { ...before.batches }
  let count = 0
  for (const { journal, tenantNo } of await read.lastBatches()) {
    const key = `${journal}/${tenantNo}`
    let [last, isSettled] = [place[key], true]
    for (let more = true; more;) {
      const behind = { journal, tenantNo, from: last?.from ?? -1 }
      const found = (await read.batches({ tenantNo }, { after: behind, limit: BATCHES_AT_ONCE })).filter(
        (each) => each.journal === journal,
      )
      const known = await knownToLog(read, found)
      wrong.push(...found.filter(({ id }) => !known.has(id)).map(({ id }) => `${id} is not in the log`))
      for (const batch of found) {
        wrong.push(...broken(last, batch, isRecovered))
        last = { from: batch.from, to: batch.to, rows: batch.rowsTotal, events: batch.eventsTotal }
        // the next run begins with the first that waits
        isSettled &&= known.get(batch.id) === 'entered'
        if (isSettled) place[key] = last
      }
      count += found.length
      more = found.length === BATCHES_AT_ONCE && wrong.length < WRONG_MAX
    }
  }
  const says = `${count} batches since the last run follow each other, and each is in the log or waits for its place.`
  return { place, check: verdict('batches', wrong, says, 'batches do not follow, or are not in the log') }
}

/** Where a backup was restored, and the log says so, batches between may be missing and the count begin anew. */
function broken(
  before: BatchPlace | undefined,
  { id, from, rows, events, rowsTotal, eventsTotal }: Batch,
  isRecovered: boolean,
): string[] {
  const last = before ?? { to: from, rows: 0, events: 0 }
  const follows = from === last.to && rowsTotal === last.rows + rows && eventsTotal === last.events + events
  const beginsAnew = isRecovered && from >= last.to && rowsTotal === rows && eventsTotal === events
  return follows || beginsAnew ? [] : [`${id} does not follow`]
}

/** A batch is recorded a moment before its entry is offered to the log, so one that is not known is looked for again. */
async function knownToLog(read: RecordReads, batches: readonly Batch[]): Promise<ReadonlyMap<string, 'entered' | 'waiting'>> {
  const ids = batches.map(({ id }) => id)
  for (let tries = 1; ; tries++) {
    const known = await read.knownToLog(ids)
    if (known.size === ids.length || tries === TRIES) return known
    await after(AGAIN_MS)
  }
}

/** Reads the rows of the newest batches back from the store and makes their roots again. */
export async function sampleBatches({ read, store }: ReconcileParts): Promise<ReconcileCheck> {
  const wrong: string[] = []
  let [count, aged] = [0, 0]
  for (const batch of (await read.lastBatches()).filter(({ rows }) => rows > 0 && rows <= SAMPLE_ROWS_MAX).slice(-SAMPLE)) {
    const leaves = await readLeaves({ store, read }, batch)
    if (leaves.includes(undefined)) aged += 1
    else if (!isSameHash(createNodes(leaves as readonly Uint8Array[]).root(), batch.root)) wrong.push(batch.id)
    count += 1
  }
  const note = aged > 0 ? ` The rows of ${aged} are no longer all kept, or not there yet.` : ''
  return verdict('rows', wrong, `The rows of ${count} batches give their roots.${note}`, 'batches do not fit their rows')
}
