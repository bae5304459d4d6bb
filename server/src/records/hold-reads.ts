import { holdOver, isNotHeld, isPurgeable, retentionDaysOf, toHold, toRun } from './hold-row.ts'
import { RETENTION_DEFAULTS, RETENTION_SETTINGS, type HoldReads } from './holds.ts'
import type { Database } from './schema.ts'

const ROWS_MAX = 10_000
const DAY_MS = 86_400_000

/** Reads of holds and of what retention did; `answer` turns failures of the database into ours. */
export function readsOfHolds(db: Database, answer: <Value>(read: () => Promise<Value>) => Promise<Value>): HoldReads {
  return {
    hold: async (tenantNo, id) => {
      const query = db.selectFrom('hold').selectAll().where('tenant_no', '=', tenantNo).where('id', '=', id)
      return (await answer(() => query.execute())).map(toHold)[0] ?? null
    },
    holds: async ({ tenantNo, at, limit }) => {
      let query = db.selectFrom('hold').selectAll().orderBy('set_at', 'desc').orderBy('id').limit(bounded(limit))
      if (tenantNo !== undefined) query = query.where('tenant_no', '=', tenantNo)
      if (at !== undefined)
        query = query
          .where('set_at', '<=', at)
          .where((hold) => hold.or([hold('released_at', 'is', null), hold('released_at', '>', at)]))
      return (await answer(() => query.execute())).map(toHold)
    },
    heldBy: (tenantNo, { ownerNo }) => answer(() => holdOver(db, tenantNo, ownerNo)),
    retentionRuns: async ({ tenantNo, class: name, from, to }, { before, limit }) => {
      const query = db
        .selectFrom('retention_run')
        .selectAll()
        .where((run) =>
          run.and([
            ...(tenantNo === undefined ? [] : [run('tenant_no', '=', tenantNo)]),
            ...(name === undefined ? [] : [run('class', '=', name)]),
            ...(from === undefined ? [] : [run('at', '>=', from)]),
            ...(to === undefined ? [] : [run('at', '<', to)]),
            ...(before === undefined
              ? []
              : [run.or([run('at', '<', before.at), run.and([run('at', '=', before.at), run('id', '<', before.id)])])]),
          ]),
        )
      const rows = await answer(() => query.orderBy('at', 'desc').orderBy('id', 'desc').limit(bounded(limit)).execute())
      return rows.map(toRun)
    },
    retentionDays: (tenantNo) => answer(() => retentionDaysOf(db, tenantNo)),
    ...readsOfDue(db, answer),
  }
}

type ReadsOfDue = Pick<HoldReads, 'retentionDaysOfAll' | 'expiredSealed' | 'oldTombstones' | 'oldKeys' | 'leavesBetween'>

/** What is due, and where it stands in the log. */
function readsOfDue(db: Database, answer: <Value>(read: () => Promise<Value>) => Promise<Value>): ReadsOfDue {
  return {
    retentionDaysOfAll: async () => {
      const query = db
        .selectFrom('setting')
        .select('tenant_no')
        .distinct()
        .where('name', 'in', Object.values(RETENTION_SETTINGS))
        .limit(ROWS_MAX)
      const tenants = await answer(() => query.execute())
      const entries = tenants.map(async ({ tenant_no: no }) => [no, await answer(() => retentionDaysOf(db, no))] as const)
      return new Map(await Promise.all(entries))
    },
    expiredSealed: async (before) => {
      const query = db
        .selectFrom('sealed_value')
        .select((value) => ['tenant_no', value.fn.countAll().as('count')])
        .where('expires_at', '<', before)
        .groupBy('tenant_no')
        .limit(ROWS_MAX)
      return (await answer(() => query.execute())).map(toCount)
    },
    oldTombstones: async (at) => {
      const due = await answer(() => isPurgeable({ db }, at, at - RETENTION_DEFAULTS.tombstones * DAY_MS))
      const query = db
        .selectFrom('token')
        .select((token) => ['tenant_no', token.fn.countAll().as('count')])
        .where(due)
        .groupBy('tenant_no')
        .limit(ROWS_MAX)
      return (await answer(() => query.execute())).map(toCount)
    },
    oldKeys: async (at) => {
      const query = db
        .selectFrom('pseudonym_key')
        .select((key) => key.fn.countAll().as('count'))
        .where('destroy_after', '<', at)
        .where(isNotHeld)
      return Number((await answer(() => query.executeTakeFirst()))?.count ?? 0)
    },
    leavesBetween: async (tenantNo, { from, to }) => {
      const query = db
        .selectFrom('audit_batch')
        .innerJoin('log_entry', 'log_entry.id', 'audit_batch.id')
        .select((row) => [
          'log_entry.shard',
          row.fn.min('log_entry.place').as('first'),
          row.fn.max('log_entry.place').as('last'),
          row.fn.max('audit_batch.last_at').as('latest'),
        ])
        .where('audit_batch.tenant_no', '=', tenantNo)
        .where('audit_batch.first_at', '<', to)
        .where('audit_batch.last_at', '>=', from)
        .groupBy('log_entry.shard')
        .orderBy('latest', 'desc')
        .limit(1)
      const row = await answer(() => query.executeTakeFirst())
      return row ? { shard: row.shard, first: row.first, last: row.last } : null
    },
  }
}

function toCount({ tenant_no: tenantNo, count }: { readonly tenant_no: number; readonly count: string | number | bigint }) {
  return { tenantNo, count: Number(count) }
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
