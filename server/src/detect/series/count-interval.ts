import { countTails } from './negative-binomial.ts'

/** Half a percent lies on either side of what is called expected. */
const STRANGE = -Math.log10(0.005)

/** The counts that are ordinary for a mean and a size: 99 % of a negative binomial. */
export function countInterval(mu: number, r: number): { readonly low: number; readonly high: number } {
  if (mu <= 0) return { low: 0, high: 0 }
  const middle = Math.floor(mu)
  return {
    low: firstWhere(0, middle, (count) => countTails(count, mu, r).down < STRANGE),
    high: firstWhere(middle, Math.ceil(20 * (mu + 1) * (1 + 1 / r)), (count) => countTails(count + 1, mu, r).up >= STRANGE),
  }
}

/** The lowest number in a range from which on something holds; the range's end if nowhere. */
function firstWhere(from: number, to: number, holds: (count: number) => boolean): number {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
