import type { Selectable } from 'kysely'
import type { Milliseconds } from 'tokentrail'
import type { ApprovalTable, RoleGrantTable, SecondFactorTable } from './access-tables.ts'
import type { Approval, ApprovalState, FourEyes } from './approvals.ts'
import type { Grant, GrantScope, SecondFactor } from './grants.ts'
import type { Role } from './records.ts'

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

/** The grant of a row. */
export function toGrant(row: Selectable<RoleGrantTable>): Grant {
  const { period_from: from, period_to: to } = row
  return {
    id: row.id,
    tenantNo: row.tenant_no,
    tokenNo: row.token_no,
    ownerNo: row.owner_no,
    role: row.role as Role,
    scope: row.scope as GrantScope,
    scopeOwnerNo: row.scope_owner_no,
    from: row.from_at,
    until: row.until_at,
    period: from === null || to === null ? null : { from, to },
    ground: row.ground,
    approval: row.approval,
    waived: row.waived === 1,
    breakGlass: row.break_glass === 1,
    reviewBy: row.review_by,
    reviewedAt: row.reviewed_at,
    reviewerNo: row.reviewer_no,
    granterNo: row.granter_no,
    grantedAt: row.granted_at,
    removedAt: row.removed_at,
  }
}

/** The second factor of a row. */
export function toFactor(row: Selectable<SecondFactorTable>): SecondFactor {
  return {
    tenantNo: row.tenant_no,
    ownerNo: row.owner_no,
    secret: new Uint8Array(row.secret),
    active: row.active === 1,
    enrolledAt: row.enrolled_at,
    lastStep: row.last_step,
    failures: row.failures,
    failedAt: row.failed_at,
  }
}
