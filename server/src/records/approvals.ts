import type { Milliseconds } from 'tokentrail'
import type { Actor } from './records.ts'

/** What needs a second person. */
export const FOUR_EYES = [
  'subject.erase',
  'retention.change',
  'hold.set',
  'hold.release',
  'value.reveal',
  'export.identified',
  'log.operate',
  'restore.accept_loss',
  'restore.reissue',
  'role.grant',
  'break_glass',
] as const
export type FourEyes = (typeof FOUR_EYES)[number]

export const APPROVAL_STATES = ['requested', 'given', 'refused', 'spent', 'lapsed'] as const
export type ApprovalState = (typeof APPROVAL_STATES)[number]

/** A request that a second person agrees to, naming exactly what will happen. */
export interface Approval {
  readonly id: string
  readonly tenantNo: number
  readonly action: FourEyes
  /** Canonical JSON of what exactly will happen; it runs only if these still match. */
  readonly params: string
  readonly ground: string
  readonly state: ApprovalState
  readonly requesterNo: number
  readonly requestedAt: Milliseconds
  /** 24 h after the request. */
  readonly lapsesAt: Milliseconds
  readonly deciderNo: number | null
  readonly decidedAt: Milliseconds | null
  readonly note: string | null
  /** Asked for and given by one person, while separation of duties was waived. */
  readonly selfApproved: boolean
}

/** Approvals, as actions of records: events 715 to 717 commit with them. */
export interface ApprovalActions {
  requestApproval(p: {
    tenantNo: number
    action: FourEyes
    params: string
    ground: string
    at: Milliseconds
    actor: Actor
  }): Approval
  /** Refused for the requester (`approval_own`), unless separation is waived, and after the lapse. */
  decideApproval(p: { tenantNo: number; id: string; given: boolean; note?: string; at: Milliseconds; actor: Actor }): Approval
}

export interface ApprovalReads {
  approval(tenantNo: number, id: string): Promise<Approval | null>
  /** Newest first. */
  approvals(tenantNo: number, page: { state?: ApprovalState; before?: Milliseconds; limit: number }): Promise<readonly Approval[]>
}
