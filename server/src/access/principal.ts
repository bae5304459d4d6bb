import type { Actor, Role, TokenRecord } from '../records/records.ts'
import type { Permission } from './permissions.ts'
import { INSTALL_PERMISSIONS, isGranted } from './permissions.ts'

/** Who calls. The tenant comes from here and from nowhere else: no body, path or query names one. */
export interface Principal {
  readonly tenantNo: number
  readonly role: Role
  readonly tokenNo: number
  /** Public id of the token that signs in. */
  readonly tokenId: string
  readonly ownerNo: number
  readonly ownerId: string
  readonly actor: Actor
  readonly via: 'bearer' | 'session'
}

/** The principal behind a token with a role; a person when it came by the dashboard's session. */
export function principalOf(record: TokenRecord & { readonly role: Role }, via: Principal['via']): Principal {
  return {
    tenantNo: record.tenantNo,
    role: record.role,
    tokenNo: record.no,
    tokenId: record.id,
    ownerNo: record.ownerNo,
    ownerId: record.ownerId,
    actor: { no: record.ownerNo, kind: via === 'session' ? 'person' : 'service' },
    via,
  }
}

/** May this token sign in to Tokentrail at all? */
export function hasRole(record: TokenRecord): record is TokenRecord & { readonly role: Role } {
  return record.role !== null
}

/** Does the principal have the permission? Those of the installation belong to its first tenant only. */
export function isPermitted(principal: Principal, permission: Permission, installTenantNo: number): boolean {
  return isGranted(principal.role, permission) && (!INSTALL_PERMISSIONS.has(permission) || principal.tenantNo === installTenantNo)
}
