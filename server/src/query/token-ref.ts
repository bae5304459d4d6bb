import type { Milliseconds } from 'tokentrail'
import type { RecordReads, TokenRecord } from '../records/records.ts'
import { stateOf } from '../records/token-state.ts'
import type { TokenRef } from './rows.ts'

/** Numbers looked up in one call of the records. */
const BATCH = 500

/** How a token is named in an answer. */
export function refOf(token: TokenRecord, at: Milliseconds): TokenRef {
  return { id: token.id, kind: token.kind, name: token.name, owner: token.ownerId, state: stateOf(token, at) }
}

/** Stands for a token whose tombstone was removed: the events stay, the name is gone. */
export function purgedRef(no: number): TokenRef {
  return { id: `purged-${no}`, kind: 'access', name: null, owner: '', state: 'purged' }
}

/** The tokens behind numbers, of this tenant only. */
export async function tokensOf(
  read: RecordReads,
  tenantNo: number,
  numbers: Iterable<number>,
): Promise<ReadonlyMap<number, TokenRecord>> {
  const nos = [...new Set(numbers)].filter((no) => no !== 0)
  const found = new Map<number, TokenRecord>()
  for (let i = 0; i < nos.length; i += BATCH) {
    for (const token of await read.tokensByNo(nos.slice(i, i + BATCH)))
      if (token.tenantNo === tenantNo) found.set(token.no, token)
  }
  return found
}
