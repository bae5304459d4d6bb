import type { Clock } from '../clock.ts'
import { toApproval } from './access-row.ts'
import type { ApprovalReads, ApprovalState } from './approvals.ts'
import type { Database } from './schema.ts'

const ROWS_MAX = 1_000

type Answer = <Value>(read: () => Promise<Value>) => Promise<Value>

/** Reads of approvals. */
export function readsOfApprovals(db: Database, answer: Answer, clock: Clock): ApprovalReads {
  const of = (tenantNo: number) => db.selectFrom('approval').selectAll().where('tenant_no', '=', tenantNo)
  return {
    approval: async (tenantNo, id) => {
      const row = await answer(() => of(tenantNo).where('id', '=', id).executeTakeFirst())
      return row ? toApproval(row, clock.now()) : null
    },
    approvals: async (tenantNo, { state, before, limit }) => {
      const at = clock.now()
      let query = of(tenantNo).orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(bounded(limit))
      if (before !== undefined) query = query.where('requested_at', '<', before)
      if (state !== undefined) query = query.where('state', 'in', writtenAs(state))
      if (state === 'lapsed') query = query.where('lapses_at', '<=', at)
      else if (state === 'requested' || state === 'given') query = query.where('lapses_at', '>', at)
      return (await answer(() => query.execute())).map((row) => toApproval(row, at))
    },
  }
}

/** A lapse is written nowhere: what was open when its time ended has lapsed. */
function writtenAs(state: ApprovalState): readonly ApprovalState[] {
  return state === 'lapsed' ? ['requested', 'given'] : [state]
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
