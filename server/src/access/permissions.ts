import { HUMAN_ROLES, type Role, ROLES } from '../records/records.ts'
import { type Action, REACHES, type Reach, reachOf, type Row, TABLE } from './table.ts'

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

/** Actions about the installation: only principals of the tenant `default` have them. */
export const INSTALL_PERMISSIONS: ReadonlySet<Permission> = new Set(actions().filter((action) => (TABLE[action] as Row).install))

/** Actions that ask for the second factor again. */
export const FRESH_PERMISSIONS: ReadonlySet<Permission> = new Set(actions().filter((action) => (TABLE[action] as Row).fresh))

/** How far a role reaches; while separation of duties is waived an admin has every row. */
export function reachOfRole(role: Role, action: Permission, waived: boolean): Reach | undefined {
  return waived && role === 'admin' ? 'yes' : reachOf(role, action)
}

/** The widest of several reaches. */
export function widest(reaches: readonly (Reach | undefined)[]): Reach | undefined {
  return REACHES.find((reach) => reaches.includes(reach))
}

/** Does the table grant this to the role, in whatever reach? */
export function isGranted(role: Role, permission: Permission, waived = false): boolean {
  return reachOfRole(role, permission, waived) !== undefined
}

/** Every permission of a role, for the dashboard to know what to show. */
export function permissionsOf(role: Role, waived = false): readonly Permission[] {
  return actions().filter((action) => isGranted(role, action, waived))
}

/** Is this a role of people? Others have one purpose and open no dashboard. */
export function isHuman(role: Role): boolean {
  return (HUMAN_ROLES as readonly Role[]).includes(role)
}

function actions(): Permission[] {
  return Object.keys(TABLE) as Permission[]
}
