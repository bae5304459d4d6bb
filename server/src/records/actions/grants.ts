import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import { toGrant } from '../access-row.ts'
import type { Grant } from '../grants.ts'
import type { Actor, TokenRecord } from '../records.ts'
import { HEAVY_ROLES, LASTING_ROLES } from '../role-rules.ts'
import { hasEnded } from '../token-state.ts'
import { changed, note, typeId, type Action, type Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { insertGrant, livingGrants, noteGrant, refuseConflict } from './grant-rows.ts'
import { findOwner } from './owners.ts'
import { isSeparationWaived } from './separation.ts'
import { describeActor, findToken, readToken, retentionOf, updateUnchanged } from './token-change.ts'

const BREAK_GLASS_MS_MAX = 4 * 3_600_000
const REVIEW_MS = 5 * 86_400_000
const SCHEDULE: Actor = { no: 0, kind: 'schedule' }

export const grantRole: Action<'grantRole'> = async (tx, p) => {
  const { tenantNo, role, at, actor } = p
  const token = await findToken(tx, tenantNo, p.tokenId)
  if (hasEnded(token, at))
    throw new TrailError('token_ended', 'This token has ended; give the role to one that works.', { input: 'token' })
  const waived = await isSeparationWaived(tx)
  refuseWrong(p)
  if (!waived && !p.breakGlass && token.ownerNo === actor.no)
    throw new TrailError('not_permitted', 'Nobody gives a role to themselves. Another admin does.', { input: 'token' })
  const conflict = await refuseConflict(tx, token.ownerNo, role, at)
  const approval = await approvalFor(tx, p)
  const owner = p.scopeOwnerId === null ? null : await findOwner(tx, tenantNo, p.scopeOwnerId)
  const grant = await insertGrant(
    tx,
    { token, role, scope: p.scope, ground: p.ground, at, actor, waived: conflict || (approval?.selfApproved ?? false) },
    {
      scope_owner_no: owner?.no ?? null,
      until_at: p.until,
      period_from: p.period?.from ?? null,
      period_to: p.period?.to ?? null,
      approval: approval?.id ?? null,
      break_glass: p.breakGlass ? 1 : 0,
      review_by: p.breakGlass ? at + REVIEW_MS : null,
    },
  )
  await noteGrant(tx, 'role.granted', token, grant, { at, actor })
  await nameFirstRole(tx, token.no, at)
  return grant
}

export const removeRole: Action<'removeRole'> = async (tx, { tenantNo, id, ground, at, actor }) => {
  const grant = await findGrant(tx, tenantNo, id)
  if (grant.removedAt !== null) return grant
  if (LASTING_ROLES.has(grant.role)) await refuseLast(tx, grant, at)
  const row = await tx.db
    .updateTable('role_grant')
    .set({ removed_at: at })
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
  if (!row) return grant
  const removed = toGrant(row)
  await noteGrant(tx, 'role.removed', await readToken(tx, grant.tokenNo), removed, { at, actor, ground })
  await nameFirstRole(tx, grant.tokenNo, at)
  return removed
}

export const lapseGrants: Action<'lapseGrants'> = async (tx, { at, max }) => {
  const rows = await tx.db
    .selectFrom('role_grant')
    .selectAll()
    .where('removed_at', 'is', null)
    .where('until_at', '<=', at)
    .orderBy('until_at')
    .limit(max)
    .execute()
  for (const row of rows) {
    await tx.db.updateTable('role_grant').set({ removed_at: row.until_at }).where('id', '=', row.id).execute()
    const grant = toGrant(row)
    const how = { at, actor: SCHEDULE, ground: 'its time is over' }
    await noteGrant(tx, 'role.removed', await readToken(tx, grant.tokenNo), grant, how)
    await nameFirstRole(tx, grant.tokenNo, at)
  }
  return rows.length
}

export const reviewBreakGlass: Action<'reviewBreakGlass'> = async (tx, { tenantNo, id, note: text, at, actor }) => {
  const grant = await findGrant(tx, tenantNo, id)
  if (!grant.breakGlass) throw new TrailError('not_found', 'This is no break-glass grant.', { input: 'id' })
  if (grant.reviewedAt !== null) throw new TrailError('review_exists', 'Somebody looked at this already.', { input: 'id' })
  const own = grant.ownerNo === actor.no || grant.granterNo === actor.no
  if (own && !(await isSeparationWaived(tx)))
    throw new TrailError('review_own', 'Who had or gave the role cannot review it. Somebody else does.', { input: 'id' })
  const row = await tx.db
    .updateTable('role_grant')
    .set({ reviewed_at: at, reviewer_no: actor.no })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  const detail = { review: 'break-glass', grant: id, role: grant.role, note: text, ...(own && { waived: true }) }
  const about = { tenant: tenantNo, retention: await retentionOf(tx, tenantNo), occurredAt: at, ownerNo: grant.ownerNo }
  await note(tx, { type: typeId('review.signed'), ...about, ...describeActor(actor), detail: JSON.stringify(detail) })
  return toGrant(row)
}

type Wish = Parameters<typeof grantRole>[1]

function refuseWrong({ breakGlass, until, period, ground, scope, scopeOwnerId, at }: Wish): void {
  const wrong = (message: string, input: string): TrailError => new TrailError('role_invalid', message, { input })
  if (until !== null && until <= at) throw wrong('The role would be over already: `until` must lie ahead.', 'until')
  if (period && period.from >= period.to) throw wrong('The period is empty: `from` must lie before `to`.', 'period')
  if ((scope === 'owner') !== (scopeOwnerId !== null)) throw wrong('The scope `owner`, and no other, names an owner.', 'scope')
  if (!breakGlass) return
  if (until === null || until - at > BREAK_GLASS_MS_MAX)
    throw wrong('In an emergency a role is given for at most 4 hours.', 'until')
  if (ground.trim() === '') throw wrong('In an emergency a ground is needed.', 'ground')
}

function approvalFor(tx: Transaction, { tenantNo, role, breakGlass, approval, params, ground, at, actor }: Wish) {
  if (!breakGlass && !HEAVY_ROLES.has(role)) return undefined
  return takeApproval(tx, {
    tenantNo,
    id: approval,
    action: breakGlass ? 'break_glass' : 'role.grant',
    params,
    at,
    actor,
    ground,
  })
}

async function findGrant(tx: Transaction, tenantNo: number, id: string): Promise<Grant> {
  const row = await tx.db
    .selectFrom('role_grant')
    .selectAll()
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no grant of this id here. GET /v1/people lists them.', { input: 'id' })
  return toGrant(row)
}

/** Locks the tenant, so that of two who remove the last two at once one is refused. */
async function refuseLast(tx: Transaction, { tenantNo, id, role }: Grant, at: Milliseconds): Promise<void> {
  await tx.db
    .updateTable('tenant')
    .set((row) => ({ name: row.ref('name') }))
    .where('no', '=', tenantNo)
    .execute()
  const others = await livingGrants(tx, at)
    .where('role_grant.tenant_no', '=', tenantNo)
    .where('role_grant.role', '=', role)
    .where('role_grant.id', '!=', id)
    .where('role_grant.until_at', 'is', null)
    .limit(1)
    .execute()
  if (others.length > 0) return
  throw new TrailError('role_last', `This is the last ${role} of the tenant. Give the role to somebody else first.`, {
    input: 'id',
  })
}

/** The token's own `role` is the first that still holds, so that who has none cannot sign in; every cache forgets the token. */
async function nameFirstRole(tx: Transaction, tokenNo: number, at: Milliseconds): Promise<void> {
  const [first] = await livingGrants(tx, at)
    .where('role_grant.token_no', '=', tokenNo)
    .orderBy('role_grant.granted_at')
    .orderBy('role_grant.id')
    .limit(1)
    .execute()
  for (;;) {
    const token: TokenRecord = await readToken(tx, tokenNo)
    const next = await updateUnchanged(tx, token, { role: first?.role ?? null })
    if (next) return changed(tx, next)
  }
}
