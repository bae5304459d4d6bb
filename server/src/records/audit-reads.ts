import type { AuditReads, LogFilter, LogPlace } from './audit.ts'
import { selectShards, toEntry, toShard, toSigned, toWaiting } from './audit-row.ts'
import type { Database } from './schema.ts'

type AnswerRead = <Value>(read: () => Promise<Value>) => Promise<Value>

/** Rows that one answer may hold, and shards that an install may have. */
const ROWS_MAX = 10_000
const SHARDS_MAX = 1_000

/** Reads of the audit log; `answer` turns failures of the database into ours. */
export function readsOfAudit(db: Database, answer: AnswerRead): AuditReads {
  const signed = (shard: string) => db.selectFrom('log_signed').selectAll().where('shard', '=', shard)
  const firstSigned = async (query: ReturnType<typeof signed>) => {
    const row = await answer(() => query.limit(1).executeTakeFirst())
    return row ? toSigned(row) : null
  }
  return {
    logShards: async () =>
      (await answer(() => selectShards(db).orderBy('log_shard.epoch').limit(SHARDS_MAX).execute())).map(toShard),
    logWaiting: async (limit) =>
      (await answer(() => db.selectFrom('audit_outbox').selectAll().orderBy('position').limit(bounded(limit)).execute())).map(
        toWaiting,
      ),
    logBacklog: () => answer(() => backlog(db)),
    isWaitingForLog: async (id) =>
      (await answer(() => db.selectFrom('audit_outbox').select('id').where('id', '=', id).executeTakeFirst())) !== undefined,
    logNumbers: async (tenantNos) => {
      if (tenantNos.length === 0) return new Map()
      const rows = await answer(() => db.selectFrom('log_tenant').selectAll().where('tenant_no', 'in', tenantNos).execute())
      return new Map(rows.map((row) => [row.tenant_no, row.n]))
    },
    publicIds: async ({ tokens, owners }) => ({
      tokens: await answer(() => idsOf(db, 'token', tokens)),
      owners: await answer(() => idsOf(db, 'owner', owners)),
    }),
    logEntries: async (shard, from, limit) => {
      const query = db.selectFrom('log_entry').selectAll().where('shard', '=', shard).where('place', '>=', from)
      return (await answer(() => query.orderBy('place').limit(bounded(limit)).execute())).map(toEntry)
    },
    logEntry: async (id) => {
      const row = await answer(() => db.selectFrom('log_entry').selectAll().where('id', '=', id).executeTakeFirst())
      return row ? toEntry(row) : null
    },
    logPage: async (filter, page) => (await answer(() => pageOf(db, filter, page).execute())).map(toEntry),
    logSigned: async (shard) => ({
      fixed: await firstSigned(signed(shard).orderBy('size', 'desc')),
      noted: await firstSigned(signed(shard).where('note', 'is not', null).orderBy('size', 'desc')),
    }),
    logSignedAfter: async (shard, size, limit) =>
      (await answer(() => signed(shard).where('size', '>', size).orderBy('size').limit(bounded(limit)).execute())).map(toSigned),
    logNoteFor: (shard, size) =>
      firstSigned(signed(shard).where('note', 'is not', null).where('size', '>=', size).orderBy('size')),
  }
}

async function backlog(db: Database) {
  const row = await db
    .selectFrom('audit_outbox')
    .select((row) => [
      row.fn.countAll<number>().as('count'),
      row.fn.min('at').as('oldest_at'),
      row.fn.max('position').as('newest'),
    ])
    .executeTakeFirstOrThrow()
  return {
    count: row.count,
    oldestAt: row.oldest_at,
    newest: row.newest ?? 0,
  }
}

async function idsOf(db: Database, table: 'token' | 'owner', nos: readonly number[]): Promise<ReadonlyMap<number, string>> {
  if (nos.length === 0) return new Map()
  const rows = await db.selectFrom(table).select(['no', 'id']).where('no', 'in', nos.slice(0, ROWS_MAX)).execute()
  return new Map(rows.map(({ no, id }) => [no, id]))
}

function pageOf(db: Database, filter: LogFilter, page: { before?: LogPlace; limit: number }) {
  const { tenantNo, type, isDeed, from, to } = filter
  let query = db.selectFrom('log_entry').innerJoin('log_shard', 'log_shard.name', 'log_entry.shard').selectAll('log_entry')
  if (tenantNo !== undefined) query = query.where('log_entry.tenant_no', '=', tenantNo)
  if (type !== undefined) query = query.where('log_entry.type', '=', type)
  if (isDeed) query = query.where('log_entry.type', 'not like', 'log.%')
  if (from !== undefined) query = query.where('log_entry.at', '>=', from)
  if (to !== undefined) query = query.where('log_entry.at', '<', to)
  const before = page.before
  if (before) {
    query = query.where((row) =>
      row.or([
        row('log_shard.epoch', '<', before.epoch),
        row.and([row('log_shard.epoch', '=', before.epoch), row('log_entry.place', '<', before.index)]),
      ]),
    )
  }
  return query.orderBy('log_shard.epoch', 'desc').orderBy('log_entry.place', 'desc').limit(bounded(page.limit))
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
