import { Z_95 } from '../query/wilson.ts'

/**
 * One observed life in whole units of age: at risk from `entry` to `exit`, both included (left truncation); `cause` is what
 * ended it at `exit`, or null where it was still alive (censored).
 */
export interface Life<Cause extends string = string> {
  readonly entry: number
  readonly exit: number
  readonly cause: Cause | null
}

/** The survival curve right after one age at which lives ended. */
export interface SurvivalPoint {
  readonly age: number
  readonly atRisk: number
  readonly ended: number
  readonly survival: number
  /** Greenwood's standard error of `survival`. */
  readonly error: number
  /** 95 % bounds on the log-log scale. */
  readonly low: number
  readonly high: number
}

/** Kaplan–Meier: S(t) = Π (1 − dᵢ/nᵢ). At equal age endings come before censorings. */
export function kaplanMeier(lives: readonly Life[]): readonly SurvivalPoint[] {
  const atRisk = riskCounter(lives)
  const points: SurvivalPoint[] = []
  let survival = 1
  let greenwood = 0
  for (const [age, ended] of endingsByAge(lives)) {
    const n = atRisk(age)
    survival *= 1 - ended / n
    greenwood += n === ended ? 0 : ended / (n * (n - ended))
    points.push({ age, atRisk: n, ended, survival, error: survival * Math.sqrt(greenwood), ...logLog(survival, greenwood) })
  }
  return points
}

/** How many lives are at risk at an age: entry ≤ age ≤ exit. Lives that end before they enter are never seen. */
export function riskCounter(lives: readonly Life[]): (age: number) => number {
  const seen = lives.filter((life) => life.exit >= life.entry)
  const entries = Float64Array.from(seen, (life) => life.entry).sort()
  const exits = Float64Array.from(seen, (life) => life.exit).sort()
  return (age) => countBelow(entries, age + 1) - countBelow(exits, age)
}

/** Endings per age, youngest first. */
function endingsByAge(lives: readonly Life[]): readonly (readonly [number, number])[] {
  const counts = new Map<number, number>()
  for (const { entry, exit, cause } of lives) if (cause !== null && exit >= entry) counts.set(exit, (counts.get(exit) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => a - b)
}

/** How many of the sorted whole numbers are smaller than `bound`. */
function countBelow(sorted: Float64Array, bound: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? Infinity) < bound) low = middle + 1
    else high = middle
  }
  return low
}

/** S^exp(±z σ / ln S): stays inside 0…1 where the plain interval would not. */
function logLog(survival: number, greenwood: number): { low: number; high: number } {
  if (survival <= 0 || survival >= 1) return { low: survival, high: survival }
  const width = (Z_95 * Math.sqrt(greenwood)) / Math.log(survival)
  return { low: survival ** Math.exp(-width), high: survival ** Math.exp(width) }
}

/** The first age at which at most half survive, with the ages where the bounds do; null is "not reached". */
export function medianOf(points: readonly SurvivalPoint[]): {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
} {
  const first = (of: (point: SurvivalPoint) => number): number | null => points.find((point) => of(point) <= 0.5)?.age ?? null
  return { value: first((p) => p.survival), low: first((p) => p.low), high: first((p) => p.high) }
}

/**
 * Restricted mean ∫₀^τ S(t) dt: how much of its first τ a token lives. Its variance is Σ A(tᵢ)² dᵢ ⁄ (nᵢ (nᵢ − dᵢ)) with A the
 * area from tᵢ to τ; the normal interval is cut to [0, τ].
 */
export function restrictedMean(
  points: readonly SurvivalPoint[],
  tau: number,
): {
  readonly value: number
  readonly error: number
  readonly low: number
  readonly high: number
} {
  const inside = points.filter((point) => point.age <= tau)
  let area = 0
  let variance = 0
  let end = tau
  for (const point of inside.toReversed()) {
    area += point.survival * (end - point.age)
    end = point.age
    if (point.atRisk > point.ended) variance += (area * area * point.ended) / (point.atRisk * (point.atRisk - point.ended))
  }
  const value = area + end
  const error = Math.sqrt(variance)
  return { value, error, low: Math.max(0, value - Z_95 * error), high: Math.min(tau, value + Z_95 * error) }
}
