import { hash } from 'node:crypto'
import { decodeRuns, type Run } from '../../event/runs.ts'
import type { Batch, NewBatch } from '../batches.ts'
import { fromBatch, toBatch } from '../batch-row.ts'
import type { AuditBatchSpanTable } from '../batch-tables.ts'
import type { Action, Transaction } from '../transaction.ts'

/** Beyond so many writers a batch is found by its number alone. */
const SPANS_MAX = 32
const LEAVES_PER_STATEMENT = 250

export const addBatches: Action<'addBatches'> = async (tx, { batches }) => {
  const added: Batch[] = []
  for (const batch of batches) added.push((await knownBatch(tx, batch)) ?? (await insertBatch(tx, batch)))
  return added
}

export const keepLeaves: Action<'keepLeaves'> = async (tx, { tenantNo, leaves }) => {
  let kept = 0
  for (let from = 0; from < leaves.length; from += LEAVES_PER_STATEMENT) {
    const values = leaves.slice(from, from + LEAVES_PER_STATEMENT).map((leaf) => ({ tenant_no: tenantNo, ...leaf }))
    const added = await tx.db
      .insertInto('kept_leaf')
      .values(values)
      .onConflict((conflict) => conflict.columns(['tenant_no', 'writer', 'seq']).doNothing())
      .executeTakeFirst()
    kept += Number(added.numInsertedOrUpdatedRows ?? 0)
  }
  return kept
}

async function knownBatch(tx: Transaction, { journal, tenantNo, from }: NewBatch): Promise<Batch | undefined> {
  const row = await tx.db
    .selectFrom('audit_batch')
    .selectAll()
    .where('journal', '=', journal)
    .where('tenant_no', '=', tenantNo)
    .where('from_position', '=', from)
    .executeTakeFirst()
  return row && toBatch(row)
}

async function insertBatch(tx: Transaction, batch: NewBatch): Promise<Batch> {
  const last = await lastBatch(tx, batch)
  // After a restored backup the batches between are missing here: the count begins anew.
  const before = last?.to_position === batch.from ? last : undefined
  const whole: Batch = {
    ...batch,
    id: batchId(batch),
    rowsTotal: (before?.rows_total ?? 0) + batch.rows,
    eventsTotal: (before?.events_total ?? 0) + batch.events,
  }
  await tx.db.insertInto('audit_batch').values(fromBatch(whole)).execute()
  const spans = spansOf(whole)
  if (spans.length > 0) await tx.db.insertInto('audit_batch_span').values(spans).execute()
  return whole
}

function lastBatch(tx: Transaction, { journal, tenantNo }: NewBatch) {
  return tx.db
    .selectFrom('audit_batch')
    .select(['to_position', 'rows_total', 'events_total'])
    .where('journal', '=', journal)
    .where('tenant_no', '=', tenantNo)
    .orderBy('from_position', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** The same for the same range, and it tells nothing. */
function batchId({ journal, tenantNo, from }: NewBatch): string {
  return `log_batch_${hash('sha256', `tokentrail/batch/v1 ${journal} ${tenantNo} ${from}`, 'hex').slice(0, 32)}`
}

function spansOf({ id, tenantNo, runs }: Batch): AuditBatchSpanTable[] {
  const byWriter = new Map<number, { from_seq: number; to_seq: number }>()
  const all = decodeRuns(runs)
  for (const run of all) widen(byWriter, run.writer, run)
  if (byWriter.size > SPANS_MAX) {
    byWriter.clear()
    for (const run of all) widen(byWriter, 0, run)
  }
  return [...byWriter].map(([writer, span]) => ({ tenant_no: tenantNo, writer, ...span, batch: id }))
}

function widen(spans: Map<number, { from_seq: number; to_seq: number }>, writer: number, { from, count }: Run): void {
  const span = spans.get(writer) ?? { from_seq: from, to_seq: from }
  spans.set(writer, { from_seq: Math.min(span.from_seq, from), to_seq: Math.max(span.to_seq, from + count - 1) })
}
