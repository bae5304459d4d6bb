import type { FourEyes } from '../records/approvals.ts'
import type { Role } from '../records/records.ts'

/**
 * Whose word counts as the second one. Agreeing is not doing: an admin who agrees to an erasure still cannot erase. Nobody stands
 * here whom a conflict of 3.1 keeps from it: a log custodian agrees to no erasure, a privacy officer to nothing about keys.
 */
export const APPROVERS = {
  'subject.erase': ['privacy_officer', 'admin'],
  'retention.change': ['privacy_officer', 'admin'],
  'hold.set': ['privacy_officer', 'admin'],
  'hold.release': ['privacy_officer', 'admin'],
  'value.reveal': ['privacy_officer'],
  'export.identified': ['privacy_officer'],
  'log.operate': ['log_custodian', 'admin'],
  'restore.accept_loss': ['log_custodian', 'admin'],
  'restore.reissue': ['log_custodian', 'admin'],
  'role.grant': ['admin'],
  break_glass: ['admin', 'privacy_officer'],
} as const satisfies Record<FourEyes, readonly Role[]>
