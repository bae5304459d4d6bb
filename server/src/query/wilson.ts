import type { Share } from './answer.ts'

/** The 97.5th percentile of the normal distribution. */
export const Z_95 = 1.959963984540054

/** A proportion with Wilson's 95 % interval (Newcombe 1998, method 3); null without a denominator. */
export function shareOf(numerator: number, denominator: number): Share | null {
  if (denominator <= 0) return null
  const [low, high] = wilson(numerator, denominator)
  return { value: numerator / denominator, numerator, denominator, low, high, method: 'wilson-95' }
}

/** Bounds are exactly 0 and 1 at the ends, where rounding would leave a trace. */
function wilson(numerator: number, n: number): readonly [number, number] {
  const p = numerator / n
  const z2 = Z_95 * Z_95
  const middle = (p + z2 / (2 * n)) / (1 + z2 / n)
  const half = (Z_95 * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n)
  return [numerator === 0 ? 0 : Math.max(0, middle - half), numerator === n ? 1 : Math.min(1, middle + half)]
}
