import { logGamma } from '../../metrics/gamma.ts'

const STEPS_MAX = 20_000
const EPSILON = 1e-14
const TINY = 1e-300

/** ln B(a, b). */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b)
}

/** ln of the regularised incomplete beta function I_x(a, b), with its digits even where it is tiny (Numerical Recipes §6.4). */
export function logBetaI(x: number, a: number, b: number): number {
  if (x <= 0) return -Infinity
  if (x >= 1) return 0
  if (x < (a + 1) / (a + b + 2)) return logFront(x, a, b) + Math.log(fraction(x, a, b) / a)
  const other = Math.exp(logFront(1 - x, b, a)) * (fraction(1 - x, b, a) / b)
  return Math.log(Math.max(1 - other, TINY))
}

function logFront(x: number, a: number, b: number): number {
  return a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)
}

/** Lentz's method, with the usual guard against a zero denominator. */
function fraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / guarded(1 - ((a + b) * x) / (a + 1))
  let h = d
  for (let m = 1; m < STEPS_MAX; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / guarded(1 + even * d)
    c = guarded(1 + even / c)
    h *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / guarded(1 + odd * d)
    c = guarded(1 + odd / c)
    h *= d * c
    if (Math.abs(d * c - 1) < EPSILON) break
  }
  return h
}

function guarded(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}
