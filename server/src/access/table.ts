import { HUMAN_ROLES, type Role } from '../records/records.ts'

/** What an action reaches, by how near to a person it is. */
export const DATA_CLASSES = ['none', 'aggregate', 'pseudonymous', 'identified', 'secret'] as const
export type DataClass = (typeof DATA_CLASSES)[number]

/**
 * How far a role reaches. `yes`: all of the tenant; `second`: only together with a second person; `suppressed`: figures without small
 * groups; `own`: what belongs to the principal's own owner.
 */
export const REACHES = ['yes', 'second', 'suppressed', 'own'] as const
export type Reach = (typeof REACHES)[number]

/** One row: what it permits, on which class of data, and to whom. */
export interface Row extends Partial<Record<Reach, readonly Role[]>> {
  readonly class: DataClass
  readonly what: string
  /** Belongs to the installation: only principals of the tenant `default`. */
  readonly install?: true
  /** Asks for the second factor again when the last proof is older than five minutes. */
  readonly fresh?: true
}

/** Who see rows, pseudonymous. An admin does not. */
const ROWS: { readonly yes: readonly Role[]; readonly own: readonly Role[] } = {
  yes: ['analyst', 'responder', 'token_admin', 'auditor', 'privacy_officer'],
  own: ['owner'],
}
/** Who see what was detected, without being able to change it. */
const FOUND: readonly Role[] = ['analyst', 'responder', 'auditor', 'privacy_officer']
const PEOPLE: readonly Role[] = HUMAN_ROLES
const BUT_VIEWERS: readonly Role[] = PEOPLE.filter((role) => role !== 'viewer' && role !== 'owner')

/**
 * Who may do what: the one source. A route names an action, and with it its class; what stands nowhere here is denied. Docs, pages
 * and tests are made from it. While separation of duties is waived, an admin has every row.
 */
export const TABLE = {
  'figures:read': {
    class: 'aggregate',
    yes: BUT_VIEWERS,
    suppressed: ['viewer'],
    own: ['owner'],
    what: 'metrics, series and counting questions',
  },
  'rows:read': { class: 'pseudonymous', ...ROWS, what: 'single events, tokens and networks, pseudonymous' },
  'reasons:read': { class: 'pseudonymous', ...ROWS, what: 'the exact reason of a validation, not only its class' },
  'tokens:read': { class: 'pseudonymous', ...ROWS, what: 'the inventory of tokens' },
  'identities:read': {
    class: 'identified',
    yes: ['token_admin', 'privacy_officer'],
    second: ['auditor'],
    own: ['owner'],
    what: 'who an owner is: to others owners are numbers',
  },
  'tokens:write': {
    class: 'identified',
    yes: ['token_admin'],
    own: ['owner'],
    what: 'issue, import, change, rotate and resume tokens',
  },
  'tokens:end': { class: 'pseudonymous', yes: ['responder', 'token_admin'], own: ['owner'], what: 'suspend and revoke tokens' },
  'tokens:deny': {
    class: 'pseudonymous',
    yes: ['responder', 'token_admin', 'admin'],
    what: 'refuse a token at this node in an emergency, also while records are down',
  },
  'tokens:validate': { class: 'secret', yes: ['validate'], what: 'validate tokens of the tenant' },
  'tokens:introspect': { class: 'secret', yes: ['introspect'], what: 'introspect tokens of the tenant (RFC 7662)' },
  'tokens:surrender': { class: 'secret', yes: ['validate', 'introspect'], what: 'end a token by presenting its text (RFC 7009)' },
  'findings:read': { class: 'pseudonymous', yes: FOUND, what: 'findings, incidents, marks and suppressions' },
  'findings:write': {
    class: 'pseudonymous',
    yes: ['analyst', 'responder'],
    what: 'judge findings, suppress them, and set marks',
  },
  'responses:read': { class: 'pseudonymous', yes: FOUND, what: 'what was done about findings' },
  'responses:write': { class: 'pseudonymous', yes: ['analyst', 'responder'], what: 'propose what to do about a finding' },
  'responses:approve': { class: 'pseudonymous', yes: ['responder'], what: 'agree to a response, decline it, undo it' },
  'playbook:read': { class: 'none', yes: ['admin', ...FOUND], what: 'what may happen by itself, and who is told' },
  'playbook:write': { class: 'none', yes: ['admin'], what: 'say what may happen by itself, and who is told' },
  'leaks:read': { class: 'pseudonymous', yes: FOUND, what: 'leaks and the uses since' },
  'leaks:write': { class: 'pseudonymous', yes: ['analyst', 'responder'], what: 'report leaks and judge them' },
  'canaries:read': {
    class: 'pseudonymous',
    yes: ['analyst', 'responder'],
    what: 'which tokens are canaries: to others they do not exist',
  },
  'partners:write': { class: 'none', yes: ['admin'], install: true, what: 'whose leak reports are believed' },
  'events:write': { class: 'pseudonymous', yes: ['ingest'], what: 'hand in events' },
  'imports:read': { class: 'none', yes: ['admin', 'token_admin', 'auditor', 'ingest'], what: 'how far imports are' },
  'imports:write': { class: 'none', yes: ['ingest'], what: 'note how far an import is' },
  'rules:read': { class: 'none', yes: ['admin', ...FOUND], what: 'detection rules, their tests and back-tests' },
  'rules:write': {
    class: 'none',
    yes: ['analyst', 'responder', 'admin'],
    what: 'save detection rules and change their states',
  },
  'live:read': { class: 'aggregate', yes: BUT_VIEWERS, what: 'the live stream: counts by the second are of few owners' },
  'status:read': {
    class: 'none',
    yes: BUT_VIEWERS,
    suppressed: ['viewer'],
    own: ['owner'],
    what: 'versions, completeness and health of the tenant',
  },
  'install:read': {
    class: 'none',
    yes: BUT_VIEWERS,
    install: true,
    what: 'figures of the whole installation',
  },
  'log:read': {
    class: 'pseudonymous',
    yes: ['auditor', 'privacy_officer', 'log_custodian'],
    what: "the state of the audit log, and the tenant's own entries",
  },
  'log:install': {
    class: 'pseudonymous',
    yes: ['auditor', 'log_custodian'],
    install: true,
    what: 'every entry and file of the audit log',
  },
  'log:operate': {
    class: 'none',
    yes: ['log_custodian'],
    install: true,
    fresh: true,
    what: 'close the audit log, recover it after a restore; a second person agrees',
  },
  'evidence:read': {
    class: 'pseudonymous',
    yes: [...ROWS.yes, 'log_custodian'],
    what: 'evidence questions, and what is said of each control',
  },
  'packs:create': {
    class: 'pseudonymous',
    yes: ['auditor', 'privacy_officer', 'log_custodian'],
    what: 'make evidence packs; with names of people only together with a second person',
  },
  'packs:read': {
    class: 'aggregate',
    yes: ['token_admin', 'admin', 'auditor', 'privacy_officer', 'log_custodian'],
    what: 'evidence packs and reviews; packs with rows only where rows may be read',
  },
  'reviews:sign': {
    class: 'none',
    yes: ['token_admin', 'admin', 'privacy_officer'],
    what: 'sign that a pack was read, by somebody who did not make it',
  },
  'readings:read': {
    class: 'pseudonymous',
    yes: ['auditor', 'privacy_officer', 'log_custodian'],
    what: 'who looked at what',
  },
  'people:read': {
    class: 'identified',
    yes: ['admin', 'auditor', 'privacy_officer'],
    what: 'people, their roles and sessions',
  },
  'people:write': {
    class: 'identified',
    yes: ['admin'],
    fresh: true,
    what: "add people, end others' sessions, remove a lost second factor",
  },
  'roles:grant': { class: 'identified', yes: ['admin'], fresh: true, what: 'grant and remove roles' },
  'separation:write': {
    class: 'none',
    yes: ['admin'],
    install: true,
    fresh: true,
    what: 'enforce or waive the separation of duties',
  },
  'approvals:read': {
    class: 'identified',
    yes: ['responder', 'admin', 'auditor', 'privacy_officer', 'log_custodian'],
    what: 'what waits for a second person, and what was decided',
  },
  'approvals:write': {
    class: 'pseudonymous',
    yes: ['admin', 'privacy_officer', 'log_custodian'],
    fresh: true,
    what: 'agree to what somebody else asked for, or refuse it; for each action its own deciders',
  },
  'subjects:read': {
    class: 'pseudonymous',
    yes: ['auditor', 'privacy_officer'],
    what: 'erasures and the policy of erasure, without identity',
  },
  'subjects:access': {
    class: 'identified',
    yes: ['privacy_officer'],
    what: 'everything held about a person, for an access request',
  },
  'subjects:erase': { class: 'identified', second: ['privacy_officer'], fresh: true, what: 'erase a person' },
  'subjects:restrict': {
    class: 'identified',
    yes: ['privacy_officer'],
    what: 'hide a person from everybody else, see who is hidden, set the policy of erasure',
  },
  'retention:read': {
    class: 'none',
    yes: ['admin', 'auditor', 'privacy_officer'],
    what: 'how long what is kept, what goes next, and what went',
  },
  'retention:write': {
    class: 'none',
    second: ['privacy_officer'],
    fresh: true,
    what: 'keep longer, or shorter with a second person',
  },
  'retention:run': { class: 'none', yes: ['privacy_officer'], install: true, what: 'take what is over its time now' },
  'holds:read': { class: 'pseudonymous', yes: ['auditor', 'privacy_officer'], what: 'what must not go, and why' },
  'holds:write': { class: 'identified', second: ['privacy_officer'], fresh: true, what: 'set and release holds' },
  'pseudonyms:reveal': {
    class: 'identified',
    yes: ['privacy_officer'],
    what: 'pseudonyms of an address that is known already; 20 a day, then with a second person',
  },
  'values:reveal': {
    class: 'identified',
    second: ['responder', 'auditor', 'privacy_officer'],
    what: 'sealed values of the audit log',
  },
  'keys:write': { class: 'secret', yes: ['admin'], install: true, fresh: true, what: 'change the key-encryption key' },
  'session:own': { class: 'none', yes: PEOPLE, what: 'own sessions, own second factor, and their end' },
  'sign-in-links:write': { class: 'secret', yes: ['admin'], fresh: true, what: 'one-time links that sign somebody in' },
} as const satisfies Record<string, Row>

/** An action: what a route names. */
export type Action = keyof typeof TABLE

/** Roles of people; those of services sign in to no dashboard. */
export const HUMAN: ReadonlySet<Role> = new Set<Role>(HUMAN_ROLES)

/** How far a role reaches by one row; `undefined` = not at all. */
export function reachOf(role: Role, action: Action): Reach | undefined {
  return REACHES_BY_ROLE.get(role)?.get(action)
}

const REACHES_BY_ROLE: ReadonlyMap<Role, ReadonlyMap<Action, Reach>> = collect()

function collect(): Map<Role, Map<Action, Reach>> {
  const byRole = new Map<Role, Map<Action, Reach>>()
  for (const [action, row] of Object.entries(TABLE) as [Action, Row][]) {
    for (const reach of REACHES) {
      for (const role of row[reach] ?? []) {
        const known = byRole.get(role) ?? new Map<Action, Reach>()
        byRole.set(role, known.set(action, reach))
      }
    }
  }
  return byRole
}
