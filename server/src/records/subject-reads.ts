import type { RecordReads } from './records.ts'
import { toOwner } from './actions/owners.ts'
import type { Database } from './schema.ts'
import { toErasure, toRestriction, toSealedRow } from './subject-row.ts'
import type { SubjectReads } from './subjects.ts'

const ROWS_MAX = 10_000
const EVENTS_MAX = 1_000
const DAY_MS = 86_400_000

type Answer = <Value>(read: () => Promise<Value>) => Promise<Value>

/** Reads about subjects: sealed values, erasures, restrictions, reveals, and the owners themselves. */
export function readsOfSubjects(db: Database, answer: Answer): Pick<RecordReads, keyof SubjectReads> {
  return { ...readsOfSealed(db, answer), ...readsOfErasures(db, answer), ...readsOfOwners(db, answer) }
}

function readsOfSealed(db: Database, answer: Answer): Pick<SubjectReads, 'sealedValues' | 'sealedOf'> {
  const of = (tenantNo: number) => db.selectFrom('sealed_value').selectAll().where('tenant_no', '=', tenantNo)
  return {
    sealedValues: async (tenantNo, { after, keyIds, limit }) => {
      let query = of(tenantNo).orderBy('event').orderBy('field').limit(bounded(limit))
      if (keyIds) query = query.where('key_id', 'in', keyIds.slice(0, EVENTS_MAX))
      if (after) {
        const { event, field } = after
        query = query.where((row) =>
          row.or([row('event', '>', event), row.and([row('event', '=', event), row('field', '>', field)])]),
        )
      }
      return (await answer(() => query.execute())).map(toSealedRow)
    },
    sealedOf: async (tenantNo, events) => {
      if (events.length === 0) return []
      const query = of(tenantNo).where('event', 'in', events.slice(0, EVENTS_MAX)).orderBy('event').orderBy('field')
      return (await answer(() => query.execute())).map(toSealedRow)
    },
  }
}

function readsOfErasures(
  db: Database,
  answer: Answer,
): Pick<SubjectReads, 'erasure' | 'erasures' | 'restrictions' | 'revealsOf'> {
  return {
    erasure: async (tenantNo, id) => {
      const query = db.selectFrom('erasure').selectAll().where('tenant_no', '=', tenantNo).where('id', '=', id)
      return (await answer(() => query.execute())).map(toErasure)[0] ?? null
    },
    erasures: async ({ since, state, tenantNo, limit }) => {
      let query = db.selectFrom('erasure').selectAll().orderBy('begun_at').orderBy('id').limit(bounded(limit))
      if (since !== undefined) query = query.where('begun_at', '>=', since)
      if (state !== undefined) query = query.where('state', '=', state)
      if (tenantNo !== undefined) query = query.where('tenant_no', '=', tenantNo)
      return (await answer(() => query.execute())).map(toErasure)
    },
    restrictions: async (tenantNo) => {
      const query = db.selectFrom('restriction').selectAll().where('tenant_no', '=', tenantNo).orderBy('owner_no').limit(ROWS_MAX)
      return (await answer(() => query.execute())).map(toRestriction)
    },
    revealsOf: async (tenantNo, principalNo, at) => {
      const query = db
        .selectFrom('reveal_day')
        .select('count')
        .where('tenant_no', '=', tenantNo)
        .where('principal_no', '=', principalNo)
        .where('day', '=', Math.floor(at / DAY_MS))
      return (await answer(() => query.execute()))[0]?.count ?? 0
    },
  }
}

function readsOfOwners(db: Database, answer: Answer): Pick<SubjectReads, 'owners'> {
  return {
    owners: async (tenantNo, { search, after, limit }) => {
      let query = db.selectFrom('owner').selectAll().where('tenant_no', '=', tenantNo).orderBy('no').limit(bounded(limit))
      if (after !== undefined) query = query.where('no', '>', after)
      if (search !== undefined) {
        const like = `%${search.replaceAll(/[%_\\]/g, '')}%`
        query = query.where((row) => row.or([row('id', 'like', like), row('name', 'like', like)]))
      }
      return (await answer(() => query.execute())).map(toOwner)
    },
  }
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
