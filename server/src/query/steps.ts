import type { Step } from './rows.ts'

/** Length of each step; `offset` is where its grid begins: weeks begin on Monday, and 1970-01-05 was one. */
export const STEPS = {
  minute: { seconds: 60, offset: 0, source: 'minute' },
  '5minutes': { seconds: 300, offset: 0, source: 'minute' },
  hour: { seconds: 3600, offset: 0, source: 'hour' },
  '6hours': { seconds: 21_600, offset: 0, source: 'hour' },
  day: { seconds: 86_400, offset: 0, source: 'day' },
  week: { seconds: 604_800, offset: 345_600, source: 'day' },
} as const satisfies Record<Step, { seconds: number; offset: number; source: 'minute' | 'hour' | 'day' }>

/** Start of the step that holds `at`, in seconds. */
export const STEP_START = `toInt64(floor((toInt64(toUnixTimestamp(at)) - {offset:Int64}) / {seconds:Int64})) * {seconds:Int64} + {offset:Int64}`

/** The parameters of `STEP_START`. */
export function stepParams(step: Step): { readonly seconds: number; readonly offset: number } {
  return { seconds: STEPS[step].seconds, offset: STEPS[step].offset }
}
