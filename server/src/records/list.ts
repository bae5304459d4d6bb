import type { Milliseconds } from 'tokentrail'
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely'
import type { TokenFilter, TokenRecord, TokenState } from './records.ts'
import type { Database, Schema } from './schema.ts'
import { selectTokens, toToken } from './token-row.ts'

type Columns = ExpressionBuilder<Schema, 'token' | 'owner'>
type Condition = Expression<SqlBool>

/** A page of a tenant's tokens, newest first, by keyset. */
export async function listTokens(
  db: Database,
  filter: TokenFilter,
  page: { before?: number; limit: number },
  at: Milliseconds,
): Promise<readonly TokenRecord[]> {
  const rows = await selectTokens(db)
    .where('token.tenant_no', '=', filter.tenantNo)
    .where((columns) => columns.and(conditions(columns, filter, page.before, at)))
    .orderBy('token.no', 'desc')
    .limit(page.limit)
    .execute()
  return rows.map(toToken)
}

function conditions(columns: Columns, filter: TokenFilter, before: number | undefined, at: Milliseconds): Condition[] {
  return [
    ...(before === undefined ? [] : [columns('token.no', '<', before)]),
    ...(filter.kind === undefined ? [] : [columns('token.kind', '=', filter.kind)]),
    ...(filter.ownerId === undefined ? [] : [columns('owner.id', '=', filter.ownerId)]),
    ...(filter.simulated === undefined ? [] : [columns('token.simulated', '=', filter.simulated ? 1 : 0)]),
    ...(filter.canary === undefined ? [] : [columns('token.canary', '=', filter.canary ? 1 : 0)]),
    ...(filter.search === undefined ? [] : [matches(columns, filter.search, filter.searchOwners ?? true)]),
    ...(filter.state === undefined ? [] : [isIn(columns, filter.state, at)]),
  ]
}

/** Part of the name or the owner, or the beginning of the id; letter case does not matter. */
function matches(columns: Columns, search: string, owners: boolean): Condition {
  const text = search.toLowerCase().replace(/[\\%_]/g, String.raw`\$&`)
  const like = (column: 'token.name' | 'token.id' | 'owner.id', pattern: string) =>
    sql<SqlBool>`lower(${columns.ref(column)}) LIKE ${pattern} ESCAPE '\\'`
  const own = owners ? [like('owner.id', `%${text}%`)] : []
  return columns.or([like('token.name', `%${text}%`), like('token.id', `${text}%`), ...own])
}

/** The same decision as `stateOf`, for the database. */
function isIn(columns: Columns, state: TokenState, at: Milliseconds): Condition {
  const living = columns('token.ending', 'is', null)
  const index = LIVING.findIndex((one) => one.state === state)
  const found = LIVING[index]
  const earlier = LIVING.slice(0, index < 0 ? undefined : index).map(({ holds }) => columns.not(holds(columns, at)))
  if (state === 'active') return columns.and([living, ...earlier])
  const ended = columns('token.ending', '=', state)
  if (!found) return ended
  return columns.or([ended, columns.and([living, ...earlier, found.holds(columns, at)])])
}

const LIVING: readonly { state: TokenState; holds: (columns: Columns, at: Milliseconds) => Condition }[] = [
  { state: 'superseded', holds: (columns, at) => isOver(columns, 'token.grace_until', at) },
  {
    state: 'suspended',
    holds: (columns, at) =>
      columns.and([columns('token.suspended_at', 'is not', null), columns.not(isOver(columns, 'token.suspended_until', at))]),
  },
  { state: 'expired', holds: (columns, at) => isOver(columns, 'token.expires_at', at) },
  {
    state: 'not_yet_valid',
    holds: (columns, at) => columns.and([columns('token.not_before', 'is not', null), columns('token.not_before', '>', at)]),
  },
  { state: 'in_grace', holds: (columns) => columns('token.successor_no', 'is not', null) },
]

/** Never null, so that its negation means what it says. */
function isOver(
  columns: Columns,
  column: 'token.grace_until' | 'token.expires_at' | 'token.suspended_until',
  at: Milliseconds,
): Condition {
  return columns.and([columns(column, 'is not', null), columns(column, '<=', at)])
}
