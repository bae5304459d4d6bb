import type { Milliseconds } from 'tokentrail'

const POINTS_MAX = 512

/** The latest values, for means over a trailing span. */
export interface Span {
  add(at: Milliseconds, value: number): void
  /** Mean of the values after `from`. */
  mean(from: Milliseconds): number
}

export function createSpan(): Span {
  const ats = new Float64Array(POINTS_MAX)
  const sums = new Float64Array(POINTS_MAX)
  let count = 0
  let total = 0
  return {
    add(at, value) {
      total += value
      ats[count % POINTS_MAX] = at
      sums[count % POINTS_MAX] = total
      count++
    },
    mean(from) {
      const first = Math.max(0, count - POINTS_MAX + 1)
      let i = count - 1
      while (i > first && (ats[(i - 1) % POINTS_MAX] ?? 0) > from) i--
      const before = i === 0 ? 0 : (sums[(i - 1) % POINTS_MAX] ?? 0)
      return (total - before) / (count - i)
    },
  }
}
