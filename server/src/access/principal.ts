import type { Milliseconds } from 'tokentrail'
import type { Grant } from '../records/grants.ts'
import type { Actor, Role, TokenRecord } from '../records/records.ts'
import { authorize } from './authorize.ts'
import type { Permission } from './permissions.ts'

/** Who calls. The tenant comes from here and from nowhere else: no body, path or query names one. */
export interface Principal {
  readonly tenantNo: number
  /** The first of its roles. */
  readonly role: Role
  /** What it was granted and holds now. */
  readonly grants: readonly HeldGrant[]
  /** Separation of duties is waived: an admin has every row of the table. */
  readonly waived: boolean
  readonly tokenNo: number
  /** Public id of the token that signs in. */
  readonly tokenId: string
  readonly ownerNo: number
  readonly ownerId: string
  readonly actor: Actor
  readonly via: 'bearer' | 'session'
}

/** What a decision needs of a grant. */
export type HeldGrant = Pick<Grant, 'role' | 'scope' | 'scopeOwnerNo' | 'until' | 'period'>

/** What a token may do at this moment. */
export interface Standing {
  readonly grants: readonly Grant[]
  readonly waived: boolean
}

/** A token that signs in to Tokentrail itself. */
export type TokenOfRole = TokenRecord & { readonly role: Role }

/** The principal behind a token with a role; a person when it came by the dashboard's session. */
export function principalOf(record: TokenOfRole, via: Principal['via'], standing: Standing, at: Milliseconds): Principal {
  const held = standing.grants.filter(({ from, until }) => from <= at && (until === null || at < until))
  return {
    tenantNo: record.tenantNo,
    role: held[0]?.role ?? record.role,
    grants: held,
    waived: standing.waived,
    tokenNo: record.no,
    tokenId: record.id,
    ownerNo: record.ownerNo,
    ownerId: record.ownerId,
    actor: { no: record.ownerNo, kind: via === 'session' ? 'person' : 'service' },
    via,
  }
}

/** May this token sign in to Tokentrail at all? */
export function hasRole(record: TokenRecord): record is TokenOfRole {
  return record.role !== null
}

/** Does the principal have the permission, in whatever reach? Those of the installation belong to its first tenant only. */
export function isPermitted(principal: Principal, permission: Permission, installTenantNo: number): boolean {
  return authorize(principal, permission, {}, { installTenantNo }).allowed
}
