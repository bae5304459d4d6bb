import { type Role, ROLES } from '../records/records.ts'
import { type Action, type Reach, reachOf, type Row, TABLE } from './table.ts'

/** What a route names: an action of the table. */
export type Permission = Action

/** The table as it was for who asks only whether: every action with the roles that have it in some way. */
export const PERMISSIONS: Readonly<Record<Permission, { readonly roles: readonly Role[]; readonly what: string }>> =
  Object.fromEntries(
    actions().map((action) => [
      action,
      { roles: ROLES.filter((role) => reachOf(role, action) !== undefined), what: TABLE[action].what },
    ]),
  ) as never

/** Actions that ask for the second factor again. */
export const FRESH_PERMISSIONS: ReadonlySet<Permission> = new Set(actions().filter((action) => (TABLE[action] as Row).fresh))

/** How far a role reaches; while separation of duties is waived an admin has every row. */
export function reachOfRole(role: Role, action: Permission, waived: boolean): Reach | undefined {
  return waived && role === 'admin' ? 'yes' : reachOf(role, action)
}

/** Does the table grant this to the role, in whatever reach? */
export function isGranted(role: Role, permission: Permission, waived = false): boolean {
  return reachOfRole(role, permission, waived) !== undefined
}

/** Every permission of a role, for the dashboard to know what to show. */
export function permissionsOf(role: Role, waived = false): readonly Permission[] {
  return actions().filter((action) => isGranted(role, action, waived))
}

function actions(): Permission[] {
  return Object.keys(TABLE) as Permission[]
}
