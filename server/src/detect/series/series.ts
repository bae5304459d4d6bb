import type { StreamPoint, Strangeness } from '../detector.ts'
import { addTo, blankAverage, meanOf, type Average } from './average.ts'
import { createSpan, type Span } from './span.ts'
import { createTail, type Tail, type TailOptions } from './tail.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** How a real-valued series is judged. One setting for every series. */
export const SERIES_SETTINGS = {
  version: 1,
  levelHalfLifeMs: 3 * DAY,
  seasonHalfLifeMs: 28 * DAY,
  scaleHalfLifeMs: 7 * DAY,
  /** Residuals are judged alone and as means over these spans. */
  spansMs: [0, HOUR, 6 * HOUR],
  pointsMin: 48,
  quietMs: DAY,
  /** From here on a point teaches a tenth. */
  strangeFrom: 4,
  tail: { share: 0.05, excessesMax: 64, excessesMin: 10, modelMax: 3, lowersOnly: false, prior: { shape: 0.2, weight: 20 }, halfLife: 4000 },
  overall: { share: 0.02, excessesMax: 64, excessesMin: 10, modelMax: 6, lowersOnly: false, prior: { shape: 0.2, weight: 20 }, halfLife: 8064 },
} as const satisfies { tail: TailOptions; overall: TailOptions } & Record<string, unknown>

/** One point's strangeness, and the same between 0 and 1, quiet after it has spoken. */
export interface Judged extends Strangeness {
  readonly score: number
}

export interface Series {
  judge(point: StreamPoint): Judged
  snapshot(): unknown
  restore(state: unknown): void
}

/** What a point is held against: the level, the level and season, and the point before. */
const VIEWS = ['level', 'season', 'step'] as const

interface View {
  readonly residuals: Span
  readonly scales: Average[]
  readonly up: Tail[]
  readonly down: Tail[]
}

export function createSeries(settings = SERIES_SETTINGS): Series {
  const { spansMs, tail } = settings
  const views: View[] = VIEWS.map(() => ({
    residuals: createSpan(),
    scales: spansMs.map(blankAverage),
    up: spansMs.map(() => createTail(tail)),
    down: spansMs.map(() => createTail(tail)),
  }))
  const level = blankAverage()
  const days = Array.from({ length: 24 }, blankAverage)
  const weeks = Array.from({ length: 168 }, blankAverage)
  const overall = createTail(settings.overall)
  let [seen, previous, peak, peakAt] = [0, 0, 0, 0]
  let seasonWeight = 0

  function season(hour: number): number {
    const day = meanOf(days[hour % 24] ?? level, 0, 4)
    const week = weeks[hour]
    const n = (week?.weight ?? 0) * HOUR / stepMs
    if (!week || week.weight === 0) return day
    return (n * meanOf(week) + 4 * day) / (n + 4)
  }
  let stepMs = 300_000
  let lastAt = 0

  function judge({ at, value }: StreamPoint): Judged {
    if (seen === 0) previous = value
    if (seen > 0 && at > lastAt) stepMs += (Math.min(at - lastAt, DAY) - stepMs) / Math.min(seen, 100)
    lastAt = at
    const hour = (((Math.floor(at / HOUR) + 72) % 168) + 168) % 168
    const base = level.weight === 0 ? value : meanOf(level)
    const expected = base + season(hour)
    const residuals = [value - base, value - expected, value - previous]
    let [up, down] = [0, 0]
    const learned: [Tail, number][] = []
    views.forEach((view, v) => {
      view.residuals.add(at, residuals[v] ?? 0)
      spansMs.forEach((spanMs, s) => {
        if ((spanMs > 0 && spanMs < stepMs * 1.5) || (v === 2 && s > 0)) return
        const residual = spanMs === 0 ? (residuals[v] ?? 0) : view.residuals.mean(at - spanMs)
        const scale = Math.max(meanOf(view.scales[s] ?? level), 1e-9 + Math.abs(base) * 1e-4)
        const z = residual / scale
        const strange = (Math.abs(z) + Math.LN2) / Math.LN10
        const [tailUp, tailDown] = [view.up[s], view.down[s]]
        if (!tailUp || !tailDown) return
        if (z > 0) up = Math.max(up, tailUp.judge(strange))
        else down = Math.max(down, tailDown.judge(strange))
        learned.push([tailUp, z > 0 ? strange : 0], [tailDown, z < 0 ? strange : 0])
        if (seen > 0) addTo(view.scales[s] ?? level, at, Math.min(Math.abs(residual), seen < 48 ? Infinity : 8 * scale), 1, settings.scaleHalfLifeMs)
      })
    })
    const raw = Math.max(up, down)
    const strange = seen < settings.pointsMin ? 0 : overall.judge(raw)
    const weight = strange >= settings.strangeFrom ? 0.1 : 1
    if (seen >= 12) for (const [tail, s] of learned) tail.learn(s, 1)
    if (seen >= settings.pointsMin) overall.learn(raw)
    addTo(level, at, value, weight, settings.levelHalfLifeMs)
    const off = value - base
    addTo(days[hour % 24] ?? level, at, off, weight, settings.seasonHalfLifeMs)
    addTo(weeks[hour] ?? level, at, off, weight, settings.seasonHalfLifeMs)
    previous = value
    seen++
    let news = strange
    if (at - peakAt < settings.quietMs && strange <= peak) news = 0
    if (strange >= settings.strangeFrom / 2 && (strange > peak || at - peakAt >= settings.quietMs)) [peak, peakAt] = [strange, at]
    return { expected, low: expected, high: expected, up, down, driftUp: 0, driftDown: 0, learning: false, score: 1 - Math.exp(-news / 4) }
  }
  void seasonWeight
  return { judge, snapshot: () => ({}), restore() {} }
}
