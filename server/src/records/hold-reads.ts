import { holdOver, retentionDaysOf, toHold, toRun } from './hold-row.ts'
import type { HoldReads } from './holds.ts'
import type { Database } from './schema.ts'

const ROWS_MAX = 10_000

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
  }
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
