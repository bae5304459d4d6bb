import { formatNote, parseNote, withSignatures } from 'tokentrail/log'
import type { Action, Transaction } from '../transaction.ts'

const HOUR_MS = 3_600_000
/** Cosignatures come every few seconds: after this, one of an hour is enough, for it covers what stood before it. */
const EACH_KEPT_MS = 24 * HOUR_MS

export const keepCosigned: Action<'keepCosigned'> = async (tx, { shard, size, note, at }) => {
  const known = await tx.db
    .selectFrom('log_cosigned')
    .select('note')
    .where('shard', '=', shard)
    .where('size', '=', size)
    .executeTakeFirst()
  const given = parseNote(note)
  const merged = formatNote(known ? withSignatures(parseNote(known.note), given.signatures) : given)
  await tx.db
    .insertInto('log_cosigned')
    .values({ shard, size, note: merged, at })
    .onConflict((conflict) => conflict.columns(['shard', 'size']).doUpdateSet({ note: merged, at }))
    .execute()
  await thinOut(tx, shard, at)
  return merged
}

export const markAnchor: Action<'markAnchor'> = async (tx, mark) => {
  const { name, ...place } = mark
  await tx.db
    .insertInto('log_anchor')
    .values(mark)
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...place, name }))
    .execute()
}

/** Of the hour that is a day old, all but the largest go. */
async function thinOut(tx: Transaction, shard: string, at: number): Promise<void> {
  const end = Math.floor((at - EACH_KEPT_MS) / HOUR_MS) * HOUR_MS
  const hour = tx.db
    .selectFrom('log_cosigned')
    .where('shard', '=', shard)
    .where('at', '>=', end - HOUR_MS)
    .where('at', '<', end)
  const largest = await hour.select((row) => row.fn.max('size').as('size')).executeTakeFirst()
  if (!largest?.size) return
  await tx.db
    .deleteFrom('log_cosigned')
    .where('shard', '=', shard)
    .where('at', '>=', end - HOUR_MS)
    .where('at', '<', end)
    .where('size', '<', largest.size)
    .execute()
}
