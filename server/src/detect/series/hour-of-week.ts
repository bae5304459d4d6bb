import type { Milliseconds } from 'tokentrail'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
export const HOURS_OF_WEEK = 168

/** Hour of the week, 0 = Monday 00:00, by the clock of a time zone: a clock change moves no season. */
export type HourOfWeek = (at: Milliseconds) => number

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
/** Hours remembered per zone; a stream asks for a day of them at once. */
const REMEMBERED = 1024

/** 1970-01-01 was a Thursday. */
const utc: HourOfWeek = (at) => (((Math.floor(at / HOUR_MS) + 72) % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK

export function hourOfWeekIn(timeZone: string): HourOfWeek {
  if (timeZone === 'UTC') return utc
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', hourCycle: 'h23' })
  const hours = new Float64Array(REMEMBERED).fill(NaN)
  const places = new Uint8Array(REMEMBERED)
  return (at) => {
    const hour = Math.floor(at / HOUR_MS)
    const slot = ((hour % REMEMBERED) + REMEMBERED) % REMEMBERED
    if (hours[slot] !== hour) [hours[slot], places[slot]] = [hour, read(clock, hour * HOUR_MS)]
    return places[slot] ?? 0
  }
}

function read(clock: Intl.DateTimeFormat, at: Milliseconds): number {
  const parts = new Map(clock.formatToParts(at).map(({ type, value }) => [type, value]))
  return Math.max(0, WEEKDAYS.indexOf(parts.get('weekday') ?? '')) * 24 + Number(parts.get('hour') ?? 0)
}
