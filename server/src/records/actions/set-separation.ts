import { TrailError } from '../../errors.ts'
import type { Role } from '../records.ts'
import { conflictsAmong } from '../role-rules.ts'
import type { Action, Transaction } from '../transaction.ts'
import { putSetting } from './house.ts'
import { livingGrants } from './grant-rows.ts'
import { SEPARATION } from './separation.ts'

/** One person alone may waive; to enforce, nobody may have roles that conflict. Every cache forgets what it knew. */
export const setSeparation: Action<'setSeparation'> = async (tx, { tenantNo, enforced, at, actor }) => {
  if (enforced) await refuseConflicts(tx, at)
  await putSetting(tx, { tenantNo, name: SEPARATION, value: enforced ? 'enforced' : 'waived', at, actor })
  tx.changes.push('all')
}

async function refuseConflicts(tx: Transaction, at: number): Promise<void> {
  const grants = await livingGrants(tx, at).execute()
  for (const [ownerNo, own] of Map.groupBy(grants, (grant) => grant.owner_no)) {
    const [conflict] = conflictsAmong(new Set(own.map(({ role }) => role as Role)))
    if (!conflict) continue
    const owner = await tx.db.selectFrom('owner').select('id').where('no', '=', ownerNo).executeTakeFirst()
    throw new TrailError(
      'role_conflict',
      `${owner?.id ?? 'Somebody'} is both ${conflict.join(' and ')}. Remove one of these roles first.`,
    )
  }
}
