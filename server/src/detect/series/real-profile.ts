import type { Milliseconds } from 'tokentrail'
import { addTo, blankAverage, meanOf } from './average.ts'
import { HOUR_MS, HOURS_OF_WEEK, type HourOfWeek } from './hour-of-week.ts'

export interface RealProfileOptions {
  readonly levelHalfLifeMs: Milliseconds
  /** Half-life of a level that follows quickly. */
  readonly fastHalfLifeMs: Milliseconds
  readonly seasonHalfLifeMs: Milliseconds
  readonly hourOfWeek: HourOfWeek
}

/** What a real-valued series expects: a slow and a fast level, and a season by hour of the week drawn to the hour of the day, added. */
export interface RealProfile {
  /** 0 until something was taught. */
  level(): number
  fast(): number
  /** How far the season lies from the level at this hour. */
  season(at: Milliseconds): number
  /** `weight` below 1 where the point was too strange to be believed; the fast level believes all. */
  teach(at: Milliseconds, value: number, weight: number): void
  snapshot(): RealProfileState
  restore(state: RealProfileState): void
}

type Averages = ReturnType<typeof blankAverages>
export type RealProfileState = Averages

export function createRealProfile(options: RealProfileOptions): RealProfile {
  const { levelHalfLifeMs, fastHalfLifeMs, seasonHalfLifeMs, hourOfWeek } = options
  const hoursOfLevel = levelHalfLifeMs / HOUR_MS / Math.LN2
  let known = blankAverages()

  function season(at: Milliseconds): number {
    const { week, day } = placeOf(at)
    if (!week || !day || day.weight === 0) return 0
    const weeks = week.weight / Math.max(1, known.level.weight / hoursOfLevel)
    return (weeks * meanOf(week) + 4 * meanOf(day)) / (weeks + 4)
  }

  function placeOf(at: Milliseconds) {
    const hour = hourOfWeek(at)
    return { week: known.weeks[hour], day: known.days[hour % 24] }
  }

  function teach(at: Milliseconds, value: number, weight: number): void {
    const away = known.level.weight === 0 ? 0 : value - meanOf(known.level)
    const { week, day } = placeOf(at)
    if (week) addTo(week, at, away, weight, seasonHalfLifeMs)
    if (day) addTo(day, at, away, weight, seasonHalfLifeMs)
    addTo(known.level, at, value, weight, levelHalfLifeMs)
    addTo(known.fast, at, value, 1, fastHalfLifeMs)
  }

  return {
    level: () => meanOf(known.level),
    fast: () => meanOf(known.fast),
    season,
    teach,
    snapshot: () => structuredClone(known),
    restore(state) {
      known = structuredClone(state)
    },
  }
}

function blankAverages() {
  return {
    level: blankAverage(),
    fast: blankAverage(),
    days: Array.from({ length: 24 }, blankAverage),
    weeks: Array.from({ length: HOURS_OF_WEEK }, blankAverage),
  }
}
