import { randomBytes } from 'node:crypto'
import type { Insertable } from 'kysely'
import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import { toGrant } from '../access-row.ts'
import type { RoleGrantTable } from '../access-tables.ts'
import type { Grant, GrantScope } from '../grants.ts'
import type { Actor, Role, TokenRecord } from '../records.ts'
import { conflictsAmong } from '../role-rules.ts'
import type { Transaction } from '../transaction.ts'
import { isSeparationWaived } from './separation.ts'
import { noteToken } from './token-change.ts'

/** What every grant says. */
export interface NewGrant {
  readonly token: TokenRecord
  readonly role: Role
  readonly scope: GrantScope
  readonly ground: string
  readonly at: Milliseconds
  readonly actor: Actor
  readonly waived: boolean
}

export async function insertGrant(
  tx: Transaction,
  { token, role, scope, ground, at, actor, waived }: NewGrant,
  more: Partial<Insertable<RoleGrantTable>> = {},
): Promise<Grant> {
  const row = await tx.db
    .insertInto('role_grant')
    .values({
      id: `grt_${randomBytes(12).toString('hex')}`,
      tenant_no: token.tenantNo,
      token_no: token.no,
      owner_no: token.ownerNo,
      role,
      scope,
      from_at: at,
      ground,
      waived: waived ? 1 : 0,
      break_glass: 0,
      granter_no: actor.no,
      granted_at: at,
      ...more,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toGrant(row)
}

/** Where one person would have roles that conflict: refused, or, while separation is waived, true: it is written down. */
export async function refuseConflict(tx: Transaction, ownerNo: number, role: Role, at: Milliseconds): Promise<boolean> {
  const roles = await rolesOfOwner(tx, ownerNo, at)
  const [conflict] = conflictsAmong(new Set([...roles, role])).filter((pair) => pair.includes(role))
  if (!conflict) return false
  if (await isSeparationWaived(tx)) return true
  throw new TrailError('role_conflict', `One person may not be both ${conflict.join(' and ')}. Give the role to somebody else.`, {
    input: 'role',
  })
}

/** Every role that a person has by any token. */
export async function rolesOfOwner(tx: Transaction, ownerNo: number, at: Milliseconds): Promise<ReadonlySet<Role>> {
  const rows = await livingGrants(tx, at).where('role_grant.owner_no', '=', ownerNo).execute()
  return new Set(rows.map(({ role }) => role as Role))
}

/** Grants that hold, of tokens that still work. */
export function livingGrants(tx: Transaction, at: Milliseconds) {
  return tx.db
    .selectFrom('role_grant')
    .innerJoin('token', 'token.no', 'role_grant.token_no')
    .selectAll('role_grant')
    .where('role_grant.removed_at', 'is', null)
    .where((row) => row.or([row('role_grant.until_at', 'is', null), row('role_grant.until_at', '>', at)]))
    .where('token.ended_at', 'is', null)
    .where((row) => row.or([row('token.expires_at', 'is', null), row('token.expires_at', '>', at)]))
    .where((row) => row.or([row('token.grace_until', 'is', null), row('token.grace_until', '>', at)]))
}

/** 507 or 508. */
export async function noteGrant(
  tx: Transaction,
  type: 'role.granted' | 'role.removed',
  token: TokenRecord,
  grant: Grant,
  { at, actor, ground = grant.ground }: { readonly at: Milliseconds; readonly actor: Actor; readonly ground?: string },
): Promise<void> {
  const { id, role, scope, until, period, approval, waived, breakGlass, reviewBy } = grant
  const detail = {
    role,
    grant: id,
    scope,
    until,
    ground,
    ...(period && { period }),
    ...(approval === null ? {} : { approval }),
    ...(waived && { waived }),
    ...(breakGlass && { breakGlass, reviewBy }),
  }
  await noteToken(tx, token, { type, at, actor, detail })
}
