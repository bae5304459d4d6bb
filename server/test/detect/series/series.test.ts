import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, assert, double, integer, property } from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { runDetectSeries } from '../../../src/cli/detect-series.ts'
import { createSeries, type Judged, type Series } from '../../../src/detect/series/series.ts'
import { busy, gauss, MINUTE, MONDAY, randomFrom } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'tokentrail-series-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Two weeks of five minutes with a day's season, a calm weekend and, after it, a spike. */
function values(count: number, seed = 3): { at: number; value: number }[] {
  const random = randomFrom(seed)
  return Array.from({ length: count }, (_, i) => {
    const at = MONDAY + i * 5 * MINUTE
    return { at, value: 40 * busy(at) + 3 * gauss(random) + (i === 3000 ? 90 : 0) }
  })
}

const scoresOf = (points: readonly { at: number; value: number }[], series: Series = createSeries()): Judged[] =>
  points.map((point) => series.judge(point))

test('a spike stands out, and its episode is told once', () => {
  const scores = scoresOf(values(3500)).map(({ score }) => score)
  const spike = scores[3000] ?? 0
  expect(spike).toBe(Math.max(...scores.slice(2300)))
  expect(spike).toBeGreaterThan(2 * Math.max(...scores.slice(2300, 3000)))
  expect(scores.slice(3001, 3200).filter((score) => score > spike / 2)).toEqual([])
})

test('a score depends on nothing that comes later', () => {
  const points = values(1200)
  const whole = scoresOf(points)
  assert(
    property(integer({ min: 1, max: 1199 }), double({ noNaN: true, noDefaultInfinity: true }), (cut, other) => {
      expect(scoresOf(points.slice(0, cut))).toEqual(whole.slice(0, cut))
      const changed = [...points.slice(0, cut), { at: points[cut]!.at, value: other }]
      expect(scoresOf(changed).slice(0, cut)).toEqual(whole.slice(0, cut))
    }),
    { numRuns: 15 },
  )
})

test('a series that was stopped and restored scores as one that was not', () => {
  const points = values(2500)
  const [first, second] = [createSeries(), createSeries()]
  scoresOf(points.slice(0, 1300), first)
  second.restore(structuredClone(first.snapshot()))
  expect(scoresOf(points.slice(1300), second)).toEqual(scoresOf(points).slice(1300))
})

test('scores lie between 0 and 1 whatever the values are', () => {
  assert(
    property(array(double({ noNaN: true, min: -1e12, max: 1e12 }), { minLength: 60, maxLength: 300 }), (list) => {
      for (const { score } of scoresOf(list.map((value, i) => ({ at: MONDAY + i * MINUTE, value })))) {
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: 40 },
  )
})

test('a file of points becomes a file of scores, line by line', async () => {
  const [file, out] = [join(folder, 'in.csv'), join(folder, 'out.csv')]
  const points = values(300)
  const lines = points.map(({ at, value }) => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')},${value}`)
  writeFileSync(file, ['timestamp,value', ...lines, ''].join('\n'))
  expect(await runDetectSeries({ in: file, out })).toBe(300)
  const [heading, ...rows] = readFileSync(out, 'utf8').trimEnd().split('\n')
  expect(heading).toBe('timestamp,value,anomaly_score')
  expect(rows).toEqual(scoresOf(points).map(({ score }, i) => `${lines[i]},${score.toFixed(6)}`))
})

test.each([
  ['', 'line 1'],
  ['time,value\n', 'line 1'],
  ['timestamp,value\n2026-01-05 00:00:00,1\nyesterday,2\n', 'line 3'],
  ['timestamp,value\n2026-01-05 00:00:00,\n', 'line 2'],
])('a file that is no series is refused, naming its line', async (content, line) => {
  const file = join(folder, 'bad.csv')
  writeFileSync(file, content)
  await expect(runDetectSeries({ in: file, out: join(folder, 'bad-out.csv') })).rejects.toMatchObject({
    code: 'import_invalid',
    message: expect.stringContaining(line),
  })
})
