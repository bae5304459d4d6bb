import type { Milliseconds } from 'tokentrail'
import type { TokenRecord } from '../records/records.ts'

/** Would the door still accept this token for its holder, leaving addresses and limits aside? */
export function isLiving(record: TokenRecord, at: Milliseconds): boolean {
  if (record.ownerDisabled || record.endedAt !== null || record.suspendedAt !== null) return false
  if (record.notBefore !== null && record.notBefore > at) return false
  return [record.expiresAt, record.graceUntil].every((end) => end === null || end > at)
}
