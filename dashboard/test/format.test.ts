import { describe, expect, test } from 'vitest'
import { destinationsOf } from '../src/format/find.ts'
import { change, microseconds, percent, short } from '../src/format/number.ts'
import { ago, duration, timeFormat } from '../src/format/time.ts'
import {
  bucketsOf,
  bucketStart,
  chooseStep,
  DAY,
  fixedWindow,
  HOUR,
  parseMoment,
  refreshMs,
  resolveWindow,
  shiftWindow,
  STEP_MS,
  zoomWindow,
} from '../src/format/window.ts'

const NOW = Date.UTC(2026, 10, 25, 14, 37, 5)

describe('moments as the address holds them', () => {
  test.each([
    ['now', NOW],
    ['now-15m', NOW - 15 * 60_000],
    ['now-24h', NOW - DAY],
    ['now-7d', NOW - 7 * DAY],
    ['now-2w', NOW - 14 * DAY],
    ['now/d', Date.UTC(2026, 10, 25)],
    ['now-7d/d', Date.UTC(2026, 10, 18)],
    ['now-3h/h', Date.UTC(2026, 10, 25, 11)],
    ['2026-11-01', Date.UTC(2026, 10, 1)],
    ['2026-11-01T10:30', Date.UTC(2026, 10, 1, 10, 30)],
    ['2026-11-01T10:30:00Z', Date.UTC(2026, 10, 1, 10, 30)],
    ['2026-11-01T10:30:00.250Z', Date.UTC(2026, 10, 1, 10, 30, 0, 250)],
    ['2026-11-01T10:30:00+02:00', Date.UTC(2026, 10, 1, 8, 30)],
    ['1793529000000', 1_793_529_000_000],
  ])('%s is understood', (text, at) => {
    expect(parseMoment(text, NOW)).toBe(at)
  })

  test.each(['', 'tomorrow', 'now+1h', 'now-', 'now-5x', '2026-13-01', '2026-11-01T25:00', '12', '<script>', 'now-9999999d'])(
    '%j is refused',
    (text) => {
      expect(parseMoment(text, NOW)).toBeUndefined()
    },
  )
})

describe('windows', () => {
  test('an empty, turned or endless window is none', () => {
    expect(resolveWindow({ from: 'now', to: 'now' }, NOW)).toBeUndefined()
    expect(resolveWindow({ from: 'now', to: 'now-1h' }, NOW)).toBeUndefined()
    expect(resolveWindow({ from: 'now-3000d', to: 'now' }, NOW)).toBeUndefined()
  })

  test('shifting there and back gives the same window', () => {
    const window = { from: NOW - DAY, to: NOW }
    const later = resolveWindow(shiftWindow(window, 1), NOW) ?? { from: 0, to: 1 }
    expect(later.from).toBe(window.to)
    expect(shiftWindow(later, -1)).toEqual(fixedWindow(window))
  })

  test('zooming keeps the middle and never goes below two minutes', () => {
    const window = { from: NOW - 2 * HOUR, to: NOW }
    expect(resolveWindow(zoomWindow(window, 0.5), NOW)).toEqual({ from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR })
    const narrow = resolveWindow(zoomWindow({ from: NOW - 60_000, to: NOW }, 0.5), NOW)
    expect((narrow?.to ?? 0) - (narrow?.from ?? 0)).toBe(120_000)
  })

  test('a chart has at most 400 points, and its buckets hold the whole window', () => {
    for (const width of [10 * 60_000, HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 400 * DAY, 2_000 * DAY]) {
      const window = { from: NOW - width, to: NOW }
      const step = chooseStep(window)
      const buckets = bucketsOf(window, step)
      expect(buckets.length).toBeLessThanOrEqual(401)
      expect(buckets[0]).toBeLessThanOrEqual(window.from)
      expect((buckets.at(-1) ?? 0) + STEP_MS[step]).toBeGreaterThanOrEqual(window.to)
    }
  })

  test('weeks begin on Mondays, UTC', () => {
    expect(new Date(bucketStart(NOW, 'week')).toISOString()).toBe('2026-11-23T00:00:00.000Z')
  })

  test('a moving window is never asked again faster than every 5 seconds', () => {
    expect(refreshMs({ from: 0, to: 60_000 })).toBe(10_000)
    expect(refreshMs({ from: 0, to: 30 * DAY })).toBe(300_000)
  })
})

describe('numbers', () => {
  test.each([
    [0, '0%'],
    [1, '100%'],
    [0.99999, '>99.99%'],
    [0.00001, '<0.01%'],
    [0.9962, '99.62%'],
    [0.4251, '42.5%'],
    [0.25, '25%'],
  ])('the share %d is %s: it never rounds up to all or down to nothing', (share, text) => {
    expect(percent(share)).toBe(text)
  })

  test.each([
    [9_999, '9,999'],
    [84_213, '84.2K'],
    [1_230_000, '1.23M'],
  ])('%d is short as %s', (value, text) => {
    expect(short(value)).toBe(text)
  })

  test.each([
    [184, '184 µs'],
    [4_410, '4.41 ms'],
    [2_500_000, '2.5 s'],
  ])('%d microseconds are %s', (value, text) => {
    expect(microseconds(value)).toBe(text)
  })

  test('a change is a percentage only where there were enough cases', () => {
    expect(change(5, 0)).toBeUndefined()
    expect(change(500, 19)).toBeUndefined()
    expect(change(1_500, 100)).toBe('×15')
    expect(change(110, 100)).toBe('+10%')
    expect(change(90, 100)).toBe('−10%')
    expect(change(100, 100)).toBe('±0%')
  })
})

describe('times', () => {
  test('UTC is written as UTC, and a field is read back as it was written', () => {
    const utc = timeFormat('utc')
    expect(utc.stamp(NOW)).toBe('25 Nov 2026, 14:37:05')
    expect(utc.parseField(utc.field(NOW))).toBe(Date.UTC(2026, 10, 25, 14, 37))
    const local = timeFormat('local')
    expect(local.parseField(local.field(NOW))).toBe(Date.UTC(2026, 10, 25, 14, 37))
  })

  test('distances and lengths', () => {
    expect(ago(NOW - 90_000, NOW)).toBe('1m ago')
    expect(ago(NOW + 3 * DAY, NOW)).toBe('in 3d')
    expect(ago(NOW, NOW)).toBe('now')
    expect(duration(3 * DAY + 4 * HOUR + 60_000)).toBe('3 d 4 h')
    expect(duration(60_000)).toBe('1 min')
    expect(duration(40)).toBe('40 ms')
  })
})

test('what is typed leads to screens, ids and searches; a secret leads nowhere', () => {
  const secret = `${'S'.repeat(43)}aaaaaa`
  expect(destinationsOf('').map(({ href }) => href)).toEqual([
    '/',
    '/findings',
    '/tokens',
    '/events',
    '/audit',
    '/reports',
    '/settings',
  ])
  expect(destinationsOf(' fnd_0a1b ')[0]?.href).toBe('/findings/fnd_0a1b')
  expect(destinationsOf('evt_1_PF')[0]?.href).toBe('/events?event=evt_1_PF')
  expect(destinationsOf(`ttk_44YCCrhGH946eril_${secret}`)[0]?.href).toBe('/tokens/44YCCrhGH946eril')
  expect(destinationsOf(secret)).toEqual([])
  expect(destinationsOf('a&b=c').map(({ href }) => href)).toEqual(['/tokens?search=a%26b%3Dc', '/events?requestId=a%26b%3Dc'])
})
