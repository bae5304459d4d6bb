import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { PlaceInTime } from './findings.ts'
import { toLeak, toResponse } from './response-row.ts'
import type { ResponseReads } from './responses.ts'
import type { Database, Schema } from './schema.ts'

type Condition = Expression<SqlBool>
type Answer = <Value>(read: () => Promise<Value>) => Promise<Value>

/** Rows that one answer may hold. */
const ROWS_MAX = 20_000

/** Every read of responses and leaks, on either database. `answer` says what a failing database means. */
export function readsOfResponses(db: Database, answer: Answer): ResponseReads {
  return { ...readsOfLeaks(db, answer), ...readsOfSteps(db, answer) }
}

function readsOfSteps(db: Database, answer: Answer): Pick<ResponseReads, 'response' | 'responses' | 'responsesDue'> {
  const responses = () => db.selectFrom('response').selectAll()
  return {
    response: (tenantNo, id) =>
      answer(async () => {
        const row = await responses().where('id', '=', id).where('tenant_no', '=', tenantNo).executeTakeFirst()
        return row ? toResponse(row) : null
      }),
    responses: ({ tenantNo, state, findingId }, { before, limit }) =>
      answer(async () => {
        const wanted = (columns: ExpressionBuilder<Schema, 'response'>): Condition[] => [
          ...(state === undefined ? [] : [columns('state', '=', state)]),
          ...(findingId === undefined ? [] : [columns('finding_id', '=', findingId)]),
          ...(before === undefined
            ? []
            : [
                columns.or([
                  columns('created_at', '<', before.at),
                  columns.and([columns('created_at', '=', before.at), columns('id', '<', before.id)]),
                ]),
              ]),
        ]
        const rows = await responses()
          .where('tenant_no', '=', tenantNo)
          .where((columns) => columns.and(wanted(columns)))
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .limit(bounded(limit))
          .execute()
        return rows.map(toResponse)
      }),
    responsesDue: (at, limit) =>
      answer(async () => {
        const rows = await responses()
          .where('state', '=', 'approved')
          .where('next_at', '<=', at)
          .orderBy('next_at')
          .limit(bounded(limit))
          .execute()
        return rows.map(toResponse)
      }),
  }
}

function readsOfLeaks(db: Database, answer: Answer): Pick<ResponseReads, 'leak' | 'leaks' | 'exposures'> {
  const leaks = () => db.selectFrom('leak').selectAll()
  return {
    leak: (tenantNo, id) =>
      answer(async () => {
        const row = await leaks().where('id', '=', id).where('tenant_no', '=', tenantNo).executeTakeFirst()
        return row ? toLeak(row) : null
      }),
    leaks: ({ tenantNo, state, tokenNo }, { before, limit }) =>
      answer(async () => {
        const wanted = (columns: ExpressionBuilder<Schema, 'leak'>): Condition[] => [
          ...(state === undefined ? [] : [columns('state', '=', state)]),
          ...(tokenNo === undefined ? [] : [columns('token_no', '=', tokenNo)]),
          ...(before === undefined ? [] : [isBelow(columns, before)]),
        ]
        const rows = await leaks()
          .where('tenant_no', '=', tenantNo)
          .where((columns) => columns.and(wanted(columns)))
          .orderBy('reported_at', 'desc')
          .orderBy('id', 'desc')
          .limit(bounded(limit))
          .execute()
        return rows.map(toLeak)
      }),
    exposures: (changedSince, limit) =>
      answer(async () => {
        const rows = await db
          .selectFrom('leak')
          .select('token_no')
          .select((row) => row.fn.min('exposed_at').as('at'))
          .where('changed_at', '>=', changedSince)
          .where('state', '!=', 'dismissed')
          .where('token_no', 'is not', null)
          .groupBy('token_no')
          .limit(bounded(limit))
          .execute()
        return rows.flatMap(({ token_no: tokenNo, at }) => (tokenNo === null ? [] : [{ tokenNo, at }]))
      }),
  }
}

function isBelow(columns: ExpressionBuilder<Schema, 'leak'>, before: PlaceInTime): Condition {
  return columns.or([
    columns('reported_at', '<', before.at),
    columns.and([columns('reported_at', '=', before.at), columns('id', '<', before.id)]),
  ])
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
