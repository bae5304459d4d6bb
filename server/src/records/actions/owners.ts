import { TrailError } from '../../errors.ts'
import type { Owner } from '../records.ts'
import { prepared } from '../prepared.ts'
import type { OwnerTable } from '../schema.ts'
import type { Selectable } from 'kysely'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { describeActor, retentionOf } from './token-change.ts'

export const putOwner: Action<'putOwner'> = async (tx, { tenantNo, id, name, disabled, at, actor }) => {
  const before = await findOwner(tx, tenantNo, id)
  const no = before?.no ?? (await addOwner(tx, tenantNo, id))
  const wasDisabled = before?.disabledAt ?? null
  const disabledAt = disabled === undefined ? wasDisabled : disabled ? (wasDisabled ?? at) : null
  const row = await tx.db
    .updateTable('owner')
    .set({ disabled_at: disabledAt, ...(name !== undefined && { name }) })
    .where('no', '=', no)
    .returningAll()
    .executeTakeFirstOrThrow()
  const fields = [
    ...(name !== undefined && name !== before?.name ? ['name'] : []),
    ...(disabledAt === wasDisabled ? [] : ['disabled']),
  ]
  if (!before || fields.length > 0) {
    await note(tx, {
      type: typeId(before ? 'principal.changed' : 'principal.added'),
      tenant: tenantNo,
      retention: await retentionOf(tx, tenantNo),
      occurredAt: at,
      ownerNo: no,
      ...describeActor(actor),
      detail: JSON.stringify({ owner: id, fields, disabled: disabledAt !== null }),
    })
  }
  if (disabledAt !== wasDisabled) tx.changes.push('all')
  return toOwner(row)
}

/** The number of an owner, made as needed. */
export async function internOwner(tx: Transaction, tenantNo: number, id: string): Promise<number> {
  return (await findOwner(tx, tenantNo, id))?.no ?? addOwner(tx, tenantNo, id)
}

/** The owner of a row. */
export function toOwner(row: Selectable<OwnerTable>): Owner {
  return { no: row.no, tenantNo: row.tenant_no, id: row.id, name: row.name, disabledAt: row.disabled_at }
}

/** The owner of an id in a tenant. */
export async function findOwner(tx: Transaction, tenantNo: number, id: string): Promise<Owner | null> {
  const [row] = await ownerOfId(tx.db, { tenantNo, id })
  return row ? toOwner(row) : null
}

const ownerOfId = prepared((db, { tenantNo, id }: { tenantNo: number; id: string }) =>
  db.selectFrom('owner').selectAll().where('tenant_no', '=', tenantNo).where('id', '=', id),
)

/** Adds an owner, or finds the one that another transaction added in the meantime. */
async function addOwner(tx: Transaction, tenantNo: number, id: string): Promise<number> {
  await retentionOf(tx, tenantNo)
  await tx.db
    .insertInto('owner')
    .values({ tenant_no: tenantNo, id, name: null, disabled_at: null })
    .onConflict((conflict) => conflict.columns(['tenant_no', 'id']).doNothing())
    .execute()
  const owner = await findOwner(tx, tenantNo, id)
  if (!owner) throw new TrailError('records_unavailable', 'An owner that was just added cannot be read back; try again.')
  return owner.no
}
