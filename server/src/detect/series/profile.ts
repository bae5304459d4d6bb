import type { Milliseconds } from 'tokentrail'
import { DAY_MS, HOUR_MS, HOURS_OF_WEEK, type HourOfWeek } from './hour-of-week.ts'

const LEVEL_HALF_LIFE_HOURS = 72
/** The slower level that drift is measured against. */
const REFERENCE_HALF_LIFE_HOURS = 14 * 24
/** Half a count more than was seen (Jeffreys): what never happened is rare, not impossible. */
const PRIOR_COUNT = 0.5
/** A season forgets over four weeks. */
const SEASON_KEPT = 2 ** (-1 / 4)
/** A level that has stood this far from its reference for so long is the new normal. */
const NEW_NORMAL_RATIO = 1.3
const NEW_NORMAL_MS = 14 * DAY_MS
const LEARNING_MS = 14 * DAY_MS
/** Before this nothing at all is known. */
const BLANK_MS = 2 * DAY_MS
/** Silence longer than this is learned anew. */
const IDLE_MS = 60 * DAY_MS

/** What a stream expects of an hour: `exp(level + season)`, season by hour of the week drawn to the hour of the day. */
export interface Profile {
  /** Expected count of a bucket; of a day, with the level as it stood a day before. */
  expect(at: Milliseconds, bucketMs: Milliseconds): number
  /** By how much the level stands above its slow reference, as a factor. */
  drift(): number
  /** One full hour. `weight` below 1 where it was too strange to be believed. */
  teach(at: Milliseconds, count: number, weight: number): void
  /** `blank`: no judgement yet; `learning`: by level and, weakly, hour of the day. */
  age(at: Milliseconds): 'blank' | 'learning' | 'grown'
  /** The clock of its hours was set forward by so many: what it knows of an hour is known of the same moment as before. */
  turn(hours: number): void
  snapshot(): ProfileState
  restore(state: ProfileState): void
}

export interface ProfileState {
  readonly season: readonly Float32Array[]
  readonly level: readonly number[]
}

export function createProfile(hourOfWeek: HourOfWeek): Profile {
  const weekCounts = new Float32Array(HOURS_OF_WEEK)
  const weekLevels = new Float32Array(HOURS_OF_WEEK)
  const weekSeen = new Float32Array(HOURS_OF_WEEK)
  const dayCounts = new Float32Array(24)
  const dayLevels = new Float32Array(24)
  const daySeen = new Float32Array(24)
  const arrays = [weekCounts, weekLevels, weekSeen, dayCounts, dayLevels, daySeen]
  // counts and factors decayed at two speeds; their quotients are level and reference
  let [counts, factors, slowCounts, slowFactors] = [0, 0, 0, 0]
  let [held, firstAt, lastCountAt, shiftedSince] = [0, -1, -1, -1]

  function factor(place: number): number {
    const day = place % 24
    const days = daySeen[day] ?? 0
    const byDay = (days / (days + 1)) * Math.log(((dayCounts[day] ?? 0) + 1) / ((dayLevels[day] ?? 0) + 1))
    const weeks = weekSeen[place] ?? 0
    const byWeek = Math.log(((weekCounts[place] ?? 0) + 1) / ((weekLevels[place] ?? 0) + 1))
    return Math.exp((weeks * byWeek + 4 * byDay) / (weeks + 4))
  }

  const levelNow = (): number => (factors > 0 ? (counts + PRIOR_COUNT) / (factors + PRIOR_COUNT) : 0)
  const reference = (): number => (slowFactors > 0 ? (slowCounts + PRIOR_COUNT) / (slowFactors + PRIOR_COUNT) : 0)

  function expect(at: Milliseconds, bucketMs: Milliseconds): number {
    if (bucketMs <= HOUR_MS) return (levelNow() * factor(hourOfWeek(at)) * bucketMs) / HOUR_MS
    let sum = 0
    for (let hour = at; hour < at + bucketMs; hour += HOUR_MS) sum += factor(hourOfWeek(hour))
    return sum * held
  }

  function teach(at: Milliseconds, count: number, weight: number): void {
    if (firstAt < 0 || (lastCountAt >= 0 && at - lastCountAt > IDLE_MS && count > 0)) startAnew(at)
    if (count > 0) lastCountAt = at
    const place = hourOfWeek(at)
    const [level, share] = [levelNow(), factor(place)]
    teachLevel(count * weight, share * weight)
    if (level > 0) teachSeason(place, count * weight, level * weight, weight)
    if ((at + HOUR_MS) % DAY_MS === 0) endDay(at)
  }

  function teachLevel(count: number, share: number): void {
    const [kept, slowlyKept] = [2 ** (-1 / LEVEL_HALF_LIFE_HOURS), 2 ** (-1 / REFERENCE_HALF_LIFE_HOURS)]
    counts = counts * kept + count
    factors = factors * kept + share
    slowCounts = slowCounts * slowlyKept + count
    slowFactors = slowFactors * slowlyKept + share
  }

  function teachSeason(place: number, count: number, level: number, weight: number): void {
    const day = place % 24
    const daily = SEASON_KEPT ** (1 / 7)
    weekCounts[place] = (weekCounts[place] ?? 0) * SEASON_KEPT + count
    weekLevels[place] = (weekLevels[place] ?? 0) * SEASON_KEPT + level
    weekSeen[place] = (weekSeen[place] ?? 0) * SEASON_KEPT + weight
    dayCounts[day] = (dayCounts[day] ?? 0) * daily + count
    dayLevels[day] = (dayLevels[day] ?? 0) * daily + level
    daySeen[day] = (daySeen[day] ?? 0) * daily + weight
  }

  function endDay(at: Milliseconds): void {
    held = levelNow()
    const away = Math.abs(Math.log((held + 0.01) / (reference() + 0.01))) > Math.log(NEW_NORMAL_RATIO)
    if (!away) shiftedSince = -1
    else if (shiftedSince < 0) shiftedSince = at
    else if (at - shiftedSince >= NEW_NORMAL_MS) becomeNormal()
  }

  /** The level is the reference from now on; the season is believed half as much as before, so that a new one shows soon. */
  function becomeNormal(): void {
    ;[slowCounts, slowFactors, shiftedSince] = [counts, factors, -1]
    for (const array of arrays) for (let i = 0; i < array.length; i++) array[i] = (array[i] ?? 0) / 2
  }

  function startAnew(at: Milliseconds): void {
    for (const array of arrays) array.fill(0)
    ;[counts, factors, slowCounts, slowFactors, held, firstAt, shiftedSince] = [0, 0, 0, 0, 0, at, -1]
  }

  return {
    expect,
    teach,
    drift: () => (reference() > 0 ? levelNow() / reference() : 1),
    age(at) {
      if (firstAt < 0 || at - firstAt < BLANK_MS) return 'blank'
      return at - firstAt < LEARNING_MS ? 'learning' : 'grown'
    },
    turn(hours) {
      for (const array of arrays) turnArray(array, hours)
    },
    snapshot: () => ({
      season: arrays.map((array) => array.slice()),
      level: [counts, factors, slowCounts, slowFactors, held, firstAt, lastCountAt, shiftedSince],
    }),
    restore({ season, level }) {
      arrays.forEach((array, i) => array.set(season[i] ?? array))
      ;[counts = 0, factors = 0, slowCounts = 0, slowFactors = 0, held = 0, firstAt = -1, lastCountAt = -1, shiftedSince = -1] =
        level
    },
  }
}

function turnArray(array: Float32Array, by: number): void {
  const before = array.slice()
  const { length } = array
  before.forEach((value, i) => (array[(((i + by) % length) + length) % length] = value))
}
