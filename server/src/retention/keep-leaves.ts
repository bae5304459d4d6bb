import { leafOf, readRows } from '../audit/batch-rows.ts'
import { TYPES_NOT_IN_BATCH } from '../event/leaf.ts'
import type { KeptLeaf } from '../records/batches.ts'
import type { Records } from '../records/records.ts'
import type { Store } from '../store/store.ts'
import { NUMBERS_MAX, OF_SUBJECT, patternOf, type Forgotten } from './erase-from-store.ts'

const LEAVES_AT_ONCE = 5_000

/**
 * Keeps the hashes of counted rows that an erasure is about to empty: their batches verify as before, and what a hash was made of
 * cannot be tried, because the key of its day is destroyed before. Gives how many were kept; those kept before stay as they are.
 */
export async function keepLeaves(o: { records: Records; store: Pick<Store, 'stream'> }, who: Forgotten): Promise<number> {
  let kept = 0
  for (let from = 0; from === 0 || from < who.tokens.length; from += NUMBERS_MAX)
    kept += await keepWhere(o, who, OF_CHANGED, { tokens: who.tokens.slice(from, from + NUMBERS_MAX) })
  for (const term of who.terms) kept += await keepWhere(o, who, 'match(detail, {pattern:String})', { pattern: patternOf(term) })
  return kept
}

const OF_CHANGED = `(${OF_SUBJECT} OR actor_no = {owner:UInt32})`

async function keepWhere(
  { records, store }: { records: Records; store: Pick<Store, 'stream'> },
  { tenantNo, ownerNo }: Forgotten,
  which: string,
  params: { readonly tokens?: readonly number[]; readonly pattern?: string },
): Promise<number> {
  const where = `WHERE tenant = {tenant:UInt32} AND ${which} AND NOT has({own:Array(UInt16)}, type)`
  let [kept, leaves] = [0, [] as KeptLeaf[]]
  const keep = async () => {
    if (leaves.length > 0) kept += await records.act('keepLeaves', { tenantNo, leaves })
    leaves = []
  }
  for await (const row of readRows(store, where, { tenant: tenantNo, owner: ownerNo, own: TYPES_NOT_IN_BATCH, ...params })) {
    leaves.push({ writer: row.writer, seq: row.seq, hash: leafOf(row).hash })
    if (leaves.length >= LEAVES_AT_ONCE) await keep()
  }
  await keep()
  return kept
}
