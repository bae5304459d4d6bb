import { type Role, ROLES } from '../records/records.ts'

/**
 * Who may do what: the one table. A route names its permission; what is not granted here is denied. Services have one
 * purpose each. The reader of figures alone (`viewer`) sees no rows: no single token, no single event, no owner.
 */
export const PERMISSIONS = {
  'figures:read': { roles: ['admin', 'analyst', 'viewer', 'auditor'], what: 'metrics, series and counting questions' },
  'rows:read': { roles: ['admin', 'analyst', 'auditor'], what: 'single events, tokens and networks, pseudonymous' },
  'reasons:read': { roles: ['admin', 'analyst', 'auditor'], what: 'the exact reason of a validation, not only its class' },
  'tokens:read': { roles: ['admin', 'analyst', 'auditor'], what: 'the inventory of tokens' },
  'tokens:write': { roles: ['admin'], what: 'issue, import, change, rotate, revoke, suspend and resume tokens' },
  'tokens:deny': { roles: ['admin'], what: 'refuse a token at this node in an emergency, also while records are down' },
  'tokens:validate': { roles: ['admin', 'validate'], what: 'validate tokens of the tenant' },
  'tokens:introspect': { roles: ['admin', 'introspect'], what: 'introspect tokens of the tenant (RFC 7662)' },
  'tokens:surrender': { roles: ['admin', 'validate', 'introspect'], what: 'end a token by presenting its text (RFC 7009)' },
  'findings:read': { roles: ['admin', 'analyst', 'auditor'], what: 'findings, incidents, marks and suppressions' },
  'findings:write': { roles: ['admin', 'analyst'], what: 'judge findings, suppress them, and set marks' },
  'responses:read': { roles: ['admin', 'analyst', 'auditor'], what: 'what was done about findings, and the playbook' },
  'responses:write': { roles: ['admin', 'analyst'], what: 'propose what to do about a finding' },
  'responses:approve': { roles: ['admin'], what: 'agree to a response, decline it, undo it' },
  'playbook:write': { roles: ['admin'], what: 'say what may happen by itself, and who is told' },
  'leaks:read': { roles: ['admin', 'analyst', 'auditor'], what: 'leaks and the uses since' },
  'leaks:write': { roles: ['admin', 'analyst'], what: 'report leaks and judge them' },
  'canaries:read': { roles: ['admin', 'analyst'], what: 'which tokens are canaries: to others they do not exist' },
  'partners:write': { roles: ['admin'], what: 'whose leak reports are believed; tenant `default` only' },
  'events:write': { roles: ['admin', 'ingest'], what: 'hand in events' },
  'imports:read': { roles: ['admin', 'auditor', 'ingest'], what: 'how far imports are' },
  'imports:write': { roles: ['admin', 'ingest'], what: 'note how far an import is' },
  'rules:read': { roles: ['admin', 'analyst', 'auditor'], what: 'detection rules, their tests and back-tests' },
  'rules:write': { roles: ['admin'], what: 'save detection rules and change their states' },
  'live:read': { roles: ['admin', 'analyst', 'viewer', 'auditor'], what: 'the live stream' },
  'log:read': { roles: ['admin', 'auditor'], what: "the state of the audit log, and the tenant's own entries" },
  'log:install': { roles: ['admin', 'auditor'], what: 'every entry and file of the audit log; tenant `default` only' },
  'log:operate': { roles: ['admin'], what: 'close the audit log, recover it after a restore; tenant `default` only' },
  'status:read': { roles: ['admin', 'analyst', 'viewer', 'auditor'], what: 'versions, completeness and health of the tenant' },
  'install:read': {
    roles: ['admin', 'analyst', 'viewer', 'auditor'],
    what: 'figures of the whole installation; tenant `default` only',
  },
  'session:own': { roles: ['admin', 'analyst', 'viewer', 'auditor'], what: 'a session of the dashboard, and its end' },
  'sign-in-links:write': { roles: ['admin'], what: 'one-time links that sign somebody in' },
} as const satisfies Record<string, { readonly roles: readonly Role[]; readonly what: string }>
export type Permission = keyof typeof PERMISSIONS

/** Permissions about the installation: only principals of the tenant `default` have them. */
export const INSTALL_PERMISSIONS: ReadonlySet<Permission> = new Set<Permission>([
  'install:read',
  'partners:write',
  'log:install',
  'log:operate',
])

const GRANTED: ReadonlyMap<Role, ReadonlySet<Permission>> = new Map(
  ROLES.map((role) => [
    role,
    new Set(permissionNames().filter((name) => (PERMISSIONS[name].roles as readonly Role[]).includes(role))),
  ]),
)

/** Does the table grant this? */
export function isGranted(role: Role, permission: Permission): boolean {
  return GRANTED.get(role)?.has(permission) ?? false
}

/** Every permission of a role, for the dashboard to know what to show. */
export function permissionsOf(role: Role): readonly Permission[] {
  return [...(GRANTED.get(role) ?? [])]
}

function permissionNames(): Permission[] {
  return Object.keys(PERMISSIONS) as Permission[]
}
