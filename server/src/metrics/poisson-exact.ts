import type { Rate } from '../query/answer.ts'
import { gammaQuantile } from './gamma.ts'

/** Events per `per` units of exposure, with the exact Poisson interval of Garwood (1936); null without exposure. */
export function rateOf(events: number, exposure: number, per: number, unit: string): Rate | null {
  if (exposure <= 0) return null
  const [low, high] = poissonInterval(events)
  const scale = per / exposure
  return { value: events * scale, events, exposure, unit, low: low * scale, high: high * scale, method: 'poisson-exact-95' }
}

/** 95 % bounds for the mean of a Poisson count: half chi-square quantiles, which are gamma quantiles. */
export function poissonInterval(events: number): readonly [number, number] {
  return [events === 0 ? 0 : gammaQuantile(events, 0.025), gammaQuantile(events + 1, 0.975)]
}
