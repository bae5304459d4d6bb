import type { Severity } from '../../api/findings.ts'
import type { Milliseconds, Step } from '../../api/types.ts'
import { percent } from '../../format/number.ts'
import { t } from '../../format/strings.ts'
import type { TimeFormat } from '../../format/time.ts'

/** What a chart of time shows; picture, sentence and table are all made from this. */
export interface ChartSpec {
  readonly name: string
  /** What is counted, in the plural: `validations`. */
  readonly unit: string
  /** Stacked bars add up; lines do not. */
  readonly form: 'stack' | 'lines'
  readonly step: Step
  /** Start of each bucket. */
  readonly at: readonly Milliseconds[]
  /** Buckets that end after this are not complete. */
  readonly completeTo: Milliseconds
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  /** Where values differ by powers of ten. */
  readonly isLogarithmic?: boolean
  /** Moments that stand out, each with its gravity. */
  readonly flags?: readonly Flag[]
}

export interface Flag {
  readonly at: Milliseconds
  readonly severity: Severity
}

export interface Series {
  readonly key: string
  readonly label: string
  /** One value per bucket; null where there is nothing to say. */
  readonly values: readonly (number | null)[]
}

/** Value of each bucket over all shown series. */
export function sums(series: readonly Series[], length: number): readonly number[] {
  return Array.from({ length }, (_, index) => series.reduce((sum, each) => sum + (each.values[index] ?? 0), 0))
}

/** The chart in one sentence, computed from the same numbers. */
export function summarise(spec: ChartSpec, time: TimeFormat): string {
  const hasValues = spec.series.some(({ values }) => values.some((value) => value !== null && value > 0))
  if (!hasValues) return t.chart.nothing(spec.name)
  return spec.form === 'stack' ? stackSummary(spec, time) : lineSummary(spec, time)
}

function stackSummary(spec: ChartSpec, time: TimeFormat): string {
  const perBucket = sums(spec.series, spec.at.length)
  const total = perBucket.reduce((sum, value) => sum + value, 0)
  const peak = indexOfMost(perBucket)
  const parts = spec.series
    .map(({ label, values }) => ({ label, sum: values.reduce<number>((sum, value) => sum + (value ?? 0), 0) }))
    .filter(({ sum }) => sum > 0)
    .map(({ label, sum }) => t.chart.part(label, percent(sum / total)))
  return t.chart.stackSummary({
    total: spec.format(total),
    name: spec.unit,
    peak: spec.format(perBucket[peak] ?? 0),
    peakAt: time.bucket(spec.at[peak] ?? 0, spec.step),
    parts: parts.join(', '),
  })
}

function lineSummary(spec: ChartSpec, time: TimeFormat): string {
  return spec.series
    .map(({ label, values }) => {
      const peak = indexOfMost(values.map((value) => value ?? -1))
      return t.chart.lineSummary({
        name: label,
        last: spec.format(values.findLast((value) => value !== null) ?? 0),
        peak: spec.format(values[peak] ?? 0),
        peakAt: time.bucket(spec.at[peak] ?? 0, spec.step),
      })
    })
    .join(' ')
}

function indexOfMost(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > (values[best] ?? 0) ? index : best), 0)
}
