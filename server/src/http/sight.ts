import type { Access } from '../access/access.ts'
import type { Permission } from '../access/permissions.ts'
import type { Principal } from '../access/principal.ts'
import type { Sight } from '../query/scope.ts'

/** What a principal may see by a permission, for the compiler of questions. */
export function sightOf(access: Pick<Access, 'decide' | 'permits'>, principal: Principal, permission: Permission): Sight {
  const { period, ownerNo } = access.decide(principal, permission)
  return { period, ownerNo, reasons: access.permits(principal, 'reasons:read') }
}
