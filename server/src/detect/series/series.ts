import type { Milliseconds } from 'tokentrail'
import type { StreamPoint, Strangeness } from '../detector.ts'
import { DAY_MS, HOUR_MS, hourOfWeekIn } from './hour-of-week.ts'
import { createNews, type NewsState } from './news.ts'
import { createRealProfile, type RealProfileState } from './real-profile.ts'
import { createScale, type Scale, type ScaleState } from './scale.ts'
import { createSpan, type Span, type SpanState } from './span.ts'
import { createTail, type Tail, type TailState } from './tail.ts'

/** How a real-valued series is judged; the same for every series. */
export const SERIES_SETTINGS = {
  levelHalfLifeMs: 3 * DAY_MS,
  fastHalfLifeMs: 6 * HOUR_MS,
  seasonHalfLifeMs: 28 * DAY_MS,
  scaleHalfLifeMs: 14 * DAY_MS,
  /** Residuals are judged alone and as means over these spans; each has a tail of its own, and what they say is averaged. */
  spansMs: [0, HOUR_MS, 3 * HOUR_MS] as readonly Milliseconds[],
  /** Points before anything is judged. */
  pointsMin: 48,
  /** From here on a point teaches a tenth. */
  strangeFrom: 3,
  strangeWeight: 0.1,
  /** Of strangeness beyond what the number of points can show, so much is believed. */
  beyond: 0.5,
  tail: {
    share: 0.01,
    excessesMax: 64,
    excessesMin: 10,
    modelMax: 6,
    lowersOnly: false,
    prior: { shape: 0.3, weight: 20 },
    halfLife: 8064,
  },
  news: { quietMs: DAY_MS, from: 2, margin: 0.4 },
}
export type SeriesSettings = typeof SERIES_SETTINGS

/** One point's strangeness, and what is news of it between 0 and 1. */
export interface Judged extends Strangeness {
  readonly score: number
}

/** Judges real values in order of time; knows only the points before. */
export interface Series {
  judge(point: StreamPoint): Judged
  snapshot(): SeriesState
  restore(state: SeriesState): void
}

export interface SeriesState {
  readonly profile: RealProfileState
  readonly spans: readonly SpanState[]
  readonly scales: readonly (readonly ScaleState[])[]
  readonly tails: readonly TailState[]
  readonly news: NewsState
  readonly seen: number
  readonly stepMs: Milliseconds
  readonly lastAt: Milliseconds
}

/** What a point is held against: the level, the level with its season, and the level of the last hours. */
const KINDS = 3
/** The interval that is called expected, in usual sizes of the residual: about 99 % where it is double-exponential. */
const INTERVAL_SIZES = 4.6
/** Points over which the distance between points is averaged. */
const STEPS = 100
const NEWS_UNIT = 4

/** A scale judged: by each kind of residual the sizes, above 0 and below. */
interface Measured {
  readonly up: number
  readonly down: number
}

export function createSeries(settings: SeriesSettings = SERIES_SETTINGS): Series {
  const { spansMs, pointsMin, scaleHalfLifeMs } = settings
  const profile = createRealProfile({ ...settings, hourOfWeek: hourOfWeekIn('UTC') })
  const spans: Span[] = Array.from({ length: KINDS }, createSpan)
  const scales: Scale[][] = spansMs.map(() => spans.map(() => createScale(scaleHalfLifeMs)))
  const tails: Tail[] = spansMs.map(() => createTail(settings.tail))
  const news = createNews(settings.news)
  let [seen, stepMs, lastAt] = [0, 0, 0]

  function judge({ at, value }: StreamPoint): Judged {
    noteStep(at)
    const level = seen === 0 ? value : profile.level()
    const expected = level + profile.season(at)
    const residuals = [value - level, value - expected, seen === 0 ? 0 : value - profile.fast()]
    spans.forEach((span, kind) => span.add(at, residuals[kind] ?? 0))
    const floor = 1e-9 + Math.abs(level) * 1e-4
    const measured = spansMs.map((spanMs, i) =>
      isTooShort(spanMs) ? null : measure(scales[i] ?? [], at, residuals, spanMs, floor),
    )
    const own = measured.map((each, i) => (each && seen >= pointsMin ? (tails[i]?.judge(yardstick(each)) ?? 0) : null))
    const strange = meanStrangeness(own)
    learn(at, value, measured, own)
    return { ...told(expected, strange, measured), score: 1 - Math.exp(-news.hear(at, strange) / NEWS_UNIT) }
  }

  function noteStep(at: Milliseconds): void {
    if (seen > 0 && at > lastAt) stepMs += (Math.min(at - lastAt, DAY_MS) - stepMs) / Math.min(seen, STEPS)
    lastAt = at
  }

  /** A span that holds hardly more than a point says what the point says. */
  function isTooShort(spanMs: Milliseconds): boolean {
    return spanMs > 0 && spanMs < 1.5 * stepMs
  }

  function measure(
    own: readonly Scale[],
    at: Milliseconds,
    residuals: readonly number[],
    spanMs: Milliseconds,
    floor: number,
  ): Measured {
    let [up, down] = [0, 0]
    own.forEach((scale, kind) => {
      const residual = spanMs === 0 ? (residuals[kind] ?? 0) : (spans[kind]?.mean(at - spanMs) ?? 0)
      const sizes = scale.measure(at, residual, floor)
      ;[up, down] = [Math.max(up, sizes), Math.max(down, -sizes)]
    })
    return { up, down }
  }

  /** Each tail is taught by what it said itself; the profile by what the strangest said. */
  function learn(at: Milliseconds, value: number, measured: readonly (Measured | null)[], own: readonly (number | null)[]): void {
    measured.forEach((each, i) => each && seen >= pointsMin && tails[i]?.learn(yardstick(each), weightOf(own[i] ?? 0)))
    profile.teach(at, value, weightOf(Math.max(0, ...own.map((each) => each ?? 0))))
    seen++
  }

  function weightOf(strange: number): number {
    return strange >= settings.strangeFrom ? settings.strangeWeight : 1
  }

  /** What the scales that have something to say say on average, each no more than is believed. */
  function meanStrangeness(own: readonly (number | null)[]): number {
    const said = own.filter((each) => each !== null).map(believed)
    return said.reduce((sum, each) => sum + each, 0) / Math.max(1, said.length)
  }

  /** With n points nothing rarer than one in n was ever seen; beyond that the tail is an extrapolation. */
  function believed(strange: number): number {
    const shown = Math.log10(seen + 10)
    return strange <= shown ? strange : shown + settings.beyond * (strange - shown)
  }

  function told(expected: number, strange: number, measured: readonly (Measured | null)[]): Strangeness {
    const { up, down } = measured.reduce<Measured>(
      (most, each) => (each && yardstick(each) > yardstick(most) ? each : most),
      NOTHING,
    )
    const size = INTERVAL_SIZES * (scales[0]?.[1]?.usual() ?? 0)
    return {
      expected,
      low: expected - size,
      high: expected + size,
      up: up >= down ? strange : 0,
      down: down > up ? strange : 0,
      driftUp: 0,
      driftDown: 0,
      learning: seen <= pointsMin,
    }
  }

  return {
    judge,
    snapshot: () => ({
      profile: profile.snapshot(),
      spans: spans.map((span) => span.snapshot()),
      scales: scales.map((own) => own.map((scale) => scale.snapshot())),
      tails: tails.map((tail) => tail.snapshot()),
      news: news.snapshot(),
      seen,
      stepMs,
      lastAt,
    }),
    restore(state) {
      profile.restore(state.profile)
      state.spans.forEach((kept, i) => spans[i]?.restore(kept))
      state.scales.forEach((own, i) => own.forEach((kept, kind) => scales[i]?.[kind]?.restore(kept)))
      state.tails.forEach((kept, i) => tails[i]?.restore(kept))
      news.restore(state.news)
      ;({ seen, stepMs, lastAt } = state)
    },
  }
}

const NOTHING: Measured = { up: 0, down: 0 }

/** Sizes as −log10 p of a double-exponential residual: a mere yardstick, which the tail calibrates. */
function yardstick({ up, down }: Measured): number {
  return (Math.max(up, down) + Math.LN2) / Math.LN10
}
