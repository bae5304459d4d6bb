import { randomBytes } from 'node:crypto'
import { toMark } from '../finding-row.ts'
import type { Action } from '../transaction.ts'
import { noteOf } from './finding-event.ts'

/** Marks are kept so long after their end. */
const KEPT_MS = 400 * 86_400_000

export const putMark: Action<'putMark'> = async (tx, { tenantNo, mark, at, actor }) => {
  await tx.db
    .deleteFrom('mark')
    .where('tenant_no', '=', tenantNo)
    .where('to_at', '<', at - KEPT_MS)
    .execute()
  const row = await tx.db
    .insertInto('mark')
    .values({
      id: `mrk_${randomBytes(10).toString('hex')}`,
      tenant_no: tenantNo,
      kind: mark.kind,
      name: mark.name,
      service: mark.service,
      from_at: mark.from,
      to_at: mark.to,
      author_no: actor.no,
      created_at: at,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const { kind, name, from, to } = mark
  await noteOf(tx, tenantNo, { type: 'config.changed', at, actor, detail: { path: `marks/${row.id}`, kind, name, from, to } })
  return toMark(row)
}
