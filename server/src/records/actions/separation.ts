import type { Transaction } from '../transaction.ts'

/** Public id of the tenant that an installation begins with; its settings are those of the installation. */
export const INSTALL_TENANT = 'default'

/** Install setting: `enforced`, or `waived`, which an installation with its one first admin begins with. */
export const SEPARATION = 'separation'

/** May one person do what needs two? */
export async function isSeparationWaived(tx: Transaction): Promise<boolean> {
  const row = await tx.db
    .selectFrom('setting')
    .innerJoin('tenant', 'tenant.no', 'setting.tenant_no')
    .select('setting.value')
    .where('tenant.id', '=', INSTALL_TENANT)
    .where('setting.name', '=', SEPARATION)
    .executeTakeFirst()
  return row?.value !== 'enforced'
}
