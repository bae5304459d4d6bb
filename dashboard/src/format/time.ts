import type { Milliseconds, Step } from '../api/types.ts'
import { t } from './strings.ts'
import { DAY, HOUR, MINUTE } from './window.ts'

export type Zone = 'utc' | 'local'

/** Times for people in one zone. 24-hour clock, no guesses about the reader's country. */
export interface TimeFormat {
  readonly zone: Zone
  /** `UTC` or the name of the browser's zone. */
  readonly zoneName: string
  /** 25 Nov 2026, 14:37:05 */
  stamp(at: Milliseconds): string
  /** 25 Nov, 14:37 */
  short(at: Milliseconds): string
  /** 14:37:05.123 */
  clock(at: Milliseconds): string
  /** 25 Nov 2026 */
  day(at: Milliseconds): string
  /** The name of a bucket: its start, as exact as the step. */
  bucket(at: Milliseconds, step: Step): string
  /** The label of a tick on a time axis. */
  tick(at: Milliseconds, gapMs: number): string
  /** `2026-11-25T14:37`, for an input field. */
  field(at: Milliseconds): string
  /** The moment that an input field names in this zone. */
  parseField(text: string): Milliseconds | undefined
  /** Minutes that this zone is ahead of UTC at a moment. */
  offsetMinutes(at: Milliseconds): number
}

const LOCALE = 'en-GB'

export function timeFormat(zone: Zone): TimeFormat {
  const zoneName = zone === 'utc' ? 'UTC' : new Intl.DateTimeFormat().resolvedOptions().timeZone
  const make = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: zoneName, hourCycle: 'h23' })
    return (at: Milliseconds) => format.format(at)
  }
  const [date, minute] = [
    { day: 'numeric', month: 'short' },
    { hour: '2-digit', minute: '2-digit' },
  ] as const
  const stamp = make({ ...date, year: 'numeric', ...minute, second: '2-digit' })
  const short = make({ ...date, ...minute })
  const day = make({ ...date, year: 'numeric' })
  const [dayTick, minuteTick] = [make(date), make(minute)]
  const clock = make({ ...minute, second: '2-digit', fractionalSecondDigits: 3 })
  const offsetMinutes = (at: Milliseconds) => (zone === 'utc' ? 0 : -new Date(at).getTimezoneOffset())
  return {
    zone,
    zoneName,
    stamp,
    short,
    clock,
    day,
    bucket: (at, step) => (step === 'day' || step === 'week' ? day(at) : short(at)),
    tick: (at, gapMs) => (gapMs >= DAY || isMidnight(at + offsetMinutes(at) * MINUTE) ? dayTick(at) : minuteTick(at)),
    field: (at) => new Date(at + offsetMinutes(at) * MINUTE).toISOString().slice(0, 16),
    parseField: (text) => {
      const at = Date.parse(zone === 'utc' ? `${text}Z` : text)
      return Number.isNaN(at) ? undefined : at
    },
    offsetMinutes,
  }
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'narrow' })
const UNITS = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
  ['second', 1000],
] as const

/** `5m ago`, `in 3d`. */
export function ago(at: Milliseconds, now: Milliseconds): string {
  const distance = at - now
  if (Math.abs(distance) < 1000) return t.now
  const [unit, size] = UNITS.find(([, each]) => Math.abs(distance) >= each) ?? UNITS[5]
  return relative.format(Math.trunc(distance / size), unit)
}

/** A length of time in its two largest units: `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const parts = (
    [
      ['d', DAY],
      ['h', HOUR],
      ['min', MINUTE],
      ['s', 1000],
    ] as const
  ).map(([unit, size], index, all) => {
    const above = all[index - 1]
    return [Math.floor((above ? ms % above[1] : ms) / size), unit] as const
  })
  const first = parts.findIndex(([amount]) => amount > 0)
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ')
}

function isMidnight(at: Milliseconds): boolean {
  return at % DAY === 0
}
