import { reasonName } from 'tokentrail'
import type { Question } from '../question.ts'
import type { CompletenessRow } from '../rows.ts'
import { OF } from '../scope.ts'

const SQL = `SELECT toUnixTimestamp(minute) AS at, reason, sum(stored) AS rows_stored, sum(coalesced) AS in_coalesced, sum(dropped) AS lost
  FROM ${OF.capture_minute} AND minute >= toDateTime({first:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
  GROUP BY at, reason ORDER BY at, reason`

/** Conservation by the minute of receipt. The window is widened to whole minutes. */
export const completeness: Question<'completeness'> = {
  name: 'completeness',
  fields: { from: 'required', to: 'required' },
  method: 'exact: what the store holds and what was declared lost, by the minute of its receipt',
  sql: [SQL],
  async answer({ from, to }, reader) {
    const found = await reader.rows<{ at: number; reason: number; rows_stored: string; in_coalesced: string; lost: string }>(
      SQL,
      {
        first: Math.floor(from / 60_000) * 60,
        end: Math.ceil(to / 60_000) * 60,
      },
    )
    const minutes = Map.groupBy(found, (row) => row.at)
    return {
      rows: [...minutes].map(([at, rows]): CompletenessRow => {
        const sum = (of: 'rows_stored' | 'in_coalesced' | 'lost'): number =>
          rows.reduce((total, row) => total + Number(row[of]), 0)
        const [stored, coalesced, lost] = [sum('rows_stored'), sum('in_coalesced'), sum('lost')]
        const dropped = rows
          .filter((row) => Number(row.lost) > 0)
          .map((row) => [reasonName(row.reason) ?? 'other', Number(row.lost)] as const)
        return { at: at * 1000, received: stored + coalesced + lost, stored, coalesced, dropped: Object.fromEntries(dropped) }
      }),
    }
  },
}
