import type { Milliseconds } from 'tokentrail'

/** Points that are kept; a span that holds more is cut short. */
const POINTS_MAX = 512

/** The latest values, for means over a trailing span. */
export interface Span {
  add(at: Milliseconds, value: number): void
  /** Mean of the values after `from`. */
  mean(from: Milliseconds): number
  snapshot(): SpanState
  restore(state: SpanState): void
}

export interface SpanState {
  readonly ats: Float64Array
  readonly sums: Float64Array
  readonly count: number
  readonly total: number
}

export function createSpan(): Span {
  const ats = new Float64Array(POINTS_MAX)
  const sums = new Float64Array(POINTS_MAX)
  let [count, total] = [0, 0]

  function add(at: Milliseconds, value: number): void {
    total += value
    ats[count % POINTS_MAX] = at
    sums[count % POINTS_MAX] = total
    count++
  }

  function mean(from: Milliseconds): number {
    const first = Math.max(0, count - POINTS_MAX + 1)
    let i = count - 1
    while (i > first && (ats[(i - 1) % POINTS_MAX] ?? 0) > from) i--
    const before = i === 0 ? 0 : (sums[(i - 1) % POINTS_MAX] ?? 0)
    return (total - before) / (count - i)
  }

  return {
    add,
    mean,
    snapshot: () => ({ ats: ats.slice(), sums: sums.slice(), count, total }),
    restore(state) {
      ats.set(state.ats)
      sums.set(state.sums)
      ;({ count, total } = state)
    },
  }
}
