import type { Milliseconds } from 'tokentrail'
import type { Window } from './answer.ts'

const MINUTE = 60_000
const DAY_MS = 86_400_000

/** Steps of the roll-ups, coarsest first. */
const GRAINS = { day: DAY_MS, hour: 60 * MINUTE, minute: MINUTE } as const
export type Grain = keyof typeof GRAINS

/** A roll-up that may answer a part of a window, and for how long it is kept. */
export interface Kept {
  readonly grain: Grain
  readonly days: number
}

/** Which part of a window is read where: at most one range of days and two of all else. Empty ranges are `[0, 0)`. */
export type Spans = Readonly<Record<Grain | 'raw', readonly Window[]>>

/**
 * Cuts a window so that whole steps come from roll-ups and the edges from raw events: the sum is exact for any window.
 * `kept` are the roll-ups, coarsest first. What a roll-up no longer keeps is left to the next.
 */
export function spansOf(window: Window, kept: readonly Kept[], now: Milliseconds): Spans {
  const spans: Record<Grain | 'raw', Window[]> = { day: [], hour: [], minute: [], raw: [] }
  cover(window, kept, now, spans)
  return spans
}

function cover(window: Window, kept: readonly Kept[], now: Milliseconds, spans: Record<Grain | 'raw', Window[]>): void {
  if (window.from >= window.to) return
  const [first, ...rest] = kept
  if (first === undefined) {
    spans.raw.push(window)
    return
  }
  const step = GRAINS[first.grain]
  const from = Math.ceil(Math.max(window.from, now - first.days * DAY_MS) / step) * step
  const to = Math.floor(window.to / step) * step
  if (from >= to) return cover(window, rest, now, spans)
  spans[first.grain].push({ from, to })
  cover({ from: window.from, to: from }, rest, now, spans)
  cover({ from: to, to: window.to }, rest, now, spans)
}

/** The ranges as parameters of the sources (`sources.ts`): seconds for roll-ups, milliseconds for raw events. */
export function spanParams(spans: Spans): Readonly<Record<string, number>> {
  return {
    ...bounds('day', spans.day[0], DAY_MS),
    ...bounds('hour1', spans.hour[0], 1000),
    ...bounds('hour2', spans.hour[1], 1000),
    ...bounds('minute1', spans.minute[0], 1000),
    ...bounds('minute2', spans.minute[1], 1000),
    ...bounds('raw1', spans.raw[0], 1),
    ...bounds('raw2', spans.raw[1], 1),
  }
}

function bounds(name: string, window: Window | undefined, unit: number): Record<string, number> {
  return { [`${name}_from`]: (window?.from ?? 0) / unit, [`${name}_to`]: (window?.to ?? 0) / unit }
}

/** Which of the ranges are not empty: arms of a source that a question has to read. */
export type Arms = Readonly<Record<Grain | 'raw', boolean>>

/** Every arm, to show a question's whole text. */
export const ALL_ARMS: Arms = { day: true, hour: true, minute: true, raw: true }

/** The arms that parameters of `spanParams` ask for. */
export function armsOf(params: Readonly<Record<string, unknown>>): Arms {
  const asked = (name: string): boolean => params[`${name}_from`] !== params[`${name}_to`]
  return {
    day: asked('day'),
    hour: asked('hour1') || asked('hour2'),
    minute: asked('minute1') || asked('minute2'),
    raw: asked('raw1') || asked('raw2'),
  }
}
