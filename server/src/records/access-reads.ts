import type { Clock } from '../clock.ts'
import { toApproval, toFactor, toGrant } from './access-row.ts'
import type { ApprovalReads, ApprovalState } from './approvals.ts'
import type { GrantReads } from './grants.ts'
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

/** Reads of roles, second factors and sessions. */
export function readsOfGrants(db: Database, answer: Answer): GrantReads {
  const grants = () => db.selectFrom('role_grant').selectAll().orderBy('granted_at').orderBy('id').limit(ROWS_MAX)
  const factors = () => db.selectFrom('second_factor').selectAll()
  return {
    grantsOf: async (tokenNo) => {
      const query = grants().where('token_no', '=', tokenNo).where('removed_at', 'is', null)
      return (await answer(() => query.execute())).map(toGrant)
    },
    grants: async (tenantNo) => {
      const query = grants()
        .where('tenant_no', '=', tenantNo)
        .where((row) =>
          row.or([row('removed_at', 'is', null), row.and([row('break_glass', '=', 1), row('reviewed_at', 'is', null)])]),
        )
      return (await answer(() => query.execute())).map(toGrant)
    },
    grant: async (tenantNo, id) => {
      const row = await answer(() => grants().where('tenant_no', '=', tenantNo).where('id', '=', id).executeTakeFirst())
      return row ? toGrant(row) : null
    },
    secondFactor: async (ownerNo) => {
      const row = await answer(() => factors().where('owner_no', '=', ownerNo).executeTakeFirst())
      return row ? toFactor(row) : null
    },
    secondFactors: async (tenantNo) =>
      (await answer(() => factors().where('tenant_no', '=', tenantNo).limit(ROWS_MAX).execute())).map(toFactor),
    sessions: async (tenantNo, ownerNo) => {
      let query = db
        .selectFrom('session')
        .innerJoin('token', 'token.no', 'session.token_no')
        .select([
          'session.id',
          'session.token_no',
          'session.created_at',
          'session.expires_at',
          'session.proven_at',
          'token.owner_no',
        ])
        .where('session.tenant_no', '=', tenantNo)
        .orderBy('session.created_at', 'desc')
        .limit(ROWS_MAX)
      if (ownerNo !== undefined) query = query.where('token.owner_no', '=', ownerNo)
      return (await answer(() => query.execute())).map((row) => ({
        id: row.id,
        tokenNo: row.token_no,
        ownerNo: row.owner_no,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        provenAt: row.proven_at,
      }))
    },
  }
}
