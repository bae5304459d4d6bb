/** The z whose upper tail is 10^−strangeness, for strangeness from 0.3 on (Abramowitz & Stegun 26.2.23, error below 4.5e-4). */
export function zOfStrangeness(strangeness: number): number {
  const t = Math.sqrt(2 * Math.LN10 * Math.max(strangeness, Math.LOG10E * Math.LN2))
  return t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
}
