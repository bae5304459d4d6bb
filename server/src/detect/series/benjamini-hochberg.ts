/** Which of many p values stand at a false discovery rate of `rate` (Benjamini & Hochberg 1995): the largest p that passes. `total` counts all tests. */
export function discoveryThreshold(ps: readonly number[], rate: number, total = ps.length): number {
  const sorted = ps.toSorted((a, b) => a - b)
  const last = sorted.findLastIndex((p, i) => p <= (rate * (i + 1)) / total)
  return last < 0 ? 0 : (sorted[last] ?? 0)
}
