import type { Question } from '../question.ts'
import { CLASS, IS_ATTEMPT } from '../classes.ts'
import { IS_METERED, IS_METERED_RAW, OF } from '../scope.ts'

const DAY_MS = 86_400_000
const DAYS = 30
const CUT = "fromUnixTimestamp64Milli({cut:Int64}, 'UTC')"

/** Whole days from the roll-up; the day in which the 30 days begin is split by its raw events. */
const SQL = `SELECT token_no, toUnixTimestamp64Milli(max(used)) AS ok_at, toUnixTimestamp64Milli(max(tried)) AS tried_at, sum(ok) AS accepted, sum(bad) AS failed
  FROM (SELECT token_no, last_accepted_at AS used, toNullable(last_at) AS tried, if(day > toDate(${CUT}), accepted, 0) AS ok,
      if(day > toDate(${CUT}), invalid + forbidden, 0) AS bad
    FROM ${OF.token_day} AND token_no IN {tokens:Array(UInt64)} AND ${IS_METERED}
    UNION ALL SELECT token_no, NULL AS used, NULL AS tried, if(class = 'accepted', toUInt64(count), 0) AS ok, if(class IN ('invalid', 'forbidden'), toUInt64(count), 0) AS bad
    FROM (SELECT token_no, count, ${CLASS} AS class FROM ${OF.events} AND token_no IN {tokens:Array(UInt64)} AND ${IS_METERED_RAW} AND ${IS_ATTEMPT}
      AND occurred_at >= ${CUT} AND toDate(occurred_at) = toDate(${CUT})))
  GROUP BY token_no`

/** When each of some tokens was last accepted and last tried, and how often in the last 30 days. */
export const lastUsedByToken: Question<'last-used-by-token'> = {
  name: 'last-used-by-token',
  fields: { tokens: 'required' },
  method: 'exact: days of each token, raw events where the 30 days begin; the last use as far back as days are kept (400)',
  sql: [SQL],
  async answer({ tokens }, reader) {
    const known = new Map<string, number>()
    for (const id of tokens) known.set(id, (await reader.token(id)).no)
    const found = await reader.rows<Row>(SQL, { tokens: [...known.values()], cut: reader.now - DAYS * DAY_MS })
    const byNo = new Map(found.map((row) => [Number(row.token_no), row]))
    return { rows: [...known].map(([token, no]) => ({ token, ...usedOf(byNo.get(no)) })) }
  },
}

interface Row {
  readonly token_no: string
  readonly ok_at: string | null
  readonly tried_at: string | null
  readonly accepted: string
  readonly failed: string
}

function usedOf(row: Row | undefined): {
  readonly lastAcceptedAt: number | null
  readonly lastAttemptAt: number | null
  readonly accepted30d: number
  readonly failed30d: number
} {
  const time = (text: string | null | undefined): number | null => (text === null || text === undefined ? null : Number(text))
  return {
    lastAcceptedAt: time(row?.ok_at),
    lastAttemptAt: time(row?.tried_at),
    accepted30d: Number(row?.accepted ?? 0),
    failed30d: Number(row?.failed ?? 0),
  }
}
