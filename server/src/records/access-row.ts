import type { Selectable } from 'kysely'
import type { Milliseconds } from 'tokentrail'
import type { ApprovalTable } from './access-tables.ts'
import type { Approval, ApprovalState, FourEyes } from './approvals.ts'

/** The approval of a row, as it stands at a time: one whose time is over has lapsed. */
export function toApproval(row: Selectable<ApprovalTable>, at: Milliseconds): Approval {
  const state = row.state as ApprovalState
  const isOpen = state === 'requested' || state === 'given'
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    action: row.action as FourEyes,
    params: row.params,
    ground: row.ground,
    state: isOpen && at >= row.lapses_at ? 'lapsed' : state,
    requesterNo: row.requester_no,
    requestedAt: row.requested_at,
    lapsesAt: row.lapses_at,
    deciderNo: row.decider_no,
    decidedAt: row.decided_at,
    note: row.note,
    selfApproved: row.self_approved === 1,
  }
}
