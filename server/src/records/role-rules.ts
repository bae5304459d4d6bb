import type { Role } from './records.ts'

/** Roles that one person may not have together. */
export const CONFLICTS = [
  ['admin', 'auditor'],
  ['admin', 'privacy_officer'],
  ['log_custodian', 'privacy_officer'],
  ['log_custodian', 'auditor'],
] as const satisfies readonly (readonly [Role, Role])[]

/** Roles that are granted by two people, whose holders prove a second factor. */
export const HEAVY_ROLES: ReadonlySet<Role> = new Set<Role>(['admin', 'auditor', 'privacy_officer', 'log_custodian'])

/** Roles of which each tenant that has one keeps one. */
export const LASTING_ROLES: ReadonlySet<Role> = new Set<Role>(['admin', 'privacy_officer'])

/** The pairs that these roles of one person make. */
export function conflictsAmong(roles: ReadonlySet<Role>): readonly (readonly [Role, Role])[] {
  return CONFLICTS.filter(([one, other]) => roles.has(one) && roles.has(other))
}
