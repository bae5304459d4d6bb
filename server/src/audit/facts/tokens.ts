import type { TokenInForce } from '../../records/fact-reads.ts'
import type { Logged } from './reader.ts'

/** Types whose entries say what a token may do, and the hidden fields that say it. */
export const TOKEN_TYPES = {
  'token.issued': ['token', 'owner', 'detail'],
  'token.imported': ['token', 'owner', 'detail'],
  'token.changed': ['token', 'detail'],
  'token.scopes_changed': ['token', 'detail'],
  'token.rotated': ['token'],
  'token.suspended': ['token'],
  'token.resumed': ['token'],
  'token.revoked': ['token'],
  'token.consumed': ['token'],
  'token.exhausted': ['token'],
  'token.locked': ['token'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** What the log proves of a token; `undefined` is what nobody can open any more. */
export interface TokenFacts {
  readonly owner?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly expiresAt?: number | null | undefined
  readonly graceUntil?: number | null | undefined
  readonly suspended?: { readonly until: number | null | undefined; readonly event: string } | undefined
  readonly ended?: { readonly type: string; readonly event: string } | undefined
}

type Detail = Readonly<Record<string, unknown>>

/** What an entry changes in what is known of its token. */
export function factsAfter(before: TokenFacts | undefined, { type, event, shown, opened }: Logged): TokenFacts {
  const detail = detailOf(opened['detail'])
  if (type === 'token.issued' || type === 'token.imported') return granted(opened['owner'], detail)
  if (type === 'token.changed') return { ...before, ...changed(detail) }
  if (type === 'token.scopes_changed') return { ...before, scopes: rescoped(before?.scopes, detail) }
  if (type === 'token.rotated') return { ...before, graceUntil: timeOf(shown['graceUntil']) }
  if (type === 'token.suspended') return { ...before, suspended: { until: timeOf(shown['until']), event } }
  if (type === 'token.resumed') return { ...before, suspended: undefined }
  return { ...before, ended: { type, event } }
}

function granted(owner: string | undefined, detail: Detail | undefined): TokenFacts {
  return { owner, scopes: textsOf(detail?.['scopes']), expiresAt: timeOf(detail?.['expiresAt']), graceUntil: null }
}

function changed(detail: Detail | undefined): TokenFacts {
  if (!detail) return { expiresAt: undefined }
  const { expiresAt } = (detail['fields'] ?? {}) as { readonly expiresAt?: { readonly after?: unknown } }
  return expiresAt ? { expiresAt: timeOf(expiresAt.after) } : {}
}

function rescoped(before: readonly string[] | undefined, detail: Detail | undefined): readonly string[] | undefined {
  const [added, removed] = [textsOf(detail?.['added']), textsOf(detail?.['removed'])]
  return before && added && removed ? [...before.filter((scope) => !removed.includes(scope)), ...added] : undefined
}

/** Where a token in force is not what the log proves, and what to do. */
export function tokenDeviations(token: TokenInForce, facts: TokenFacts): readonly string[] {
  const { suspended, ended } = facts
  if (ended) return [deviation(token, `works in the records, and the log ended it with ${ended.type} (${ended.event})`, END)]
  const differences = [
    differs('scopes', sorted(token.scopes), facts.scopes && sorted(facts.scopes)),
    differs('expiresAt', token.expiresAt, facts.expiresAt),
    differs('owner', token.ownerId, facts.owner),
    differs('graceUntil', token.graceUntil, facts.graceUntil),
    ...(suspended ? suspension(token, suspended) : []),
  ]
  return differences.flatMap((said) => (said === null ? [] : [deviation(token, said, AGAIN)]))
}

const END = 'revoke it again and look who used it since'
const AGAIN = 'suspend it, find who changed the database, and set it again through the server'

function suspension(token: TokenInForce, { until, event }: NonNullable<TokenFacts['suspended']>): readonly (string | null)[] {
  if (token.suspendedAt === null) return [`is not suspended in the records, and the log suspended it (${event})`]
  return [differs('suspendedUntil', token.suspendedUntil, until)]
}

function differs(what: string, recorded: string | number | null, logged: string | number | null | undefined): string | null {
  if (logged === undefined || recorded === logged) return null
  return `has ${what} ${short(recorded)} in the records, and ${short(logged)} in the log`
}

function deviation({ tenantNo, id }: TokenInForce, said: string, todo: string): string {
  return `token ${id} of tenant ${tenantNo} ${said}: ${todo}`
}

const SHOWN_MAX = 80

function short(value: string | number | null): string {
  return value === null || value === '' ? 'none' : String(value).slice(0, SHOWN_MAX)
}

function sorted(scopes: readonly string[]): string {
  return [...scopes].sort().join(' ')
}

function timeOf(value: unknown): number | null | undefined {
  return typeof value === 'number' || value === null ? value : undefined
}

function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? (value as readonly string[]) : undefined
}

/** What an entry hides as JSON; nothing where it cannot be opened. */
export function detailOf(text: string | undefined): Detail | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return JSON.parse(text) as Detail
  } catch {
    return undefined
  }
}
