import type { Milliseconds } from 'tokentrail'

const HOUR_MS = 3_600_000
const WEEK_HOURS = 168

/** In so many of the last four weeks an hour of the week saw use before it counts as a habit. */
const WEEKS_MIN = 2
/** Hours with use before a usual gap can be told. */
const GAPS_FROM = 3

/** When a token will likely be used next, and how that is known. */
export interface NextUse {
  readonly at: Milliseconds
  readonly by: 'hour of the week' | 'usual gap'
}

/** The next use that habit lets expect, from the hours (their starts) in which a token was used; `null` without a habit. */
export function nextUseOf(hours: readonly Milliseconds[], now: Milliseconds): NextUse | null {
  const used = new Set(hours.map((at) => Math.floor(at / HOUR_MS)))
  const current = Math.floor(now / HOUR_MS)
  for (let ahead = 1; ahead <= WEEK_HOURS; ahead += 1) {
    const hour = current + ahead
    const weeks = [1, 2, 3, 4].filter((week) => used.has(hour - week * WEEK_HOURS)).length
    if (weeks >= WEEKS_MIN) return { at: hour * HOUR_MS, by: 'hour of the week' }
  }
  return byGap(
    [...used].toSorted((a, b) => a - b),
    current,
  )
}

function byGap(used: readonly number[], current: number): NextUse | null {
  const gaps = used
    .slice(1)
    .map((hour, i) => hour - (used[i] ?? hour))
    .toSorted((a, b) => a - b)
  const usual = gaps[Math.floor(gaps.length / 2)]
  const last = used.at(-1)
  if (gaps.length < GAPS_FROM || usual === undefined || last === undefined) return null
  return last + usual > current ? { at: (last + usual) * HOUR_MS, by: 'usual gap' } : null
}
