import { expect, test } from 'vitest'
import { count, microseconds } from '../src/format/number.ts'
import { timeFormat } from '../src/format/time.ts'
import { bucketsOf, HOUR } from '../src/format/window.ts'
import { plotOf } from '../src/parts/chart/plot.ts'
import { type ChartSpec, summarise } from '../src/parts/chart/spec.ts'

const FROM = Date.UTC(2026, 10, 25)
const TIME = timeFormat('utc')
const SIZE = { width: 640, height: 200 }
const at = bucketsOf({ from: FROM, to: FROM + 4 * HOUR }, 'hour')

function stack(series: Readonly<Record<string, readonly number[]>>, completeTo = Infinity): ChartSpec {
  const list = Object.entries(series).map(([key, values]) => ({ key, label: key, values }))
  return { name: 'Validations', unit: 'validations', form: 'stack', step: 'hour', at, completeTo, series: list, format: count }
}

function lines(values: readonly (number | null)[]): ChartSpec {
  return {
    name: 'Latency',
    unit: '',
    form: 'lines',
    step: 'hour',
    at,
    completeTo: Infinity,
    series: [{ key: 'p99', label: 'p99', values }],
    format: microseconds,
    isLogarithmic: true,
  }
}

test('bars stand on each other, and one rejection among a million is still half a pixel high', () => {
  const spec = stack({ accepted: [1_000_000, 0, 0, 0], invalid: [1, 0, 0, 0] })
  const [below, above] = plotOf(spec, spec.series, SIZE, TIME).marks
  const heights = [below, above].map((mark) => {
    const [, top = 0, bottom = 0] = /M[\d.]+,([\d.]+)h[\d.]+V([\d.]+)/.exec(mark?.path ?? '')?.map(Number) ?? []
    return { top, bottom }
  })
  expect(heights[1]?.bottom).toBeCloseTo(heights[0]?.top ?? -1, 0)
  expect((heights[1]?.bottom ?? 0) - (heights[1]?.top ?? 0)).toBeGreaterThanOrEqual(0.4)
})

test.each([
  [1, ['0', '1']],
  [2, ['0', '1', '2']],
  [3, ['0', '1', '2', '3']],
])('counts up to %i have whole ticks, each once', (most, ticks) => {
  const spec = stack({ accepted: [most, 0, 1, 0] })
  expect(plotOf(spec, spec.series, SIZE, TIME).yTicks.map(({ text }) => text)).toEqual(ticks)
})

test('flags stand at their moment; of those that would cover each other the gravest is drawn', () => {
  const spec = stack({ accepted: [1, 2, 3, 4] })
  const flags = [
    { at: FROM + 2 * HOUR, severity: 'low' },
    { at: FROM + 2 * HOUR + 1000, severity: 'critical' },
    { at: FROM - HOUR, severity: 'high' },
  ] as const
  const plot = plotOf({ ...spec, flags }, spec.series, SIZE, TIME)
  expect(plot.flags).toEqual([{ x: plot.x(2), severity: 'critical' }])
})

test('buckets that are not complete are marked from the first one on', () => {
  const spec = stack({ accepted: [1, 2, 3, 4] }, FROM + 2.5 * HOUR)
  const plot = plotOf(spec, spec.series, SIZE, TIME)
  expect(plot.open?.x).toBe(plot.x(2))
})

test('nothing gives an empty picture with a ground, and a sentence that says so', () => {
  const spec = stack({ accepted: [0, 0, 0, 0] })
  const plot = plotOf(spec, spec.series, SIZE, TIME)
  expect(plot.marks).toEqual([{ key: 'accepted', path: '' }])
  expect(plot.yTicks[0]?.text).toBe('0')
  expect(summarise(spec, TIME)).toBe('Validations: nothing in this window.')
})

test.each([
  [
    [12, 40, 900, 1_450],
    ['10 µs', '30 µs', '100 µs', '300 µs', '1 ms'],
  ],
  [
    [700, 800, 3_900, 5_000],
    ['1 ms', '2 ms', '5 ms'],
  ],
  [
    [10, 1_000, 100_000, 9_000_000],
    ['10 µs', '100 µs', '1 ms', '10 ms', '100 ms', '1 s'],
  ],
])('the logarithmic scale of %j has the rungs %j', (values, rungs) => {
  const spec = lines(values)
  const texts = plotOf(spec, spec.series, SIZE, TIME).yTicks.map(({ text }) => text)
  expect(texts).toEqual(rungs)
})

test('a line breaks where there is nothing to say', () => {
  const spec = lines([100, null, 300, 400])
  expect(plotOf(spec, spec.series, SIZE, TIME).marks[0]?.path.match(/M/g)).toHaveLength(2)
})

test('the sentence of a stack names its total, its peak and its shares', () => {
  const spec = stack({ Accepted: [10, 70, 10, 0], Invalid: [0, 5, 5, 0] })
  expect(summarise(spec, TIME)).toBe('100 validations in this window, at most 75 at 25 Nov, 01:00. Accepted 90%, Invalid 10%.')
})
