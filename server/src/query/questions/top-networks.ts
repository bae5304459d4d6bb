import type { Sql } from '../reader.ts'
import { networkName } from '../network.ts'
import { EXACT, type Question } from '../question.ts'
import { networkCounts, networkUniques } from '../sources.ts'

const LIMIT = 10

const sqlBy =
  (measure: string): Sql =>
  (arms) =>
    `SELECT toString(network) AS net, max(asn) AS as_no, max(toString(country)) AS land, sum(accepted) AS ok,
    sum(invalid) + sum(forbidden) AS failed, sum(throttled) AS slowed, ok + failed + slowed + sum(unavailable) AS attempts
  FROM ${networkCounts(arms)} GROUP BY network HAVING ${measure} > 0 ORDER BY ${measure} DESC, network LIMIT {limit:UInt16}`
const SQL = { attempts: sqlBy('attempts'), failed: sqlBy('failed') } as const
const UNIQUES: Sql = (
  arms,
) => `SELECT toString(network) AS net, uniqCombined64Merge(12)(tokens) AS token_count, uniqCombined64Merge(12)(credentials) AS credential_count
  FROM ${networkUniques(arms)} GROUP BY network`

interface Row {
  readonly net: string
  readonly as_no: number
  readonly land: string
  readonly ok: string
  readonly failed: string
  readonly slowed: string
  readonly attempts: string
}

/** Where attempts, or refused ones, come from. Network 0 holds folded ones and those without an address. */
export const topNetworks: Question<'top-networks'> = {
  name: 'top-networks',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'optional', measure: 'optional', limit: 'optional' },
  method: `${EXACT}; tokens and credentials by uniqCombined64(12), error about 1.6 %, credentials a lower bound where attempts were coalesced`,
  sql: [...Object.values(SQL), UNIQUES],
  async answer(params, reader) {
    const window = await reader.window(params, 'networkDay')
    const found = await reader.rows<Row>(SQL[params.measure ?? 'attempts'], { ...window, limit: params.limit ?? LIMIT })
    if (found.length === 0) return { rows: [] }
    const uniques = await reader.rows<{ net: string; token_count: string; credential_count: string }>(UNIQUES, {
      ...window,
      networks: found.map((row) => BigInt(row.net)),
    })
    const uniquesOf = new Map(uniques.map((row) => [row.net, row]))
    return {
      rows: found.map((row) => ({
        network: networkName(row.net),
        asn: row.as_no,
        country: row.land,
        attempts: Number(row.attempts),
        accepted: Number(row.ok),
        failed: Number(row.failed),
        throttled: Number(row.slowed),
        tokens: Number(uniquesOf.get(row.net)?.token_count ?? 0),
        credentials: Number(uniquesOf.get(row.net)?.credential_count ?? 0),
      })),
    }
  },
}
