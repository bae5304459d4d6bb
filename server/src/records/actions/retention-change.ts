import { RETENTION_DAYS } from '../../event/row.ts'
import { retentionDaysOf } from '../hold-row.ts'
import { RETENTION_SETTINGS, type RetentionDays } from '../holds.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { describeActor, retentionOf } from './token-change.ts'

const DAY_MS = 86_400_000

interface Rules {
  /** Days of rows in the store. */
  readonly rows: number
  readonly sealedValues: number
  readonly tombstones: number
}

export const changeRetention: Action<'changeRetention'> = async (tx, p) => {
  const { tenantNo, at, actor, ground, params } = p
  const before = rulesOf(await retentionOf(tx, tenantNo), await retentionDaysOf(tx.db, tenantNo))
  const after = rulesOf(p.class, p.days)
  const approval = isShorter(before, after)
    ? await takeApproval(tx, { tenantNo, id: p.approval, action: 'retention.change', params, at, actor, ground })
    : null
  await tx.db.updateTable('tenant').set({ retention: p.class }).where('no', '=', tenantNo).execute()
  tx.retentions.set(tenantNo, p.class)
  for (const name of Object.keys(RETENTION_SETTINGS) as (keyof RetentionDays)[]) await put(tx, tenantNo, name, p.days[name])
  await moveEnds(tx, tenantNo, after.sealedValues - before.sealedValues)
  await note(tx, {
    type: typeId('config.changed'),
    tenant: tenantNo,
    retention: p.class,
    occurredAt: at,
    ...describeActor(actor),
    detail: JSON.stringify({
      path: 'retention',
      before: JSON.stringify(before),
      after: JSON.stringify(after),
      ...(approval ? { approval: approval.id, ground, ...(approval.selfApproved ? { waived: true } : {}) } : {}),
    }),
  })
  tx.changes.push('all')
  return { class: p.class, days: p.days }
}

function rulesOf(of: number, { sealedValues, tombstones }: RetentionDays): Rules {
  const days: Readonly<Record<number, number>> = RETENTION_DAYS
  return { rows: days[of] ?? RETENTION_DAYS[1], sealedValues, tombstones }
}

function isShorter(before: Rules, after: Rules): boolean {
  return (Object.keys(before) as (keyof Rules)[]).some((name) => after[name] < before[name])
}

/** What is sealed already lives by the new rule too. */
async function moveEnds(tx: Transaction, tenantNo: number, days: number): Promise<void> {
  if (days === 0) return
  await tx.db
    .updateTable('sealed_value')
    .set((value) => ({ expires_at: value('expires_at', '+', days * DAY_MS) }))
    .where('tenant_no', '=', tenantNo)
    .execute()
}

async function put(tx: Transaction, tenantNo: number, name: keyof RetentionDays, days: number): Promise<void> {
  const value = String(days)
  await tx.db
    .insertInto('setting')
    .values({ tenant_no: tenantNo, name: RETENTION_SETTINGS[name], value })
    .onConflict((conflict) => conflict.columns(['tenant_no', 'name']).doUpdateSet({ value }))
    .execute()
}
