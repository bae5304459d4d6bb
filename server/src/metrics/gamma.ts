/** Steps of series and of root finding; each converges long before. */
const STEPS_MAX = 100_000
const EPSILON = 1e-15

/** Where the gamma distribution of shape `a` (scale 1) reaches probability `p`, by bisection between sure bounds. */
export function gammaQuantile(a: number, p: number): number {
  let low = 0
  let high = a + 10 * Math.sqrt(a) + 20
  while (high - low > EPSILON * 4 * high) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (gammaP(a, middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Regularised lower incomplete gamma function P(a, x): series below a + 1, continued fraction above (Numerical Recipes §6.2). */
export function gammaP(a: number, x: number): number {
  if (x <= 0) return 0
  return x < a + 1 ? lowerSeries(a, x) : 1 - upperFraction(a, x)
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < STEPS_MAX; n++) {
    term *= x / (a + n)
    sum += term
    if (term < sum * EPSILON) break
  }
  return sum * density(a, x)
}

/** Lentz's method, with the usual guard against a zero denominator. */
function upperFraction(a: number, x: number): number {
  const tiny = 1e-300
  let b = x + 1 - a
  let c = 1 / tiny
  let d = 1 / b
  let h = d
  for (let n = 1; n < STEPS_MAX; n++) {
    const an = -n * (n - a)
    b += 2
    d = 1 / (Math.abs(an * d + b) < tiny ? tiny : an * d + b)
    c = Math.abs(b + an / c) < tiny ? tiny : b + an / c
    h *= d * c
    if (Math.abs(d * c - 1) < EPSILON) break
  }
  return h * density(a, x)
}

/** xᵃ e⁻ˣ ⁄ Γ(a), in logarithms so that large shapes do not overflow. */
function density(a: number, x: number): number {
  return Math.exp(a * Math.log(x) - x - logGamma(a))
}

/** Stirling's series after shifting the argument above 10: about fifteen digits. */
export function logGamma(value: number): number {
  let x = value
  let shift = 0
  for (; x < 10; x++) shift += Math.log(x)
  const r = 1 / (x * x)
  const series = 1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360_360))))
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x - shift
}
