import type { Sql } from '../reader.ts'
import { EXACT, type Question } from '../question.ts'
import type { TopTokenRow } from '../rows.ts'
import { tokenCounts, tokenNetworks } from '../sources.ts'
import { purgedRef, refOf, tokensOf } from '../token-ref.ts'

const LIMIT = 10

const sqlBy =
  (measure: string): Sql =>
  (arms) =>
    `SELECT token_no, sum(accepted) AS ok, sum(invalid) + sum(forbidden) AS failed, sum(throttled) AS slowed,
    ok + failed + slowed + sum(unavailable) AS attempts, toUnixTimestamp64Milli(max(last_at)) AS last
  FROM ${tokenCounts(arms)} GROUP BY token_no HAVING ${measure} > 0 ORDER BY ${measure} DESC, token_no LIMIT {limit:UInt16}`
const SQL = { attempts: sqlBy('attempts'), failed: sqlBy('failed') } as const
const NETWORKS: Sql = (arms) =>
  `SELECT token_no, uniqCombined64Merge(12)(networks) AS n FROM ${tokenNetworks(arms)} GROUP BY token_no`

interface Row {
  readonly token_no: string
  readonly ok: string
  readonly failed: string
  readonly slowed: string
  readonly attempts: string
  readonly last: string
}

/** The tokens that are used, or refused, most. */
export const topTokens: Question<'top-tokens'> = {
  name: 'top-tokens',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'optional', measure: 'optional', limit: 'optional' },
  method: `${EXACT}; networks by uniqCombined64(12), error about 1.6 %`,
  sql: [...Object.values(SQL), NETWORKS],
  async answer(params, reader) {
    const window = await reader.window(params, 'tokenDay')
    const found = await reader.rows<Row>(SQL[params.measure ?? 'attempts'], { ...window, limit: params.limit ?? LIMIT })
    if (found.length === 0) return { rows: [] }
    const numbers = found.map((row) => Number(row.token_no))
    const [networks, tokens] = await Promise.all([
      reader.rows<{ token_no: string; n: string }>(NETWORKS, { ...window, tokens: numbers }),
      tokensOf(reader.read, reader.tenantNo, numbers),
    ])
    const networksOf = new Map(networks.map((row) => [Number(row.token_no), Number(row.n)]))
    return {
      rows: found.map((row): TopTokenRow => {
        const token = tokens.get(Number(row.token_no))
        return {
          token: token ? refOf(token, reader.now) : purgedRef(Number(row.token_no)),
          attempts: Number(row.attempts),
          accepted: Number(row.ok),
          failed: Number(row.failed),
          throttled: Number(row.slowed),
          lastAt: Number(row.last),
          networks: networksOf.get(Number(row.token_no)) ?? 0,
        }
      }),
    }
  },
}
