import type { TypeName } from 'tokentrail'
import type { RecordActions, TokenRecord } from '../records.ts'
import type { TokenValues } from './token-change.ts'

type Change = Parameters<RecordActions['changeToken']>[0]['change']

/** What the event of a change says of a field before and after: free text and addresses stay out, their number does not. */
const SHOWN: readonly { field: keyof Change & keyof TokenRecord; show: (token: TokenRecord) => unknown }[] = [
  { field: 'name', show: () => undefined },
  { field: 'metadata', show: () => undefined },
  { field: 'cidrs', show: ({ cidrs }) => cidrs.length },
  { field: 'origins', show: ({ origins }) => origins.length },
  { field: 'methods', show: ({ methods }) => methods },
  { field: 'expiresAt', show: ({ expiresAt }) => expiresAt },
  { field: 'rateLimit', show: ({ rateLimit }) => rateLimit },
  { field: 'canary', show: ({ canary }) => canary },
]

/** The columns that a change sets. */
export function valuesOf(change: Change): TokenValues {
  const { name, expiresAt, rateLimit, canary } = change
  const lists = ['metadata', 'scopes', 'cidrs', 'origins', 'methods'] as const
  return {
    ...(name !== undefined && { name }),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    ...(rateLimit !== undefined && { rate_limit: rateLimit && JSON.stringify(rateLimit) }),
    ...(canary !== undefined && { canary: canary ? 1 : 0 }),
    ...Object.fromEntries(
      lists.flatMap((field) => (change[field] === undefined ? [] : [[field, JSON.stringify(change[field])]])),
    ),
  }
}

/** The events that a change makes: 103 for what a token is, 104 for what it may do; none where nothing differs. */
export function describeChange(
  before: TokenRecord,
  after: TokenRecord,
): readonly { type: TypeName; detail: Record<string, unknown> }[] {
  const fields = SHOWN.filter(({ field }) => JSON.stringify(before[field]) !== JSON.stringify(after[field])).map(
    ({ field, show }) => [field, { before: show(before), after: show(after) }] as const,
  )
  const added = after.scopes.filter((scope) => !before.scopes.includes(scope))
  const removed = before.scopes.filter((scope) => !after.scopes.includes(scope))
  return [
    ...(fields.length > 0 ? [{ type: 'token.changed', detail: { fields: Object.fromEntries(fields) } } as const] : []),
    ...(added.length + removed.length > 0 ? [{ type: 'token.scopes_changed', detail: { added, removed } } as const] : []),
  ]
}
