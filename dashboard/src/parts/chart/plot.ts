import { scaleLinear, scaleLog, scaleUtc } from 'd3-scale'
import { line } from 'd3-shape'
import { SEVERITIES, type Severity } from '../../api/findings.ts'
import type { Milliseconds } from '../../api/types.ts'
import type { TimeFormat } from '../../format/time.ts'
import { MINUTE, STEP_MS } from '../../format/window.ts'
import { type ChartSpec, type Flag, type Series, sums } from './spec.ts'
import type { Size } from './use-size.ts'

/** Where everything of a chart stands, in pixels. Pure: the same numbers give the same picture. */
export interface Plot {
  readonly width: number
  readonly height: number
  readonly marks: readonly { readonly key: string; readonly path: string }[]
  readonly open: { readonly x: number; readonly width: number } | undefined
  readonly xTicks: readonly { readonly x: number; readonly text: string }[]
  readonly yTicks: readonly { readonly y: number; readonly text: string }[]
  readonly flags: readonly { readonly x: number; readonly severity: Severity }[]
  /** Left edge of a bucket. */
  x(index: number): number
  readonly bucketWidth: number
  indexAt(x: number): number
}

export const MARGIN = { top: 8, right: 12, bottom: 22, left: 52 } as const

export function plotOf(spec: ChartSpec, shown: readonly Series[], size: Size, time: TimeFormat): Plot {
  const width = Math.max(40, size.width - MARGIN.left - MARGIN.right)
  const height = Math.max(40, size.height - MARGIN.top - MARGIN.bottom)
  const from = spec.at[0] ?? 0
  const to = (spec.at.at(-1) ?? from) + STEP_MS[spec.step]
  const bucketWidth = width / Math.max(1, spec.at.length)
  const x = (index: number) => index * bucketWidth
  const y = verticalScale(spec, shown, height)
  const marks = spec.form === 'stack' ? bars(shown, spec.at.length, x, y.of, bucketWidth) : lines(shown, x, y.of, bucketWidth)
  const open = spec.at.findIndex((at) => at + STEP_MS[spec.step] > spec.completeTo)
  return {
    width,
    height,
    marks,
    open: open === -1 ? undefined : { x: x(open), width: width - x(open) },
    xTicks: timeTicks(from, to, width, time),
    flags: flagsOf(spec.flags ?? [], (at) => ((at - from) / (to - from)) * width, width),
    yTicks: y.ticks.map((value) => ({ y: round(y.of(value)), text: spec.format(value) })),
    x,
    bucketWidth,
    indexAt: (px) => Math.min(spec.at.length - 1, Math.max(0, Math.floor(px / bucketWidth))),
  }
}

type Scale = (value: number) => number

/** Values to pixels, with the values that get a line. */
function verticalScale(
  spec: ChartSpec,
  shown: readonly Series[],
  height: number,
): { readonly of: Scale; readonly ticks: readonly number[] } {
  const values =
    spec.form === 'stack' ? sums(shown, spec.at.length) : shown.flatMap((each) => each.values.map((value) => value ?? 0))
  const top = Math.max(0, ...values)
  if (spec.isLogarithmic && top > 0) {
    const scale = scaleLog([Math.min(...values.filter((value) => value > 0)) * 0.8, top * 1.1], [height, 0])
    return { of: (value) => scale(Math.max(value, scale.domain()[0] ?? 1)), ticks: fewOf(scale.ticks(DECADES_MAX)) }
  }
  const scale = scaleLinear([0, top > 0 ? top : 1], [height, 0]).nice(4)
  const ticks = scale.ticks(4)
  // Bars are counts, and there is no half event.
  return { of: scale, ticks: spec.form === 'stack' ? ticks.filter(Number.isInteger) : ticks }
}

const TICKS_MAX = 6
/** Up to so many powers of ten the scale names their multiples too. */
const DECADES_MAX = 8
/** Leading digits of ticks, from fine to coarse. */
const LEADS = [[1, 2, 5], [1, 3], [1]] as const

/** The finest of the usual logarithmic ladders that has few enough rungs; where values hardly differ, what there is, thinned out. */
function fewOf(ticks: readonly number[]): readonly number[] {
  const ladders = LEADS.map((leads) => ticks.filter((value) => (leads as readonly number[]).includes(leadOf(value))))
  const fitting = ladders.find((rungs) => rungs.length >= 2 && rungs.length <= TICKS_MAX)
  return fitting ?? ticks.filter((_, index) => index % Math.ceil(ticks.length / TICKS_MAX) === 0)
}

/** 200 has 2, 250 has 2.5. */
function leadOf(value: number): number {
  return Number((value / 10 ** Math.floor(Math.log10(value) + 1e-9)).toFixed(6))
}

/** One path per series, however many bars: a chart of 400 buckets stays five elements. */
function bars(shown: readonly Series[], length: number, x: Scale, y: Scale, bucketWidth: number): Plot['marks'] {
  const base = Array.from({ length }, () => 0)
  const gap = bucketWidth > 4 ? 1 : 0
  return shown.map(({ key, values }) => {
    let path = ''
    for (let index = 0; index < length; index += 1) {
      const value = values[index] ?? 0
      if (value <= 0) continue
      const bottom = base[index] ?? 0
      base[index] = bottom + value
      const [low, high] = [y(bottom), y(bottom + value)]
      // A bar is at least half a pixel high: one rejection among a million is still seen.
      path += `M${round(x(index))},${round(Math.min(high, low - 0.5))}h${round(bucketWidth - gap)}V${round(low)}h${round(gap - bucketWidth)}z`
    }
    return { key, path }
  })
}

function lines(shown: readonly Series[], x: Scale, y: Scale, bucketWidth: number): Plot['marks'] {
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_, index) => round(x(index) + bucketWidth / 2))
    .y((value) => round(y(value ?? 0)))
  return shown.map(({ key, values }) => ({ key, path: path([...values]) ?? '' }))
}

const FLAG_WIDTH = 14

/** Flags that would cover each other are one, as grave as the gravest. */
function flagsOf(flags: readonly Flag[], x: Scale, width: number): Plot['flags'] {
  const placed = flags.map(({ at, severity }) => ({ x: round(x(at)), severity })).filter((flag) => flag.x >= 0 && flag.x <= width)
  const clusters = Map.groupBy(placed, (flag) => Math.floor(flag.x / FLAG_WIDTH))
  return [...clusters.values()].flatMap((some) => some.toSorted((a, b) => rank(a) - rank(b)).slice(0, 1))
}

function rank({ severity }: Pick<Flag, 'severity'>): number {
  return SEVERITIES.indexOf(severity)
}

/** Ticks at round times of the reader's zone. */
function timeTicks(from: Milliseconds, to: Milliseconds, width: number, time: TimeFormat): Plot['xTicks'] {
  const offset = time.offsetMinutes(from) * MINUTE
  const scale = scaleUtc([new Date(from + offset), new Date(to + offset)], [0, width])
  const ticks = scale.ticks(Math.max(2, Math.floor(width / 90)))
  const [first, second] = ticks
  const gapMs = first && second ? second.getTime() - first.getTime() : to - from
  return ticks.map((tick) => ({ x: round(scale(tick)), text: time.tick(tick.getTime() - offset, gapMs) }))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
