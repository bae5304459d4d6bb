import { KINDS } from 'tokentrail'
import type { Reader, Sql } from './reader.ts'
import type { WindowParams } from './rows.ts'
import { eventCounts } from './sources.ts'

const SQL: Sql = (arms) => `SELECT kind, type, outcome, reason, population, sum(count) AS n, sum(late) AS late_events
  FROM ${eventCounts(arms)} GROUP BY kind, type, outcome, reason, population`

export const WINDOW_COUNTS_SQL = [SQL]

/** Events of a window that are alike, counted. */
export interface CountRow {
  readonly kind: number
  readonly type: number
  readonly outcome: number
  readonly reason: number
  readonly population: number
  readonly n: number
  readonly late_events: number
}

/**
 * Everything that is a plain sum over the window's events. A page asks for most of these sums in several questions at once, so
 * they are counted in one statement, which the window's frame shares with them (`frames.ts`).
 */
export async function windowCounts(params: WindowParams, reader: Reader): Promise<readonly CountRow[]> {
  if (reader.counts === undefined || params.token !== undefined) return readCounts(params, reader)
  const rows = await reader.counts
  return params.kind === undefined ? rows : rows.filter(({ kind }) => kind === KINDS[params.kind ?? 'none'])
}

/** Counts a window whose sums nobody has read yet. */
export async function readCounts(params: WindowParams, reader: Reader): Promise<readonly CountRow[]> {
  return reader.rows<CountRow>(SQL, await reader.window(params, 'day'))
}
