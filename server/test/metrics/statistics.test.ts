import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cumulativeIncidence, incidenceAt } from '../../src/metrics/aalen-johansen.ts'
import { type Life, kaplanMeier, medianOf, restrictedMean } from '../../src/metrics/kaplan-meier.ts'
import { poissonInterval, rateOf } from '../../src/metrics/poisson-exact.ts'
import { shareOf } from '../../src/query/wilson.ts'

/** `6` ended at 6, `6+` was still alive at 6. */
function lives(text: string): Life<'relapse'>[] {
  return text
    .split(' ')
    .map((word) => ({ entry: 0, exit: Number.parseInt(word, 10), cause: word.endsWith('+') ? null : 'relapse' }))
}

// Freireich et al. 1963, Blood 21:699; 6-MP and placebo arm.
const treated = lives('6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+')
const placebo = lives('1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23')

/** P(X < k) of a Poisson variable, summed term by term. */
function poissonBelow(k: number, mean: number): number {
  let term = Math.exp(-mean)
  let sum = 0
  for (let i = 0; i < k; i++) {
    sum += term
    term *= mean / (i + 1)
  }
  return sum
}

describe('Wilson', () => {
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%d of %d is between %d and %d (Newcombe 1998)', (numerator, denominator, low, high) => {
    const share = shareOf(numerator, denominator)
    expect(share?.low).toBeCloseTo(low, 4)
    expect(share?.high).toBeCloseTo(high, 4)
  })

  test('a share of nothing is no share', () => {
    expect(shareOf(0, 0)).toBeNull()
  })

  test('the interval holds the value and stays between 0 and 1', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (some, more) => {
        const share = shareOf(some, some + more)
        if (share === null) return
        expect(share.low).toBeGreaterThanOrEqual(0)
        expect(share.high).toBeLessThanOrEqual(1)
        expect(share.low).toBeLessThanOrEqual(share.value)
        expect(share.high).toBeGreaterThanOrEqual(share.value)
      }),
    )
  })
})

describe('exact Poisson', () => {
  test.each([
    [0, 0, 3.6889],
    [1, 0.0253, 5.5716],
    [10, 4.7954, 18.3904],
  ])('%d events are between %d and %d (Garwood 1936)', (events, low, high) => {
    const interval = poissonInterval(events)
    expect(interval[0]).toBeCloseTo(low, 4)
    expect(interval[1]).toBeCloseTo(high, 4)
  })

  test('the bounds are where the tails of the distribution itself hold 2.5 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (events) => {
        const [low, high] = poissonInterval(events)
        expect(1 - poissonBelow(events, low)).toBeCloseTo(0.025, 9)
        expect(poissonBelow(events + 1, high)).toBeCloseTo(0.025, 9)
      }),
    )
  })

  test('a million events are within 2 per mille', () => {
    const [low, high] = poissonInterval(1_000_000)
    expect(low).toBeCloseTo(1_000_000 - 1.959964 * 1000 + 0.95, -1)
    expect(high).toBeCloseTo(1_000_000 + 1.959964 * 1000 + 1.95, -1)
  })

  test('a rate carries its exposure; none without', () => {
    expect(rateOf(10, 2000, 1000, 'per 1,000 token days')).toMatchObject({ value: 5, events: 10, exposure: 2000 })
    expect(rateOf(10, 2000, 1000, 'x')?.high).toBeCloseTo(9.1952, 4)
    expect(rateOf(3, 0, 1000, 'x')).toBeNull()
  })
})

describe('Kaplan–Meier', () => {
  test('the 6-MP arm of Freireich et al. 1963', () => {
    const points = kaplanMeier(treated)
    expect(points.map((point) => point.age)).toEqual([6, 7, 10, 13, 16, 22, 23])
    const rounded = (of: readonly number[]): string[] => of.map((value) => value.toFixed(4))
    expect(rounded(points.map((p) => p.survival))).toEqual(['0.8571', '0.8067', '0.7529', '0.6902', '0.6275', '0.5378', '0.4482'])
    expect(rounded(points.map((p) => p.error))).toEqual(['0.0764', '0.0869', '0.0963', '0.1068', '0.1141', '0.1282', '0.1346'])
    expect(medianOf(points).value).toBe(23)
  })

  test('its restricted means, and the placebo arm equals the plain mean', () => {
    const at20 = restrictedMean(kaplanMeier(treated), 20)
    expect([at20.value.toFixed(4), at20.error.toFixed(4)]).toEqual(['16.1165', '1.2516'])
    const at35 = restrictedMean(kaplanMeier(treated), 35)
    expect([at35.value.toFixed(4), at35.error.toFixed(4)]).toEqual(['23.2874', '2.8275'])
    expect(restrictedMean(kaplanMeier(placebo), 23).value.toFixed(4)).toBe('8.6667')
  })

  test('log-log bounds of the 6-MP arm (R survival, conf.type = "log-log")', () => {
    const first = kaplanMeier(treated)[0]
    expect(first?.low.toFixed(3)).toBe('0.620')
    expect(first?.high.toFixed(3)).toBe('0.952')
  })

  test('a life is at risk only from its entry on', () => {
    const late: Life[] = [
      { entry: 0, exit: 2, cause: 'x' },
      { entry: 0, exit: 9, cause: null },
      { entry: 5, exit: 8, cause: 'x' },
      { entry: 5, exit: 9, cause: null },
    ]
    expect(kaplanMeier(late).map((point) => point.atRisk)).toEqual([2, 3])
  })

  test('without any ending everybody lives', () => {
    expect(restrictedMean(kaplanMeier(lives('5+ 6+')), 10)).toMatchObject({ value: 10, error: 0 })
    expect(medianOf([]).value).toBeNull()
  })
})

describe('Aalen–Johansen', () => {
  const causes = ['expired', 'security', 'superseded'] as const
  const anyLife = fc
    .record({ entry: fc.nat(20), stay: fc.nat(60), cause: fc.option(fc.constantFrom(...causes)) })
    .map(({ entry, stay, cause }): Life<(typeof causes)[number]> => ({ entry, exit: entry + stay, cause }))

  test('survival and the incidences of all causes add to one', () => {
    fc.assert(
      fc.property(fc.array(anyLife, { maxLength: 80 }), (some) => {
        for (const { survival, incidence } of cumulativeIncidence(some)) {
          expect(survival + Object.values(incidence).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10)
        }
      }),
    )
  })

  test('with one cause it is 1 − S', () => {
    const survival = kaplanMeier(treated)
    cumulativeIncidence(treated).forEach((point, i) =>
      expect(point.incidence.relapse).toBeCloseTo(1 - (survival[i]?.survival ?? 0), 12),
    )
  })

  test('without censoring it is the plain proportion', () => {
    const some: Life[] = [1, 2, 3, 4].map((exit) => ({ entry: 0, exit, cause: exit % 2 === 0 ? 'even' : 'odd' }))
    expect(incidenceAt(cumulativeIncidence(some), 3)).toEqual({
      age: 3,
      atRisk: 2,
      survival: 0.25,
      incidence: { odd: 0.5, even: 0.25 },
    })
  })
})
