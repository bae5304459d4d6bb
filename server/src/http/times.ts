import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../errors.ts'

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/
/** 2100-01-01: later times have no place in the store. */
const TIME_MAX = 4_102_444_800_000

/** A time as people and programs write it: RFC 3339, or milliseconds since 1970 as number or digits. */
export function parseTime(given: string | number, input: string): Milliseconds {
  const at = typeof given === 'number' ? given : /^\d{1,15}$/.test(given) ? Number(given) : parseText(given)
  if (Number.isSafeInteger(at) && at >= 0 && at < TIME_MAX) return at
  throw new TrailError(
    'time_invalid',
    `${input} must be a time as RFC 3339, such as 2026-11-25T09:00:00Z, or milliseconds since 1970.`,
    { input },
  )
}

function parseText(text: string): Milliseconds {
  if (!RFC_3339.test(text)) return Number.NaN
  const at = Date.parse(text)
  return daysAgree(text) ? at : Number.NaN
}

/** `Date.parse` rolls 31 February over into March; we do not. */
function daysAgree(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  return day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** The window of a question. Without `from` it is `defaultMs` long, without `to` it ends now. */
export function parseWindow(
  given: { readonly from?: string; readonly to?: string },
  now: Milliseconds,
  defaultMs: number,
): { from: Milliseconds; to: Milliseconds } {
  const to = given.to === undefined ? now : parseTime(given.to, 'to')
  const from = given.from === undefined ? Math.max(0, to - defaultMs) : parseTime(given.from, 'from')
  if (from < to) return { from, to }
  throw new TrailError('time_invalid', 'to must be later than from: a window holds from and ends before to.', { input: 'to' })
}

/** RFC 3339 in UTC. */
export function timeText(at: Milliseconds): string
export function timeText(at: Milliseconds | null): string | null
export function timeText(at: Milliseconds | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
