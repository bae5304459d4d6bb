import type { Milliseconds } from 'tokentrail'
import type { Actor, NewToken, Role, TokenRecord } from '../records.ts'
import { HEAVY_ROLES } from '../role-rules.ts'
import type { Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { insertGrant, noteGrant, refuseConflict } from './grant-rows.ts'
import { INSTALL_TENANT } from './separation.ts'

interface How {
  readonly at: Milliseconds
  readonly actor: Actor
}

/** A token that is issued with a heavy role needs a second person; the program itself, which makes the first admin, does not. */
export async function takeRoleApproval(tx: Transaction, token: NewToken, { at, actor }: How): Promise<void> {
  if (!token.role || !HEAVY_ROLES.has(token.role) || actor.kind === 'system') return
  const { id = null, params = '{}', ground = 'issued with the token' } = token.roleApproval ?? {}
  const { tenantNo } = token
  await takeApproval(tx, { tenantNo, id, action: 'role.grant', params, at, actor, ground })
}

/** The role that a token is issued with becomes its first grant (507); a successor inherits what its predecessor had. */
export async function giveFirstRole(tx: Transaction, token: TokenRecord, role: Role, { at, actor }: How): Promise<void> {
  if (token.predecessorNo !== null) return inherit(tx, token, token.predecessorNo, { at, actor })
  const waived = await refuseConflict(tx, token.ownerNo, role, at)
  const scope = (await isOfInstall(tx, token.tenantNo)) ? 'install' : 'tenant'
  const grant = await insertGrant(tx, { token, role, scope, ground: 'issued with the token', at, actor, waived })
  await noteGrant(tx, 'role.granted', token, grant, { at, actor })
}

async function inherit(tx: Transaction, token: TokenRecord, predecessorNo: number, { at, actor }: How): Promise<void> {
  const rows = await tx.db
    .selectFrom('role_grant')
    .selectAll()
    .where('token_no', '=', predecessorNo)
    .where('removed_at', 'is', null)
    .execute()
  for (const row of rows) {
    const { role, scope, ground, waived } = row
    const more = {
      scope_owner_no: row.scope_owner_no,
      until_at: row.until_at,
      period_from: row.period_from,
      period_to: row.period_to,
    }
    const review = { break_glass: row.break_glass, review_by: row.review_by, approval: row.approval }
    const grant = await insertGrant(
      tx,
      { token, role: role as Role, scope: scope as 'tenant', ground, at, actor, waived: waived === 1 },
      { ...more, ...review },
    )
    await noteGrant(tx, 'role.granted', token, grant, { at, actor })
  }
}

async function isOfInstall(tx: Transaction, tenantNo: number): Promise<boolean> {
  const row = await tx.db.selectFrom('tenant').select('id').where('no', '=', tenantNo).executeTakeFirst()
  return row?.id === INSTALL_TENANT
}
