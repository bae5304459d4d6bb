import { isSameHash } from 'tokentrail/log'
import type { Batch } from '../records/batches.ts'
import type { RecordReads } from '../records/records.ts'
import { readLeaves } from './batch-rows.ts'
import { createNodes } from './nodes.ts'
import type { BatchPlace, ReconcileCheck, ReconcileParts, ReconcilePlace } from './reconcile-check.ts'
import { verdict, WRONG_MAX } from './reconcile-check.ts'

const BATCHES_AT_ONCE = 500
/** Batches whose rows are read back and hashed again each night. */
const SAMPLE = 12
const SAMPLE_ROWS_MAX = 100_000

/** The batches of each tenant and journal follow each other, their totals continue, and each is in the log. */
export async function checkBatches(read: RecordReads, before: ReconcilePlace, isRecovered: boolean) {
  const wrong: string[] = []
  const place: Record<string, BatchPlace> = { ...before.batches }
  let count = 0
  for (const { journal, tenantNo } of await read.lastBatches()) {
    const key = `${journal}/${tenantNo}`
    for (let more = true; more;) {
      const from = place[key]
      const after = { journal, tenantNo, from: from?.from ?? -1 }
      const found = (await read.batches({ tenantNo }, { after, limit: BATCHES_AT_ONCE })).filter(
        (each) => each.journal === journal,
      )
      wrong.push(...(await unlogged(read, found)))
      for (const batch of found) {
        wrong.push(...broken(place[key], batch, isRecovered))
        place[key] = { from: batch.from, to: batch.to, rows: batch.rowsTotal, events: batch.eventsTotal }
      }
      count += found.length
      more = found.length === BATCHES_AT_ONCE && wrong.length < WRONG_MAX
    }
  }
  const says = `${count} batches since the last run follow each other, and each is in the log.`
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
  const beginsAnew = isRecovered && from > last.to && rowsTotal === rows && eventsTotal === events
  return follows || beginsAnew ? [] : [`${id} does not follow`]
}

async function unlogged(read: RecordReads, batches: readonly Batch[]): Promise<string[]> {
  const known = await read.knownToLog(batches.map(({ id }) => id))
  return batches.filter(({ id }) => !known.has(id)).map(({ id }) => `${id} is not in the log`)
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
