import { ACTORS, FLAGS, KINDS, POPULATIONS, reasonId, type FactReason, type Milliseconds, type TypeName } from 'tokentrail'
import { sql, type Expression, type ExpressionBuilder, type SqlBool, type UpdateObject } from 'kysely'
import { TrailError } from '../../errors.ts'
import type { EventRow } from '../../event/row.ts'
import type { Actor, EventFacts, EventNumber, TokenRecord } from '../records.ts'
import { prepared } from '../prepared.ts'
import type { Schema } from '../schema.ts'
import { selectTokens, toToken } from '../token-row.ts'
import { note, typeId, type Transaction } from '../transaction.ts'

export type TokenValues = UpdateObject<Schema, 'token'>
type TokenExpression = ExpressionBuilder<Schema, 'token'>

/** The token of a tenant, else `not_found`. */
export async function findToken(tx: Transaction, tenantNo: number, id: string): Promise<TokenRecord> {
  const row = await selectTokens(tx.db).where('token.tenant_no', '=', tenantNo).where('token.id', '=', id).executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no token of this id here.', { input: 'id' })
  return toToken(row)
}

/** The token of a number, which is known to exist. */
export async function readToken(tx: Transaction, no: number): Promise<TokenRecord> {
  const [row] = await tokenOfNo(tx.db, { no })
  if (!row) throw new TrailError('records_unavailable', 'A token that was just written cannot be read back; try again.')
  return toToken(row)
}

const tokenOfNo = prepared((db, { no }: { no: number }) => selectTokens(db).where('token.no', '=', no))

/** Writes values if the token is still as it was read; `null` when another transaction was faster. */
export async function updateUnchanged(tx: Transaction, token: TokenRecord, values: TokenValues): Promise<TokenRecord | null> {
  const row = await tx.db
    .updateTable('token')
    .set({ ...values, version: token.version + 1 })
    .where('no', '=', token.no)
    .where('version', '=', token.version)
    .returning('no')
    .executeTakeFirst()
  return row ? readToken(tx, row.no) : null
}

/** The number that the next event of this transaction gets, for the row that the event will be about. */
export function nextEvent(tx: Transaction): TokenValues {
  return { ended_by_writer: tx.writer, ended_by_seq: sql<number>`(SELECT seq + 1 FROM writer WHERE no = ${tx.writer})` }
}

/** The token may be spent at this moment: the guard of consume, use and attempt. */
export function spendable(token: TokenExpression, at: Milliseconds): Expression<SqlBool> {
  return token.and([
    token('ended_at', 'is', null),
    token.or([token('expires_at', 'is', null), token('expires_at', '>', at)]),
    token.or([token('grace_until', 'is', null), token('grace_until', '>', at)]),
    token.or([token('suspended_at', 'is', null), token('suspended_until', '<=', at)]),
    token.or([token('not_before', 'is', null), token('not_before', '<=', at)]),
    token.not(
      token.exists(
        token
          .selectFrom('owner')
          .select('owner.no')
          .whereRef('owner.no', '=', 'token.owner_no')
          .where('owner.disabled_at', 'is not', null),
      ),
    ),
  ])
}

export interface TokenNote {
  readonly type: TypeName
  readonly at: Milliseconds
  readonly reason?: FactReason
  readonly actor?: Actor
  readonly facts?: EventFacts
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Notes a critical event about a token. */
export async function noteToken(tx: Transaction, token: TokenRecord, what: TokenNote): Promise<EventNumber> {
  return note(tx, {
    ...describeToken(token),
    retention: await retentionOf(tx, token.tenantNo),
    occurredAt: what.at,
    ...describeActor(what.actor),
    reason: reasonId(what.reason ?? 'none'),
    detail: what.detail ? JSON.stringify(what.detail) : '',
    ...what.facts,
    flags: flagsOf(token) | (what.facts?.flags ?? 0),
    type: typeId(what.type),
  })
}

/** The columns of an event that name who acts. */
export function describeActor(actor: Actor | undefined): Partial<EventRow> {
  return actor ? { actorNo: actor.no, actorKind: ACTORS[actor.kind] } : {}
}

/** Retention class of a tenant's events; the install's own (tenant 0) are kept longest. */
export async function retentionOf(tx: Transaction, tenantNo: number): Promise<number> {
  if (tenantNo === 0) return 4
  const known = tx.retentions.get(tenantNo)
  if (known !== undefined) return known
  const [tenant] = await tenantOfNo(tx.db, { no: tenantNo })
  if (!tenant) throw new TrailError('not_found', `There is no tenant ${tenantNo}.`, { input: 'tenant' })
  tx.retentions.set(tenantNo, tenant.retention)
  return tenant.retention
}

const tenantOfNo = prepared((db, { no }: { no: number }) => db.selectFrom('tenant').select('retention').where('no', '=', no))

function describeToken(token: TokenRecord): Partial<EventRow> {
  return {
    tenant: token.tenantNo,
    kind: KINDS[token.kind],
    population: POPULATIONS.attributed,
    tokenNo: token.no,
    generation: token.generation,
    ownerNo: token.ownerNo,
    environment: token.environment ?? '',
  }
}

function flagsOf(token: TokenRecord): number {
  return (token.canary ? FLAGS.canary : 0) | (token.simulated ? FLAGS.simulated : 0) | (token.observed ? FLAGS.observed : 0)
}
