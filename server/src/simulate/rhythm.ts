import type { Milliseconds } from 'tokentrail'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** How busy a caller is over the week, as multiples of its mean. */
export type RhythmName = 'steady' | 'office' | 'consumer' | 'nightly'

/** Relative activity by hour of the day, and on Saturday and Sunday against a weekday. */
const SHAPES: Readonly<Record<RhythmName, { readonly hours: readonly number[]; readonly weekend: number }>> = {
  steady: { hours: [9, 9, 9, 9, 9, 9, 10, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 10, 10, 10, 10, 9, 9], weekend: 0.92 },
  office: { hours: [2, 1, 1, 1, 1, 3, 8, 22, 55, 88, 100, 96, 72, 84, 98, 94, 82, 58, 30, 16, 10, 7, 5, 3], weekend: 0.14 },
  consumer: {
    hours: [22, 13, 8, 5, 5, 8, 18, 36, 48, 54, 58, 64, 72, 68, 62, 62, 68, 78, 90, 100, 98, 84, 62, 38],
    weekend: 1.22,
  },
  nightly: { hours: [0, 12, 100, 46, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], weekend: 1 },
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Activity in the hour that holds `at`, by the clock of a time zone. The mean over a week is 1. */
export type Rhythm = (name: RhythmName, at: Milliseconds) => number

export function createRhythm(timeZone: string): Rhythm {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', hourCycle: 'h23' })
  const tables = Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, weekOf(shape)])) as Record<
    RhythmName,
    readonly number[]
  >
  let [hour, place] = [-1, 0]

  /** Hour of the week from Monday 00:00 local; remembered, because callers ask hour after hour. */
  function placeOf(at: Milliseconds): number {
    const asked = Math.floor(at / HOUR_MS)
    if (asked !== hour) [hour, place] = [asked, hourOfWeek(clock, asked * HOUR_MS)]
    return place
  }

  return (name, at) => tables[name][placeOf(at)] ?? 0
}

function weekOf({ hours, weekend }: (typeof SHAPES)[RhythmName]): readonly number[] {
  const week = Array.from({ length: 168 }, (_, i) => (hours[i % 24] ?? 0) * (i >= 120 ? weekend : 1))
  const mean = week.reduce((sum, value) => sum + value, 0) / week.length
  return week.map((value) => value / mean)
}

function hourOfWeek(clock: Intl.DateTimeFormat, at: Milliseconds): number {
  const parts = new Map(clock.formatToParts(at).map(({ type, value }) => [type, value]))
  return Math.max(0, WEEKDAYS.indexOf(parts.get('weekday') ?? '')) * 24 + Number(parts.get('hour') ?? 0)
}

/** The moment of a local hour and minute, `daysBefore` days before `at`. */
export function localTime(timeZone: string, at: Milliseconds, daysBefore: number, hour: number, minute: number): Milliseconds {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const day = at - daysBefore * DAY_MS
  const parts = new Map(clock.formatToParts(day).map(({ type, value }) => [type, Number(value)]))
  const minutes = (hour - (parts.get('hour') ?? 0)) * 60 + minute - (parts.get('minute') ?? 0)
  return Math.floor(day / 60_000) * 60_000 + minutes * 60_000
}
