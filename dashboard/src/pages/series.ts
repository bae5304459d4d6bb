import type { LatencyRow, Milliseconds, ReasonClass, Step, StepRow, Window } from '../api/types.ts'
import { count, microseconds, percent, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { bucketsOf } from '../format/window.ts'
import type { ChartSpec } from '../parts/chart/spec.ts'

/** Fixed order from the ground up: accepted below, then what was refused. */
export const CLASSES = ['accepted', 'invalid', 'forbidden', 'throttled', 'unavailable'] as const satisfies readonly ReasonClass[]

interface Frame {
  readonly window: Window
  readonly step: Step
  readonly watermark: Milliseconds
}

/** Stacked bars of validations by class. Classes that never occur are left out. */
export function outcomeSpec(rows: readonly StepRow[], frame: Frame, classes: readonly ReasonClass[] = CLASSES): ChartSpec {
  const at = bucketsOf(frame.window, frame.step)
  const place = new Map(at.map((start, index) => [start, index]))
  const values = new Map<string, number[]>(classes.map((name) => [name, at.map(() => 0)]))
  for (const row of rows) {
    const index = place.get(row.at)
    const list = values.get(row.key)
    if (list && index !== undefined) list[index] = (list[index] ?? 0) + row.count
  }
  const used = classes.filter((name) => values.get(name)?.some((value) => value > 0))
  return {
    name: t.overview.byOutcome,
    unit: t.overview.byOutcomeUnit,
    form: 'stack',
    step: frame.step,
    at,
    completeTo: frame.watermark,
    series: used.map((name) => ({ key: name, label: t.class[name], values: values.get(name) ?? [] })),
    format: (value) => (Number.isInteger(value) && value < 10_000 ? count(value) : short(value)),
  }
}

/** Failed ÷ judged per bucket; buckets without any judged validation have no value. */
export function failureSpec(rows: readonly StepRow[], frame: Frame): ChartSpec {
  const byClass = outcomeSpec(rows, frame)
  const of = (name: ReasonClass, index: number) => byClass.series.find(({ key }) => key === name)?.values[index] ?? 0
  const values = byClass.at.map((_, index) => {
    const failed = of('invalid', index) + of('forbidden', index)
    const judged = failed + of('accepted', index)
    return judged === 0 ? null : failed / judged
  })
  return {
    ...byClass,
    name: t.overview.failureOverTime,
    form: 'lines',
    series: [{ key: 'failed', label: t.overview.failureSeries, values }],
    format: percent,
  }
}

/** Three quantiles of the time from the door to the verdict. */
export function latencySpec(rows: readonly LatencyRow[], frame: Frame): ChartSpec {
  const at = bucketsOf(frame.window, frame.step)
  const byAt = new Map(rows.map((row) => [row.at, row]))
  const series = (
    [
      ['p50', 'p50Us'],
      ['p95', 'p95Us'],
      ['p99', 'p99Us'],
    ] as const
  ).map(([key, field]) => ({
    key,
    label: key,
    values: at.map((start) => byAt.get(start)?.[field] ?? null),
  }))
  return {
    name: t.overview.latencyOverTime,
    unit: '',
    form: 'lines',
    step: frame.step,
    at,
    completeTo: frame.watermark,
    series,
    format: microseconds,
    isLogarithmic: true,
  }
}
