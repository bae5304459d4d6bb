import type { Milliseconds, Step, Window } from '../api/types.ts'

const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A window as the address holds it: `now`, `now-24h`, `now-7d/d`, RFC 3339, or milliseconds. */
export interface WindowText {
  readonly from: string
  readonly to: string
}

export const PRESETS = [
  { key: '15m', from: 'now-15m', to: 'now' },
  { key: '1h', from: 'now-1h', to: 'now' },
  { key: '24h', from: 'now-24h', to: 'now' },
  { key: '7d', from: 'now-7d', to: 'now' },
  { key: '30d', from: 'now-30d', to: 'now' },
] as const
export type PresetKey = (typeof PRESETS)[number]['key']

export const DEFAULT_WINDOW: WindowText = { from: 'now-24h', to: 'now' }
/** Windows beyond this are refused: events are kept for at most 2,200 days. */
const WIDTH_MAX = 2_200 * DAY

const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }

/** A moment's text as milliseconds; `undefined` where it is none. `/d` and `/h` round down to the start of the UTC day or hour. */
export function parseMoment(text: string, now: Milliseconds): Milliseconds | undefined {
  const relative = /^now(?:-(\d{1,6})([smhdw]))?(?:\/([hd]))?$/.exec(text)
  if (relative) {
    const [, amount, unit, round] = relative
    const at = now - Number(amount ?? 0) * (UNITS[unit ?? 's'] ?? 0)
    return round ? Math.floor(at / (UNITS[round] ?? 1)) * (UNITS[round] ?? 1) : at
  }
  if (/^\d{12,14}$/.test(text)) return Number(text)
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text)) return undefined
  const at = Date.parse(/T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T') ? text : `${text}Z`)
  return Number.isNaN(at) ? undefined : at
}

/** Both ends in milliseconds; `undefined` where the text is no window. */
export function resolveWindow({ from, to }: WindowText, now: Milliseconds): Window | undefined {
  const [start, end] = [parseMoment(from, now), parseMoment(to, now)]
  if (start === undefined || end === undefined || start >= end || end - start > WIDTH_MAX) return undefined
  return { from: start, to: end }
}

/** Does the window move with the clock? Fixed windows are not asked again. */
export function isMoving({ from, to }: WindowText): boolean {
  return from.startsWith('now') || to.startsWith('now')
}

/** The same width, one window earlier or later. */
export function shiftWindow(window: Window, direction: -1 | 1): WindowText {
  const width = window.to - window.from
  return fixedWindow({ from: window.from + direction * width, to: window.to + direction * width })
}

/** The middle half, or twice the width around the same middle. */
export function zoomWindow({ from, to }: Window, factor: number): WindowText {
  const middle = (from + to) / 2
  const half = Math.max(MINUTE, ((to - from) * factor) / 2)
  return fixedWindow({ from: Math.round(middle - half), to: Math.round(middle + half) })
}

/** A window that stands still, as text for the address. */
export function fixedWindow({ from, to }: Window): WindowText {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
}

/** The window of the same width just before, to compare with. */
export function previousWindow({ from, to }: Window): Window {
  return { from: from - (to - from), to: from }
}

export const STEP_MS: Readonly<Record<Step, number>> = {
  minute: MINUTE,
  '5minutes': 5 * MINUTE,
  hour: HOUR,
  '6hours': 6 * HOUR,
  day: DAY,
  week: 7 * DAY,
}
const POINTS_MAX = 400
/** The finest step that gives at most 400 points. */
export function chooseStep({ from, to }: Window): Step {
  const steps = Object.keys(STEP_MS) as Step[]
  return steps.find((step) => (to - from) / STEP_MS[step] <= POINTS_MAX) ?? 'week'
}

/** 1970-01-01 was a Thursday; weeks start on Mondays. */
const MONDAY = 4 * DAY

/** Where the bucket that holds a moment starts. */
export function bucketStart(at: Milliseconds, step: Step): Milliseconds {
  const width = STEP_MS[step]
  const origin = step === 'week' ? MONDAY : 0
  return Math.floor((at - origin) / width) * width + origin
}

/** The start of every bucket that touches the window. */
export function bucketsOf({ from, to }: Window, step: Step): readonly Milliseconds[] {
  const starts: Milliseconds[] = []
  for (let at = bucketStart(from, step); at < to && starts.length <= POINTS_MAX + 1; at += STEP_MS[step]) starts.push(at)
  return starts
}

/** Counting lags by more than this: the reader must know, and panels ask again soon. */
export const LAG_MS_MAX = 30_000

/** How often a moving window is asked again: never faster than 10 s (a page asks a dozen questions, and 120 a minute may be asked), nor than one pixel of its time axis unless counting lags. */
export function refreshMs({ from, to }: Window, isLagging = false): number {
  if (isLagging) return 10 * SECOND
  return Math.min(5 * MINUTE, Math.max(10 * SECOND, (to - from) / 800))
}
