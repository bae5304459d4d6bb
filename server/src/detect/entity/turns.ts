import type { FillableMoment } from './moment.ts'

/** Networks that return within so many seconds take turns. */
export const TURN_SECONDS = 300
/** Turns further apart than this belong to another run. */
export const RUN_SECONDS = 900

/** Does this use return to the network before the last one, within minutes? */
export function isTurn({
  memory,
  token: row,
  networkHigh,
  networkLow,
  second,
}: Pick<FillableMoment, 'memory' | 'token' | 'networkHigh' | 'networkLow' | 'second'>): boolean {
  const { lastNetwork, otherNetwork, otherAt } = memory.tokens.fields
  if (networkHigh === lastNetwork.get(row) && networkLow === lastNetwork.get(row, 1)) return false
  return (
    networkHigh === otherNetwork.get(row) &&
    networkLow === otherNetwork.get(row, 1) &&
    second >= otherAt.get(row) &&
    second - otherAt.get(row) <= TURN_SECONDS
  )
}

/** Turns of the run under way, with this one. */
export function turnsWith({ memory, token: row, second }: Pick<FillableMoment, 'memory' | 'token' | 'second'>): number {
  const { turns, turnsFrom } = memory.tokens.fields
  return second - turnsFrom.get(row) <= RUN_SECONDS ? turns.get(row) + 1 : 1
}
