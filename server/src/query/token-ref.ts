import type { Milliseconds } from 'tokentrail'
import type { RecordReads, TokenRecord, TokenState } from '../records/records.ts'
import type { TokenRef } from './rows.ts'

/** Numbers looked up in one call of the records. */
const BATCH = 500

/** What follows from the clock, in the order in which it counts; a written ending comes first. */
const STATES: readonly { readonly state: TokenState; readonly holds: (token: TokenRecord, at: Milliseconds) => boolean }[] = [
  { state: 'superseded', holds: ({ graceUntil }, at) => graceUntil !== null && graceUntil <= at },
  { state: 'expired', holds: ({ expiresAt }, at) => expiresAt !== null && expiresAt <= at },
  { state: 'suspended', holds: ({ suspendedAt }) => suspendedAt !== null },
  { state: 'in_grace', holds: ({ graceUntil }) => graceUntil !== null },
  { state: 'not_yet_valid', holds: ({ notBefore }, at) => notBefore !== null && notBefore > at },
]

/** What a token is at a time. */
export function stateOf(token: TokenRecord, at: Milliseconds): TokenState {
  return token.ending ?? STATES.find(({ holds }) => holds(token, at))?.state ?? 'active'
}

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
