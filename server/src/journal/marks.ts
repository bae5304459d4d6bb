/** Which numbers of one writer have been received: all up to `high`, but those in `gaps` (ranges, in order, inclusive). */
export interface Mark {
  readonly high: number
  readonly gaps: readonly (readonly [number, number])[]
}

/** A writer of whom nothing is known. Numbers begin at 1; a number 0 is recognised too, and is not missed. */
export const NO_MARK: Mark = { high: 0, gaps: [[0, 0]] }

/** Gaps remembered of one writer. At the bound the oldest is given up: its numbers count as seen. */
export const GAPS_MAX = 1024

/** The mark after `seq` was received; `undefined` if it had been received before. */
export function mark(before: Mark, seq: number): Mark | undefined {
  if (seq === before.high + 1) return { high: seq, gaps: before.gaps }
  if (seq > before.high) return { high: seq, gaps: bounded([...before.gaps, [before.high + 1, seq - 1]]) }
  const at = before.gaps.findIndex(([from, to]) => from <= seq && seq <= to)
  const gap = before.gaps[at]
  if (gap === undefined) return undefined
  return { high: before.high, gaps: bounded([...before.gaps.slice(0, at), ...without(gap, seq), ...before.gaps.slice(at + 1)]) }
}

/** The highest number without a gap below it. */
export function highWater({ high, gaps }: Mark): number {
  const first = gaps.find(([from]) => from > 0)
  return first === undefined ? high : first[0] - 1
}

function without([from, to]: readonly [number, number], seq: number): readonly (readonly [number, number])[] {
  const parts: readonly (readonly [number, number])[] = [
    [from, seq - 1],
    [seq + 1, to],
  ]
  return parts.filter(([start, end]) => start <= end)
}

function bounded(gaps: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  return gaps.length > GAPS_MAX ? gaps.slice(gaps.length - GAPS_MAX) : gaps
}
