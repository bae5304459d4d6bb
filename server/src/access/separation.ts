import type { Records } from '../records/records.ts'
import { SEPARATION } from '../records/actions/separation.ts'

/** Whether duties are kept apart on this installation. */
export type Separation = 'waived' | 'enforced'

/** Reads the install setting; while it was never set, one person may do what needs two. */
export async function readSeparation(records: Pick<Records, 'read'>, installTenantNo: number): Promise<Separation> {
  return (await records.read.setting(installTenantNo, SEPARATION)) === 'enforced' ? 'enforced' : 'waived'
}
