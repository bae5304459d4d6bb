import { randomBytes } from 'node:crypto'
import type { Milliseconds, TypeName } from 'tokentrail'
import type { ExpressionBuilder } from 'kysely'
import { TrailError } from '../../errors.ts'
import { toLeak } from '../response-row.ts'
import type { LeakRecord, NewLeak } from '../responses.ts'
import type { Actor, TokenRecord } from '../records.ts'
import type { Schema } from '../schema.ts'
import type { Action, Transaction } from '../transaction.ts'
import { noteOf } from './finding-event.ts'
import { noteToken, readToken } from './token-change.ts'

/** Reports of one tenant that are kept; beyond it the oldest that name no token go. */
const UNKNOWN_MAX = 100_000

export const reportLeak: Action<'reportLeak'> = async (tx, { tenantNo, leak, at, actor }) => {
  const same = await sameLeak(tx, tenantNo, leak)
  if (same) {
    const row = await tx.db
      .updateTable('leak')
      .set((columns) => ({ reports: columns('reports', '+', 1) }))
      .where('id', '=', same.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    return { leak: toLeak(row), isNew: false }
  }
  await forgetOldest(tx, tenantNo)
  const isProven = leak.proven && leak.tokenNo !== null
  const row = await tx.db
    .insertInto('leak')
    .values({
      id: `lk_${randomBytes(10).toString('hex')}`,
      tenant_no: tenantNo,
      token_no: leak.tokenNo,
      sha256: leak.sha256,
      sha512: leak.sha512,
      url: leak.url,
      reporter: leak.reporter,
      partner: leak.partner,
      proven: isProven ? 1 : 0,
      reporter_no: actor.no,
      state: isProven ? 'confirmed' : 'reported',
      exposed_at: leak.exposedAt,
      reported_at: at,
      changed_at: at,
      reports: 1,
      note: leak.note,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const record = toLeak(row)
  await noteLeak(tx, record, { type: 'leak.reported', at, actor })
  if (isProven) await noteLeak(tx, record, { type: 'leak.confirmed', at, actor })
  return { leak: record, isNew: true }
}

export const judgeLeak: Action<'judgeLeak'> = async (tx, { tenantNo, id, state, note, at, actor }) => {
  const row = await tx.db
    .updateTable('leak')
    .set({ state, changed_at: at, ...(note === null ? {} : { note }) })
    .where('id', '=', id)
    .where('tenant_no', '=', tenantNo)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no leak of this id here.', { input: 'id' })
  const leak = toLeak(row)
  await noteLeak(tx, leak, { type: state === 'confirmed' ? 'leak.confirmed' : 'leak.dismissed', at, actor })
  return leak
}

/** Earlier reports of a text that nobody knew then: the token that was imported now is theirs. */
export async function matchLeaks(tx: Transaction, token: TokenRecord, at: Milliseconds, actor: Actor): Promise<void> {
  if (!token.digest) return
  const column = token.scheme === 'sha512-256' ? 'sha512' : token.scheme.startsWith('sha256:') ? 'sha256' : undefined
  if (!column) return
  const rows = await tx.db
    .updateTable('leak')
    .set({ token_no: token.no, tenant_no: token.tenantNo, state: 'confirmed', proven: 1, changed_at: at })
    .where(column, '=', Buffer.from(token.digest).toString('hex'))
    .where('token_no', 'is', null)
    .where((columns) => columns.or([columns('tenant_no', '=', token.tenantNo), columns('reporter', '=', 'partner')]))
    .returningAll()
    .execute()
  for (const row of rows) await noteLeak(tx, toLeak(row), { type: 'leak.confirmed', at, actor })
}

/** The same token or text at the same address, reported before. */
async function sameLeak(tx: Transaction, tenantNo: number, leak: NewLeak): Promise<{ id: string } | undefined> {
  const { tokenNo, sha256, url, reporter } = leak
  if (tokenNo === null && sha256 === null) return undefined
  const isIt = (columns: ExpressionBuilder<Schema, 'leak'>) =>
    columns.or([
      ...(tokenNo === null ? [] : [columns('token_no', '=', tokenNo)]),
      ...(sha256 === null ? [] : [columns('sha256', '=', sha256)]),
    ])
  return tx.db
    .selectFrom('leak')
    .select('id')
    .where('tenant_no', '=', tenantNo)
    .where('reporter', '=', reporter)
    .where('url', url === null ? 'is' : '=', url)
    .where(isIt)
    .limit(1)
    .executeTakeFirst()
}

async function forgetOldest(tx: Transaction, tenantNo: number): Promise<void> {
  const unknown = tx.db.selectFrom('leak').select('id').where('tenant_no', '=', tenantNo).where('token_no', 'is', null)
  const beyond = unknown
    .orderBy('reported_at', 'desc')
    .orderBy('id', 'desc')
    .offset(UNKNOWN_MAX - 1)
    .limit(100)
  await tx.db.deleteFrom('leak').where('id', 'in', beyond).execute()
}

async function noteLeak(
  tx: Transaction,
  leak: LeakRecord,
  what: { readonly type: TypeName; readonly at: Milliseconds; readonly actor: Actor },
): Promise<void> {
  const { id, state, url, reporter, partner, proven, exposedAt, tokenNo } = leak
  const detail = { leak: id, state, url, reporter, partner, proven, exposedAt, known: tokenNo !== null }
  if (tokenNo === null) return noteOf(tx, leak.tenantNo, { ...what, detail })
  await noteToken(tx, await readToken(tx, tokenNo), { ...what, detail })
}
