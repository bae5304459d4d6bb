import type { Action, Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { noteAbout } from './subjects.ts'

const DAY_MS = 86_400_000

export const noteReveal: Action<'noteReveal'> = async (
  tx,
  { tenantNo, action, max, approval, params, ground, detail, ownerNo, at, actor },
) => {
  const count = await countOne(tx, tenantNo, actor.no, Math.floor(at / DAY_MS))
  if (action === 'value' || count > max) {
    await takeApproval(tx, { tenantNo, id: approval, action: 'value.reveal', params, at, actor, ground })
  }
  return noteAbout(
    tx,
    'pseudonym.revealed',
    { tenantNo, ownerNo, at, actor },
    { field: action, count, approval, ground, ...detail },
  )
}

export const dropSealed: Action<'dropSealed'> = async (tx, { places }) => {
  let count = 0
  for (const { event, field } of places) {
    const { numDeletedRows } = await tx.db
      .deleteFrom('sealed_value')
      .where('event', '=', event)
      .where('field', '=', field)
      .executeTakeFirstOrThrow()
    count += Number(numDeletedRows)
  }
  return count
}

export const dropExpiredSealed: Action<'dropExpiredSealed'> = async (tx, { before, max, only }) => {
  let query = tx.db
    .selectFrom('sealed_value')
    .select(['event', 'field'])
    .where('expires_at', '<', before)
    .orderBy('expires_at')
    .limit(max)
  if (only) query = query.where('tenant_no', '=', only.tenantNo)
  if (only && only.exceptKeys.length > 0) query = query.where('key_id', 'not in', only.exceptKeys)
  const places = await query.execute()
  return dropSealed(tx, { places })
}

export const rewrapKeys: Action<'rewrapKeys'> = async (tx, { keys }) => {
  let count = 0
  for (const { domain, tenantNo, epoch, from, to } of keys) {
    const { numUpdatedRows } = await tx.db
      .updateTable('pseudonym_key')
      .set({ wrapped: to })
      .where('domain', '=', domain)
      .where('tenant_no', '=', tenantNo)
      .where('epoch', '=', epoch)
      .where('wrapped', '=', from)
      .executeTakeFirstOrThrow()
    count += Number(numUpdatedRows)
  }
  return count
}

async function countOne(tx: Transaction, tenantNo: number, principalNo: number, day: number): Promise<number> {
  await tx.db.deleteFrom('reveal_day').where('day', '<', day).execute()
  const row = await tx.db
    .insertInto('reveal_day')
    .values({ tenant_no: tenantNo, principal_no: principalNo, day, count: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_no', 'principal_no', 'day'])
        .doUpdateSet((reveal) => ({ count: reveal('reveal_day.count', '+', 1) })),
    )
    .returning('count')
    .executeTakeFirstOrThrow()
  return row.count
}
