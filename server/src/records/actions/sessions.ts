import type { Action } from '../transaction.ts'

export const stepUpSession: Action<'stepUpSession'> = async (tx, { from, to, id, csrf, at }) => {
  const old = await tx.db
    .deleteFrom('session')
    .where('id_digest', '=', from)
    .where('expires_at', '>', at)
    .returningAll()
    .executeTakeFirst()
  if (!old) return false
  await tx.db
    .insertInto('session')
    .values({ ...old, id_digest: to, id, csrf, proven_at: at })
    .execute()
  return true
}

export const endListedSession: Action<'endListedSession'> = async (tx, { tenantNo, id, ownerNo }) => {
  let query = tx.db.deleteFrom('session').where('tenant_no', '=', tenantNo).where('id', '=', id)
  if (ownerNo !== null) {
    const own = tx.db.selectFrom('token').select('no').where('owner_no', '=', ownerNo)
    query = query.where('token_no', 'in', own)
  }
  return (await query.returning('id').executeTakeFirst()) !== undefined
}
