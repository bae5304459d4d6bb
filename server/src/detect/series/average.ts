import type { Milliseconds } from 'tokentrail'

/** A mean in which what is a half-life old counts half. */
export interface Average {
  sum: number
  weight: number
  at: Milliseconds
}

export function blankAverage(): Average {
  return { sum: 0, weight: 0, at: 0 }
}

export function addTo(average: Average, at: Milliseconds, value: number, weight: number, halfLifeMs: number): void {
  const kept = average.weight === 0 ? 0 : 2 ** (-Math.max(0, at - average.at) / halfLifeMs)
  average.sum = average.sum * kept + value * weight
  average.weight = average.weight * kept + weight
  average.at = Math.max(at, average.at)
}

/** The mean, drawn to `prior` as if that had been seen `priorWeight` times. */
export function meanOf({ sum, weight }: Average, prior = 0, priorWeight = 0): number {
  const total = weight + priorWeight
  return total === 0 ? prior : (sum + prior * priorWeight) / total
}
