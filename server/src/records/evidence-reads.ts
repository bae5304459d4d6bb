import type { Expression, SqlBool } from 'kysely'
import { toOwner } from './actions/owners.ts'
import { toEntry, toSigned } from './audit-row.ts'
import { toPack, toReview } from './evidence-row.ts'
import type { EvidenceReads, PackState } from './evidence.ts'
import type { PlaceInTime } from './findings.ts'
import type { Database } from './schema.ts'
import { selectTokens, toToken } from './token-row.ts'

/** Rows that one answer may hold. */
const ROWS_MAX = 10_000
/** Ids in one statement, far below the databases' bounds on parameters. */
const IDS_MAX = 1_000

/** Reads of packs and reviews, and what evidence asks of owners; `answer` turns failures of the database into ours. */
export function readsOfEvidence(db: Database, answer: <Value>(read: () => Promise<Value>) => Promise<Value>): EvidenceReads {
  return {
    ...readsOfPacks(db, answer),
    ...readsOfLog(db, answer),
    disabledOwners: async (tenantNo, { from, to }, { after, limit }) => {
      const query = db
        .selectFrom('owner')
        .selectAll()
        .where('tenant_no', '=', tenantNo)
        .where('no', '>', after)
        .where('disabled_at', '>=', from)
        .where('disabled_at', '<', to)
      return (await answer(() => query.orderBy('no').limit(bounded(limit)).execute())).map(toOwner)
    },
    tokensOfOwner: async (tenantNo, ownerNo, { after, limit }) => {
      const query = selectTokens(db)
        .where('token.tenant_no', '=', tenantNo)
        .where('token.owner_no', '=', ownerNo)
        .where('token.no', '>', after)
      return (await answer(() => query.orderBy('token.no').limit(bounded(limit)).execute())).map(toToken)
    },
  }
}

function readsOfPacks(
  db: Database,
  answer: <Value>(read: () => Promise<Value>) => Promise<Value>,
): Pick<EvidenceReads, 'pack' | 'packStates' | 'packs' | 'review' | 'reviews'> {
  const packs = (tenantNo: number) => db.selectFrom('pack').selectAll().where('tenant_no', '=', tenantNo)
  const reviews = (tenantNo: number) => db.selectFrom('review').selectAll().where('tenant_no', '=', tenantNo)
  return {
    pack: async (tenantNo, id) => {
      const row = await answer(() => packs(tenantNo).where('id', '=', id).executeTakeFirst())
      return row ? toPack(row) : null
    },
    packStates: async (ids) => {
      const states = new Map<string, PackState>()
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        const query = db
          .selectFrom('pack')
          .select(['id', 'state'])
          .where('id', 'in', ids.slice(from, from + IDS_MAX))
        for (const { id, state } of await answer(() => query.execute())) states.set(id, state as PackState)
      }
      return states
    },
    packs: async (tenantNo, { before, limit }) => {
      const query = packs(tenantNo).where((row) =>
        row.and(
          below(
            before,
            (at) => row('requested_at', '<', at),
            (at, id) => row.and([row('requested_at', '=', at), row('id', '<', id)]),
            row.or,
          ),
        ),
      )
      const rows = await answer(() => query.orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(bounded(limit)).execute())
      return rows.map(toPack)
    },
    review: async (tenantNo, id) => {
      const row = await answer(() => reviews(tenantNo).where('id', '=', id).executeTakeFirst())
      return row ? toReview(row) : null
    },
    reviews: async ({ tenantNo, kind, from, to }, { before, limit }) => {
      const query = reviews(tenantNo).where((row) =>
        row.and([
          ...(kind === undefined ? [] : [row('kind', '=', kind)]),
          ...(from === undefined ? [] : [row('signed_at', '>=', from)]),
          ...(to === undefined ? [] : [row('signed_at', '<', to)]),
          ...below(
            before,
            (at) => row('signed_at', '<', at),
            (at, id) => row.and([row('signed_at', '=', at), row('id', '<', id)]),
            row.or,
          ),
        ]),
      )
      const rows = await answer(() => query.orderBy('signed_at', 'desc').orderBy('id', 'desc').limit(bounded(limit)).execute())
      return rows.map(toReview)
    },
  }
}

function readsOfLog(
  db: Database,
  answer: <Value>(read: () => Promise<Value>) => Promise<Value>,
): Pick<EvidenceReads, 'logInOrder' | 'logPlaces' | 'logNoteBelow'> {
  return {
    logInOrder: async ({ tenantNo, types, from, to }, { after, limit }) => {
      const query = db
        .selectFrom('log_entry')
        .innerJoin('log_shard', 'log_shard.name', 'log_entry.shard')
        .selectAll('log_entry')
        .select('log_shard.epoch')
        .where((row) =>
          row.and([
            ...(tenantNo === undefined ? [] : [row('log_entry.tenant_no', '=', tenantNo)]),
            ...(types === undefined ? [] : [row('log_entry.type', 'in', types)]),
            ...(from === undefined ? [] : [row('log_entry.at', '>=', from)]),
            ...(to === undefined ? [] : [row('log_entry.at', '<', to)]),
            ...(after === undefined
              ? []
              : [
                  row.or([
                    row('log_shard.epoch', '>', after.epoch),
                    row.and([row('log_shard.epoch', '=', after.epoch), row('log_entry.place', '>', after.index)]),
                  ]),
                ]),
          ]),
        )
      const rows = await answer(() => query.orderBy('log_shard.epoch').orderBy('log_entry.place').limit(bounded(limit)).execute())
      return rows.map((row) => ({ ...toEntry(row), epoch: row.epoch }))
    },
    logPlaces: async (ids) => {
      const places = new Map<string, { readonly shard: string; readonly index: number }>()
      for (let i = 0; i < ids.length; i += IDS_MAX) {
        const query = db
          .selectFrom('log_entry')
          .select(['id', 'shard', 'place'])
          .where('id', 'in', ids.slice(i, i + IDS_MAX))
        for (const { id, shard, place } of await answer(() => query.execute())) places.set(id, { shard, index: place })
      }
      return places
    },
    logNoteBelow: async (shard, size) => {
      const query = db
        .selectFrom('log_signed')
        .selectAll()
        .where('shard', '=', shard)
        .where('note', 'is not', null)
        .where('size', '<=', size)
      const row = await answer(() => query.orderBy('size', 'desc').limit(1).executeTakeFirst())
      return row ? toSigned(row) : null
    },
  }
}

type Condition = Expression<SqlBool>

/** Rows below a place of a list that goes newest first. */
function below(
  place: PlaceInTime | undefined,
  older: (at: number) => Condition,
  sameTime: (at: number, id: string) => Condition,
  either: (conditions: Condition[]) => Condition,
): Condition[] {
  return place === undefined ? [] : [either([older(place.at), sameTime(place.at, place.id)])]
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(limit, ROWS_MAX))
}
