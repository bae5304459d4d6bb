import { decodeRuns, placeInRuns } from '../event/runs.ts'
import type { Batch, BatchReads } from './batches.ts'
import { toBatch } from './batch-row.ts'
import type { EventNumber } from './records.ts'
import type { Database } from './schema.ts'

type AnswerRead = <Value>(read: () => Promise<Value>) => Promise<Value>

const ROWS_MAX = 10_000
/** Spans of a writer hardly overlap; those of clients that number wildly do, and then so many are looked at. */
const SPANS_MAX = 500
/** As many of one writer's rows as a batch may hold at all. */
const LEAVES_MAX = 1_000_000

/** Reads of batches; `answer` turns failures of the database into ours. */
export function readsOfBatches(db: Database, answer: AnswerRead): BatchReads {
  const all = () => db.selectFrom('audit_batch').selectAll()
  return {
    batchOf: (tenantNo, event) => answer(() => batchOf(db, tenantNo, event)),
    batches: async ({ tenantNo }, { after, limit }) => {
      let query = tenantNo === undefined ? all() : all().where('tenant_no', '=', tenantNo)
      if (after)
        query = query.where((row) =>
          row(row.refTuple('journal', 'tenant_no', 'from_position'), '>', row.tuple(after.journal, after.tenantNo, after.from)),
        )
      const rows = query.orderBy('journal').orderBy('tenant_no').orderBy('from_position').limit(Math.min(limit, ROWS_MAX))
      return (await answer(() => rows.execute())).map(toBatch)
    },
    lastBatches: async () => {
      const last = db
        .selectFrom('audit_batch')
        .select((row) => ['journal', 'tenant_no', row.fn.max('from_position').as('last')])
        .groupBy(['journal', 'tenant_no'])
      const rows = all()
        .innerJoin(last.as('newest'), (join) =>
          join
            .onRef('newest.journal', '=', 'audit_batch.journal')
            .onRef('newest.tenant_no', '=', 'audit_batch.tenant_no')
            .onRef('newest.last', '=', 'audit_batch.from_position'),
        )
        .selectAll('audit_batch')
      return (await answer(() => rows.execute())).map(toBatch)
    },
    keptLeaves: async (tenantNo, { writer, from, to }) => {
      const leaves = db
        .selectFrom('kept_leaf')
        .select(['writer', 'seq', 'hash'])
        .where('tenant_no', '=', tenantNo)
        .where('writer', '=', writer)
        .where('seq', '>=', from)
        .where('seq', '<=', to)
      return (await answer(() => leaves.limit(LEAVES_MAX).execute())).map((leaf) => ({
        ...leaf,
        hash: new Uint8Array(leaf.hash),
      }))
    },
  }
}

async function batchOf(db: Database, tenantNo: number, { writer, seq }: EventNumber): Promise<Batch | null> {
  for (const by of [writer, 0]) {
    const spans = await db
      .selectFrom('audit_batch_span')
      .select(['batch', 'to_seq'])
      .where('tenant_no', '=', tenantNo)
      .where('writer', '=', by)
      .where('from_seq', '<=', seq)
      .orderBy('from_seq', 'desc')
      .limit(SPANS_MAX)
      .execute()
    for (const span of spans.filter(({ to_seq: to }) => to >= seq)) {
      const row = await db.selectFrom('audit_batch').selectAll().where('id', '=', span.batch).executeTakeFirstOrThrow()
      if (placeInRuns(decodeRuns(new Uint8Array(row.runs)), writer, seq) !== undefined) return toBatch(row)
    }
  }
  return null
}
