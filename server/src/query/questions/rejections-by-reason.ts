import { reasonName } from 'tokentrail'
import { isAttempt, classOf } from '../classes.ts'
import { EXACT, type Question } from '../question.ts'
import type { Reader, Sql } from '../reader.ts'
import type { WindowParams } from '../rows.ts'
import { RAW_ATTEMPTS, uniquesByDay } from '../sources.ts'
import { type CountRow, WINDOW_COUNTS_SQL, windowCounts } from '../window-counts.ts'
import { EXACT_BELOW } from './totals.ts'

const UNIQUES_BY_DAY: Sql = (
  arms,
) => `SELECT reason, uniqCombined64Merge(14)(tokens) AS tokens, uniqCombined64Merge(14)(networks) AS networks
  FROM ${uniquesByDay(arms)} WHERE outcome = 2 GROUP BY reason`
const UNIQUES_EXACT = `SELECT reason, uniqExactIf(token_no, token_no != 0) AS tokens, uniqExactIf(network, network != 0) AS networks
  FROM ${RAW_ATTEMPTS} AND outcome = 2 GROUP BY reason`

/** Why attempts were rejected. */
export const rejectionsByReason: Question<'rejections-by-reason'> = {
  name: 'rejections-by-reason',
  fields: { from: 'required', to: 'required', kind: 'optional', token: 'optional' },
  method: `${EXACT}; distinct tokens and networks exact below ${EXACT_BELOW} rejections, else uniqCombined64(14), error about 0.8 %`,
  sql: [...WINDOW_COUNTS_SQL, UNIQUES_BY_DAY, UNIQUES_EXACT],
  async answer(params, reader) {
    const found = byReason(await windowCounts(params, reader))
    const total = found.reduce((sum, { n }) => sum + n, 0)
    const uniques = await uniquesOf(params, reader, total < EXACT_BELOW || params.token !== undefined)
    return {
      rows: found.flatMap(({ reason, n }) => {
        const [name, group] = [reasonName(reason), classOf(2, reason)]
        if (name === undefined || group === null) return []
        return [{ reason: name, class: group, count: n, ...(uniques.get(reason) ?? { tokens: 0, networks: 0 }) }]
      }),
    }
  },
}

function byReason(counts: readonly CountRow[]): readonly { readonly reason: number; readonly n: number }[] {
  const sums = new Map<number, number>()
  for (const row of counts) if (isAttempt(row) && row.outcome === 2) sums.set(row.reason, (sums.get(row.reason) ?? 0) + row.n)
  return [...sums].map(([reason, n]) => ({ reason, n })).sort((a, b) => b.n - a.n || a.reason - b.reason)
}

async function uniquesOf(
  params: WindowParams,
  reader: Reader,
  exact: boolean,
): Promise<ReadonlyMap<number, { readonly tokens: number; readonly networks: number }>> {
  const [sql, source] = exact ? ([UNIQUES_EXACT, 'raw'] as const) : ([UNIQUES_BY_DAY, 'uniqueDay'] as const)
  const found = await reader.rows<{ reason: number; tokens: string; networks: string }>(sql, await reader.window(params, source))
  return new Map(found.map((row) => [row.reason, { tokens: Number(row.tokens), networks: Number(row.networks) }]))
}
