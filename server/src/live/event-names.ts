import type { Clock } from '../clock.ts'
import type { EventRow } from '../event/row.ts'
import type { EventView } from '../query/rows.ts'
import type { Records, TokenRecord } from '../records/records.ts'
import { viewOf } from './event-view.ts'

/** Turns rows into what people read, with tokens by their public names. */
export interface EventNames {
  viewsOf(rows: readonly EventRow[]): Promise<EventView[]>
}

/** One look-up per sample, however many events it holds. Without records the events go out unnamed. */
export function createEventNames(records: Records, clock: Clock): EventNames {
  async function tokensOf(rows: readonly EventRow[]): Promise<ReadonlyMap<number, TokenRecord>> {
    const numbers = new Set(rows.flatMap((row) => [row.tokenNo, row.claimedNo]).filter((no) => no !== 0))
    if (numbers.size === 0) return new Map()
    const tokens = await records.read.tokensByNo([...numbers]).catch((): readonly TokenRecord[] => [])
    return new Map(tokens.map((token) => [token.no, token]))
  }

  return {
    async viewsOf(rows) {
      const tokens = await tokensOf(rows)
      return rows.map((row) => viewOf(row, tokens, clock.now()))
    },
  }
}
