import { logBeta } from './beta.ts'
import { logGamma } from '../../metrics/gamma.ts'

const TERMS_MAX = 4096
const NEGLIGIBLE = 1e-12

/**
 * −log10 of the upper mid-p value of `hits` out of `tries`, where the share itself varies: mean `share`, and `spread` of its variance between 0
 * (binomial) and 1. Summed from `hits` upwards until a term no longer counts.
 */
export function shareStrangeness(hits: number, tries: number, share: number, spread: number): number {
  if (tries <= 0 || hits <= tries * share) return 0
  const concentration = 1 / Math.max(spread, 1e-6) - 1
  const [a, b] = [Math.max(share, 1e-9) * concentration, Math.max(1 - share, 1e-9) * concentration]
  const first = logChoose(tries, hits) + logBeta(hits + a, tries - hits + b) - logBeta(a, b)
  let [term, sum] = [1, 0.5]
  for (let k = hits; k < Math.min(tries, hits + TERMS_MAX); k++) {
    term *= ((tries - k) * (k + a)) / ((k + 1) * (tries - k - 1 + b))
    sum += term
    if (term < sum * NEGLIGIBLE) break
  }
  return Math.max(0, -(first + Math.log(sum)) / Math.LN10)
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
}
