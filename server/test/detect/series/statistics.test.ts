import { assert, double, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { discoveryThreshold } from '../../../src/detect/series/benjamini-hochberg.ts'
import { shareStrangeness } from '../../../src/detect/series/beta-binomial.ts'
import { countInterval } from '../../../src/detect/series/count-interval.ts'
import { barOf, createCusum, CUSUM_BAR } from '../../../src/detect/series/cusum.ts'
import { blankCounter, countValue, distinctOf, unite } from '../../../src/detect/series/linear-counter.ts'
import { countAtLeast, countTails, logCountProbability } from '../../../src/detect/series/negative-binomial.ts'
import { zOfStrangeness } from '../../../src/detect/series/normal.ts'
import { fitPareto, logParetoAbove } from '../../../src/detect/series/pareto.ts'
import { COUNT_TAIL, createTail } from '../../../src/detect/series/tail.ts'
import { gauss, randomFrom } from './support.ts'

describe('counts', () => {
  test('a negative binomial agrees with published values', () => {
    expect(countAtLeast(20, 5, 2)).toBeCloseTo(0.0080249, 7)
    // r = 1 is geometric: P(X ≥ k) = (μ ⁄ (1 + μ))^k
    expect(countAtLeast(7, 3, 1)).toBeCloseTo(0.75 ** 7, 12)
    // P(X = 0) = (r ⁄ (r + μ))^r
    expect(Math.exp(logCountProbability(0, 5, 2))).toBeCloseTo((2 / 7) ** 2, 12)
  })

  test('a large size is a Poisson distribution', () => {
    // Poisson(5): P(X ≥ 10) = 0.031828
    expect(countAtLeast(10, 5, Infinity)).toBeCloseTo(0.031828, 6)
    expect(countTails(12, 5, 9e4).up).toBeCloseTo(countTails(12, 5, Infinity).up, 2)
  })

  test('mid-p tails of all counts are those of sums of probabilities', () => {
    assert(
      property(
        double({ min: 0.05, max: 200, noNaN: true }),
        double({ min: 0.3, max: 500, noNaN: true }),
        nat(300),
        (mu, r, count) => {
          const at = Math.exp(logCountProbability(count, mu, r))
          let below = 0
          for (let k = 0; k < count; k++) below += Math.exp(logCountProbability(k, mu, r))
          const { up, down } = countTails(count, mu, r)
          expect(10 ** -down).toBeCloseTo(below + at / 2, 6)
          expect(10 ** -up).toBeCloseTo(1 - below - at / 2, 6)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('what is far out keeps its digits on both sides', () => {
    expect(countTails(1000, 5, 2).up).toBeGreaterThan(100)
    expect(countTails(0, 300, Infinity).down).toBeCloseTo(300 / Math.LN10 + Math.log10(2), 6)
    expect(countTails(3, 1000, 50).down).toBeGreaterThan(50)
  })

  test('the interval leaves half a percent on either side', () => {
    const { low, high } = countInterval(40, 8)
    expect(countTails(low, 40, 8).down).toBeLessThan(-Math.log10(0.005))
    expect(countTails(low - 1, 40, 8).down).toBeGreaterThanOrEqual(-Math.log10(0.005))
    expect(countTails(high + 1, 40, 8).up).toBeGreaterThanOrEqual(-Math.log10(0.005))
  })

  test('a share that varies is a beta-binomial, and a binomial where it does not', () => {
    // a = b = 1 is uniform on 0…n: P(X = 10) ⁄ 2 of n = 10
    expect(shareStrangeness(10, 10, 0.5, 1 / 3)).toBeCloseTo(-Math.log10(0.5 / 11), 6)
    // binomial(20, ½): P(X > 15) + P(X = 15) ⁄ 2 = 0.0133018
    expect(shareStrangeness(15, 20, 0.5, 1e-6)).toBeCloseTo(-Math.log10(0.0133018), 3)
  })
})

describe('tails', () => {
  test.each([-0.2, 0, 0.3])('a Pareto tail of shape %f is found by its moments', (shape) => {
    const xs = Array.from({ length: 5000 }, (_, i) => {
      const rest = 1 - (i + 0.5) / 5000
      return shape === 0 ? -2 * Math.log(rest) : (2 * (rest ** -shape - 1)) / shape
    })
    const fit = fitPareto(xs)
    expect(fit.shape).toBeCloseTo(shape, 2)
    expect(fit.scale).toBeCloseTo(2, 1)
  })

  test('the tail of a Pareto distribution is its formula', () => {
    expect(Math.exp(logParetoAbove({ shape: 0.5, scale: 2 }, 4))).toBeCloseTo(0.25, 12)
    expect(Math.exp(logParetoAbove({ shape: 0, scale: 2 }, 4))).toBeCloseTo(Math.exp(-2), 12)
  })

  test('a stream that is often strange by its model is believed less, and never more', () => {
    const tail = createTail({ ...COUNT_TAIL, halfLife: 8064 })
    const random = randomFrom(1)
    // twice as strange as the model says: p becomes p²
    for (let i = 0; i < 20_000; i++) tail.learn(-2 * Math.log10(1 - random()))
    expect(tail.judge(8)).toBeGreaterThan(3)
    expect(tail.judge(8)).toBeLessThan(5.5)
    const calm = createTail({ ...COUNT_TAIL, halfLife: 8064 })
    for (let i = 0; i < 20_000; i++) calm.learn(-0.5 * Math.log10(1 - random()))
    expect(calm.judge(4)).toBeLessThanOrEqual(4)
  })

  test('with few excesses nothing is called rarer than one in a million', () => {
    expect(createTail({ ...COUNT_TAIL, halfLife: 8064 }).judge(40)).toBe(6)
  })

  test('z of a tail is that of the normal table', () => {
    expect(zOfStrangeness(-Math.log10(0.5))).toBeCloseTo(0, 2)
    expect(zOfStrangeness(-Math.log10(0.025))).toBeCloseTo(1.96, 2)
    expect(zOfStrangeness(-Math.log10(0.001))).toBeCloseTo(3.09, 2)
  })
})

describe('drift', () => {
  test('the sums are those worked by hand', () => {
    const cusum = createCusum({ historyMax: 672, block: 24, horizon: 8760 })
    for (const [hour, z] of [0, 1, 1, -2, 3, 9, 2].entries()) cusum.add(hour, z)
    // 0, ½, 1, 0, 2½, 6 (9 is clipped to 4), 7½
    expect(cusum.up).toBeCloseTo(7.5 / CUSUM_BAR, 12)
    expect(cusum.upSince).toBe(4)
    expect(cusum.down).toBe(0)
  })

  test('a history that hangs together raises the bar, independent noise hardly', () => {
    const random = randomFrom(5)
    const noise = Array.from({ length: 672 }, () => gauss(random))
    let at = 0
    const slow = noise.map((z) => (at = 0.95 * at + 0.31 * z))
    const [low, high] = [barOf(noise, 24, 8760, 1), barOf(slow, 24, 8760, 1)]
    expect(low).toBeGreaterThanOrEqual(CUSUM_BAR)
    expect(high).toBeGreaterThan(2 * low)
    expect(barOf(noise, 24, 8760, 1)).toBe(low)
  })
})

test('Benjamini and Hochberg find the first four of their own example', () => {
  const ps = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1]
  expect(discoveryThreshold(ps, 0.05)).toBe(0.0095)
  expect(discoveryThreshold([0.2, 0.9], 0.05)).toBe(0)
})

test('distinct values are counted within a few percent, and unions count once', () => {
  const [one, other] = [blankCounter(), blankCounter()]
  const random = randomFrom(9)
  for (let i = 0; i < 800; i++) {
    const hash = BigInt(Math.floor(random() * 2 ** 32)) << 16n
    countValue(one, hash)
    countValue(i % 2 ? one : other, hash)
  }
  unite(one, other)
  expect(distinctOf(one)).toBeGreaterThan(740)
  expect(distinctOf(one)).toBeLessThan(860)
})
