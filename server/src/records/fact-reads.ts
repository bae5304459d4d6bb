import type { Milliseconds } from 'tokentrail'
import type { TokenRecord } from './records.ts'
import type { Database } from './schema.ts'
import { selectTokens, toToken } from './token-row.ts'

/** What the records say of what the audit log can prove, a page at a time. */
export interface FactReads {
  /** Tokens that have not ended, in the order of their numbers. */
  tokensInForce(after: number, limit: number): Promise<readonly TokenInForce[]>
  /** Every role that was given, in the order of its id. */
  grantsAfter(id: string, limit: number): Promise<readonly RecordedGrant[]>
  /** Settings of the installation and of its tenants, in the order of tenant and name. */
  settingsAfter(place: { readonly tenantNo: number; readonly name: string }, limit: number): Promise<readonly RecordedSetting[]>
  /** The class of retention of each tenant, in the order of their numbers. */
  retentionsAfter(tenantNo: number, limit: number): Promise<readonly { readonly tenantNo: number; readonly retention: number }[]>
}

/** What decides what a token may do. */
export interface TokenInForce {
  readonly no: number
  readonly tenantNo: number
  readonly id: string
  readonly ownerId: string
  readonly scopes: readonly string[]
  readonly expiresAt: Milliseconds | null
  readonly graceUntil: Milliseconds | null
  readonly suspendedAt: Milliseconds | null
  readonly suspendedUntil: Milliseconds | null
  readonly observed: boolean
}

export interface RecordedGrant {
  readonly id: string
  readonly tenantNo: number
  readonly tokenId: string
  readonly role: string
  readonly scope: string
  readonly until: Milliseconds | null
  readonly removedAt: Milliseconds | null
}

export interface RecordedSetting {
  readonly tenantNo: number
  readonly name: string
  readonly value: string
}

/** What the log proves, as the records have it. */
export function readsOfFacts(db: Database, answer: <Value>(read: () => Promise<Value>) => Promise<Value>): FactReads {
  return {
    tokensInForce: async (after, limit) => {
      const query = selectTokens(db)
        .where('token.no', '>', after)
        .where((token) => token.or([token('token.ended_at', 'is', null), token('token.ending', 'is', null)]))
      const rows = await answer(() => query.orderBy('token.no').limit(limit).execute())
      return rows.map(toToken).map(toInForce)
    },
    grantsAfter: async (id, limit) => {
      const query = db
        .selectFrom('role_grant')
        .innerJoin('token', 'token.no', 'role_grant.token_no')
        .selectAll('role_grant')
        .select('token.id as token_id')
        .where('role_grant.id', '>', id)
      const rows = await answer(() => query.orderBy('role_grant.id').limit(limit).execute())
      return rows.map((row) => ({
        id: row.id,
        tenantNo: row.tenant_no,
        tokenId: row.token_id,
        role: row.role,
        scope: row.scope,
        until: row.until_at,
        removedAt: row.removed_at,
      }))
    },
    settingsAfter: async ({ tenantNo, name }, limit) => {
      const query = db
        .selectFrom('setting')
        .selectAll()
        .where((row) =>
          row.or([row('tenant_no', '>', tenantNo), row.and([row('tenant_no', '=', tenantNo), row('name', '>', name)])]),
        )
      const rows = await answer(() => query.orderBy('tenant_no').orderBy('name').limit(limit).execute())
      return rows.map((row) => ({ tenantNo: row.tenant_no, name: row.name, value: row.value }))
    },
    retentionsAfter: async (tenantNo, limit) => {
      const query = db.selectFrom('tenant').select(['no', 'retention']).where('no', '>', tenantNo)
      const rows = await answer(() => query.orderBy('no').limit(limit).execute())
      return rows.map((row) => ({ tenantNo: row.no, retention: row.retention }))
    },
  }
}

function toInForce(token: TokenRecord): TokenInForce {
  const { no, tenantNo, id, ownerId, scopes, expiresAt, graceUntil, suspendedAt, suspendedUntil, observed } = token
  return { no, tenantNo, id, ownerId, scopes, expiresAt, graceUntil, suspendedAt, suspendedUntil, observed }
}
