import { logGamma } from '../../metrics/gamma.ts'

/** −log10 of the chance that a Poisson count of this mean reaches `observed`; 0 where it is not above the mean. An upper bound of the tail. */
export function poissonTail(observed: number, mean: number): number {
  const expected = Math.max(mean, 1e-6)
  if (observed <= expected) return 0
  const logTerm = observed * Math.log(expected) - expected - logGamma(observed + 1)
  const logRest = -Math.log1p(-expected / (observed + 1))
  return Math.max(0, -(logTerm + logRest) / Math.LN10)
}
