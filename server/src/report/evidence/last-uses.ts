import type { Milliseconds } from 'tokentrail'
import { IS_METERED, OF } from '../../query/scope.ts'
import type { TokenRecord } from '../../records/records.ts'
import type { EvidenceReader } from './reader.ts'

const SQL = `SELECT token_no, toUnixTimestamp64Milli(max(last_accepted_at)) AS used
  FROM ${OF.token_day} AND token_no IN {tokens:Array(UInt64)} AND ${IS_METERED} GROUP BY token_no`

/** When each of some tokens was last accepted, as far back as days are kept. */
export async function lastUsesOf(
  tokens: readonly TokenRecord[],
  reader: EvidenceReader,
): Promise<ReadonlyMap<number, Milliseconds>> {
  if (tokens.length === 0) return new Map()
  const found = await reader.rows<{ token_no: string; used: string | null }>(SQL, { tokens: tokens.map(({ no }) => no) })
  return new Map(found.flatMap(({ token_no, used }) => (used === null ? [] : [[Number(token_no), Number(used)] as const])))
}
