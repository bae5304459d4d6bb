import { gammaP, logGamma } from '../../metrics/gamma.ts'
import { logBeta, logBetaI } from './beta.ts'

/** Strangeness of a count on both sides, as −log10 of the mid-p value: half of the count's own probability belongs to each side. */
export interface Tails {
  readonly up: number
  readonly down: number
}

/** Above this the negative binomial is a Poisson for every purpose, and faster so. */
const POISSON_FROM = 1e5
const LN10 = Math.LN10
/** Nothing is stranger than this; it keeps figures finite where a probability underflows. */
export const STRANGENESS_MAX = 300

/** A count against a negative binomial of mean `mu` and `variance = mu + mu² / r`; Poisson where `r` is large. */
export function countTails(count: number, mu: number, r: number): Tails {
  if (mu <= 0) return { up: count > 0 ? STRANGENESS_MAX : 0, down: 0 }
  const at = logCountProbability(count, mu, r)
  if (count === 0) return { up: strangeness(Math.log1p(-Math.exp(at) / 2)), down: strangeness(at - Math.LN2) }
  const half = Math.exp(at) / 2
  const above = logCountAbove(count, mu, r)
  const up = half > 0 ? Math.exp(above) + half : 0
  return {
    up: up > 0 ? strangeness(Math.log(up)) : strangeness(Math.max(above, at - Math.LN2)),
    down: downOf(1 - up, half, count, mu, r),
  }
}

/** Below the middle the lower tail is summed on its own: one minus the upper tail would lose its digits. */
function downOf(rest: number, half: number, count: number, mu: number, r: number): number {
  if (rest > 1e-6 || half === 0) return strangeness(Math.log(Math.max(rest, 1e-300)))
  return strangeness(Math.log(Math.max(half + Math.exp(logCountBelow(count, mu, r)), 1e-300)))
}

/** P(X ≥ count). */
export function countAtLeast(count: number, mu: number, r: number): number {
  return count <= 0 ? 1 : Math.exp(logCountAbove(count - 1, mu, r))
}

/** ln P(X = count). */
export function logCountProbability(count: number, mu: number, r: number): number {
  if (r >= POISSON_FROM) return count * Math.log(mu) - mu - logGamma(count + 1)
  const combinations = count === 0 ? 0 : -logBeta(count, r) - Math.log(count)
  return combinations + r * Math.log(r / (r + mu)) + (count === 0 ? 0 : count * Math.log(mu / (r + mu)))
}

/** ln P(X > count). */
function logCountAbove(count: number, mu: number, r: number): number {
  if (r < POISSON_FROM) return logBetaI(mu / (mu + r), count + 1, r)
  const p = gammaP(count + 1, mu)
  return p > 0 ? Math.log(p) : -STRANGENESS_MAX * LN10
}

/** ln P(X < count). */
function logCountBelow(count: number, mu: number, r: number): number {
  if (count <= 0) return -Infinity
  if (r < POISSON_FROM) return logBetaI(r / (mu + r), r, count)
  return Math.log(Math.max(1 - gammaP(count, mu), 1e-300))
}

function strangeness(logP: number): number {
  return Math.min(STRANGENESS_MAX, Math.max(0, -logP / LN10))
}
