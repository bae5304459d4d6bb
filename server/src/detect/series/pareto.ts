/** A generalised Pareto distribution of what exceeds a threshold: `P(X > x) = (1 + shape·x ⁄ scale)^(−1 ⁄ shape)`. */
export interface Pareto {
  readonly shape: number
  readonly scale: number
}

/** A tail that is nearly bounded or hardly has a mean is not believed from a few dozen excesses. */
const SHAPE_MIN = -0.5
const SHAPE_MAX = 0.9

/**
 * Probability-weighted moments (Hosking & Wallis 1987), with `xs` sorted ascending. The shape is drawn towards `prior.shape` as if that had been
 * seen `prior.weight` times, and the scale follows so that the mean stays.
 */
export function fitPareto(xs: ArrayLike<number>, prior = { shape: 0, weight: 0 }): Pareto {
  const n = xs.length
  let [a0, a1] = [0, 0]
  for (let i = 0; i < n; i++) {
    const x = xs[i] ?? 0
    a0 += x / n
    a1 += (x * (n - 1 - i)) / Math.max(1, n - 1) / n
  }
  const spread = a0 - 2 * a1
  const raw = spread > 0 ? 2 - a0 / spread : SHAPE_MIN
  const drawn = (n * clip(raw) + prior.weight * prior.shape) / (n + prior.weight)
  return { shape: drawn, scale: Math.max(1e-12, a0 * (1 - drawn)) }
}

/** ln P(X > excess). */
export function logParetoAbove({ shape, scale }: Pareto, excess: number): number {
  if (excess <= 0) return 0
  if (Math.abs(shape) < 1e-9) return -excess / scale
  return -Math.log(Math.max(1 + (shape * excess) / scale, 1e-9)) / shape
}

function clip(shape: number): number {
  return Math.min(SHAPE_MAX, Math.max(SHAPE_MIN, shape))
}
