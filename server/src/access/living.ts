import type { Milliseconds } from 'tokentrail'
import type { TokenRecord } from '../records/records.ts'
import { stateOf } from '../records/token-state.ts'

/** Would the door still accept this token for its holder, leaving addresses and limits aside? */
export function isLiving(record: TokenRecord, at: Milliseconds): boolean {
  const state = stateOf(record, at)
  return !record.ownerDisabled && (state === 'active' || state === 'in_grace')
}
