import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Tenant } from '../records.ts'
import type { TenantTable } from '../schema.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { describeActor } from './token-change.ts'

const PREFIXES: Tenant['prefixes'] = { access: 'ttk', action: 'tta', validation: 'ttv' }

/** 90 days. */
const RETENTION = 2

export const addTenant: Action<'addTenant'> = async (tx, { name, id, prefixes, retention, simulated, at, actor }) => {
  const row = await tx.db
    .insertInto('tenant')
    .values({
      id: id ?? `t_${randomBytes(12).toString('hex')}`,
      name,
      prefixes: JSON.stringify({ ...PREFIXES, ...prefixes }),
      retention: retention ?? RETENTION,
      simulated: simulated ? 1 : 0,
      foreign_tokens: 0,
      created_at: at,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!row) return existing(tx, id ?? '')
  const about = { tenant: row.no, retention: row.retention, occurredAt: at, ...describeActor(actor) }
  await note(tx, { type: typeId('tenant.added'), ...about, detail: JSON.stringify({ id: row.id, name }) })
  return toTenant(row)
}

/** The tenant of a row. */
export function toTenant(row: Selectable<TenantTable>): Tenant {
  return {
    no: row.no,
    id: row.id,
    name: row.name,
    prefixes: JSON.parse(row.prefixes),
    retention: row.retention,
    simulated: row.simulated === 1,
    foreignTokens: row.foreign_tokens === 1,
    createdAt: row.created_at,
  }
}

async function existing(tx: Transaction, id: string): Promise<Tenant> {
  return toTenant(await tx.db.selectFrom('tenant').selectAll().where('id', '=', id).executeTakeFirstOrThrow())
}
