import type { Milliseconds } from 'tokentrail'
import type { Window } from '../query/answer.ts'
import type { Reader } from '../query/reader.ts'
import { IS_METERED, OF } from '../query/scope.ts'
import { leavesAt, type TokenLife } from './life.ts'

/** First and last accepted use of each token that ever had one. */
export type LastUses = ReadonlyMap<number, { readonly first: Milliseconds; readonly last: Milliseconds }>

/** Tokens looked at one by one; a tenant with more is told "unknown" instead. */
const TOKENS_MAX = 200_000

const SQL = `SELECT token_no, toUnixTimestamp64Milli(min(first_accepted_at)) AS first, toUnixTimestamp64Milli(max(last_accepted_at)) AS last
  FROM ${OF.token_day} AND ${IS_METERED} AND ({kind:UInt8} = 0 OR kind = {kind:UInt8}) AND isNotNull(first_accepted_at)
  GROUP BY token_no LIMIT ${TOKENS_MAX + 1}`

export const LAST_USES_SQL = [SQL]

/** Null when there are too many tokens. As far back as days of tokens are kept (400). */
export async function lastUsesOf(reader: Reader, kind: number): Promise<LastUses | null> {
  const rows = await reader.rows<{ token_no: number; first: number; last: number }>(SQL, { kind })
  return rows.length > TOKENS_MAX ? null : new Map(rows.map((row) => [row.token_no, { first: row.first, last: row.last }]))
}

/** The time in which tokens serve, and the time in which they are only a risk. */
export interface UseOfLife {
  /** First to last accepted use. */
  readonly usefulLife: { readonly median: Milliseconds; readonly p90: Milliseconds } | null
  /** Ending, or the end of the window, − last accepted use. */
  readonly dormantTail: { readonly median: Milliseconds; readonly p90: Milliseconds } | null
  readonly used: number
  readonly neverUsed: number
}

/** Over the tokens seen alive in the window; never-used ones apart. */
export function useOfLife(all: readonly TokenLife[], { from, to }: Window, uses: LastUses): UseOfLife {
  const lives = all.filter((life) => life.enteredAt < to && leavesAt(life) >= from)
  const used = lives.flatMap((life) => {
    const use = uses.get(life.no)
    return use === undefined
      ? []
      : [{ useful: use.last - use.first, tail: Math.max(0, Math.min(life.endsAt ?? to, to) - use.last) }]
  })
  return {
    usefulLife: spread(used.map(({ useful }) => useful)),
    dormantTail: spread(used.map(({ tail }) => tail)),
    used: used.length,
    neverUsed: lives.length - used.length,
  }
}

function spread(values: readonly number[]): UseOfLife['usefulLife'] {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number | undefined => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  const [median, p90] = [at(0.5), at(0.9)]
  return median === undefined || p90 === undefined ? null : { median, p90 }
}
