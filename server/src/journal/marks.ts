import type { Milliseconds } from 'tokentrail'

/** Numbers that have not come though later ones have, inclusive. */
export interface Gap {
  readonly from: number
  readonly to: number
  /** When the later one came; 0 for what lies before the first number seen, which nobody misses. */
  readonly at: Milliseconds
  readonly tenant: number
  /** It has been told of by `gap.found`. */
  readonly isFound?: true
}

/** Which numbers of one writer have been received: all up to `high`, but those in `gaps`, which are in order. */
export interface Mark {
  readonly high: number
  readonly gaps: readonly Gap[]
}

/** A writer of whom nothing is known. Numbers begin at 1; a number 0 is recognised too, and is not missed. */
export const NO_MARK: Mark = { high: 0, gaps: [{ from: 0, to: 0, at: 0, tenant: 0 }] }

/** Gaps remembered of one writer. At the bound the oldest is given up: its numbers count as seen. */
export const GAPS_MAX = 1024

/** The mark after `seq` was received at a time for a tenant; `undefined` if it had been received before. */
export function mark(before: Mark, seq: number, at: Milliseconds, tenant: number): Mark | undefined {
  if (seq === before.high + 1) return { high: seq, gaps: before.gaps }
  if (seq > before.high) return { high: seq, gaps: bounded([...before.gaps, newGap(before, seq, at, tenant)]) }
  const index = before.gaps.findIndex(({ from, to }) => from <= seq && seq <= to)
  const gap = before.gaps[index]
  if (gap === undefined) return undefined
  return {
    high: before.high,
    gaps: bounded([...before.gaps.slice(0, index), ...without(gap, seq), ...before.gaps.slice(index + 1)]),
  }
}

/** The highest number without a gap below it. */
export function highWater({ high, gaps }: Mark): number {
  const first = gaps.find(({ from }) => from > 0)
  return first === undefined ? high : first.from - 1
}

/** Gaps that are missed since before a time and have not been told of. */
export function overdue({ gaps }: Mark, before: Milliseconds): readonly Gap[] {
  return gaps.filter(({ at, isFound }) => at > 0 && at <= before && !isFound)
}

/** The same mark, with those gaps told of. */
export function withFound({ high, gaps }: Mark, found: readonly Gap[]): Mark {
  return { high, gaps: gaps.map((gap) => (found.includes(gap) ? { ...gap, isFound: true } : gap)) }
}

/** Numbers in a mark's gaps that have been told of. */
export function foundNumbers({ gaps }: Mark): number {
  return gaps.reduce((sum, { from, to, isFound }) => sum + (isFound ? to - from + 1 : 0), 0)
}

function newGap(before: Mark, seq: number, at: Milliseconds, tenant: number): Gap {
  return { from: before.high + 1, to: seq - 1, at: before.high === 0 ? 0 : at, tenant }
}

function without(gap: Gap, seq: number): readonly Gap[] {
  const parts = [
    { ...gap, to: seq - 1 },
    { ...gap, from: seq + 1 },
  ]
  return parts.filter(({ from, to }) => from <= to)
}

function bounded(gaps: readonly Gap[]): readonly Gap[] {
  return gaps.length > GAPS_MAX ? gaps.slice(gaps.length - GAPS_MAX) : gaps
}
