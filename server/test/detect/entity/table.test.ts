import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distinctIn, linearCount, mark, ones } from '../../../src/detect/entity/bits.ts'
import { createHabits } from '../../../src/detect/entity/habit.ts'
import { createTables, ENTITY_LIMITS, HABIT_FIELDS } from '../../../src/detect/entity/records.ts'
import { surprise } from '../../../src/detect/entity/rarity.ts'
import { createTable } from '../../../src/detect/entity/table.ts'
import { poissonTail } from '../../../src/detect/entity/tail.ts'
import { createValues } from '../../../src/detect/entity/values.ts'
import { VALUE_FIELDS } from '../../../src/detect/entity/records.ts'

const DAY = 86_400_000
const FORM = { value: 'u32', small: 'u8', pair: ['u16', 2], wide: 'f64' } as const

describe('a packed table', () => {
  test('holds what a map holds, through any number of evictions', () => {
    const key = fc.tuple(fc.nat(3), fc.nat(60))
    fc.assert(
      fc.property(fc.array(key, { maxLength: 400 }), (keys) => {
        const table = createTable(40, FORM)
        const model = new Map<string, number>()
        keys.forEach(([high, low], i) => {
          const before = table.evicted()
          const row = table.touch(high, low, i)
          if (table.evicted() > before)
            for (const name of model.keys())
              if (table.find(...(name.split(' ').map(Number) as [number, number])) < 0) model.delete(name)
          expect(table.wasNew()).toBe(!model.has(`${high} ${low}`))
          expect(table.fields.value.get(row)).toBe(model.get(`${high} ${low}`) ?? 0)
          table.fields.value.set(row, i)
          model.set(`${high} ${low}`, i)
        })
        expect(table.size()).toBe(model.size)
      }),
    )
  })

  test('is the same after it was written down and restored, and refuses another form', () => {
    const table = createTable(64, FORM)
    for (let i = 0; i < 100; i++) table.fields.pair.set(table.touch(1, i, i), i, 1)
    const saved = structuredClone(table.snapshot())
    const other = createTable(64, FORM)
    other.restore(saved)
    for (let i = 0; i < 100; i++) expect(other.find(1, i)).toBe(table.find(1, i))
    expect(other.touch(2, 1, 200)).toBe(table.touch(2, 1, 200))
    expect(() => createTable(64, { value: 'u32' }).restore(saved)).toThrow(RangeError)
    expect(() => createTable(8, FORM).restore(saved)).toThrow(RangeError)
  })

  test('small numbers stop at what they hold instead of starting anew', () => {
    const table = createTable(4, FORM)
    const row = table.touch(0, 1, 0)
    table.fields.small.set(row, 300)
    table.fields.pair.set(row, 70_000, 1)
    expect([table.fields.small.get(row), table.fields.pair.get(row, 1), table.fields.pair.get(row)]).toEqual([255, 65_535, 0])
  })

  test('a cold token takes at most 256 bytes with its place in the index, and a million of all fit into 300 MiB', () => {
    const { tokens, singles, sources, values, habits } = createTables({ ...ENTITY_LIMITS, tokensMax: 100_000 })
    expect(tokens.bytes / 100_000).toBeLessThanOrEqual(256)
    expect(sources.rowBytes).toBeLessThanOrEqual(512)
    const million = tokens.rowBytes * 1_000_000 + 4 * 2 ** 21
    expect(million).toBeLessThanOrEqual(300 * 2 ** 20)
    expect(million + singles.bytes + sources.bytes + values.bytes + habits.bytes).toBeLessThanOrEqual(400 * 2 ** 20)
  })
})

describe('counting', () => {
  test('a bitmap counts distinct ones within a fifth up to its size', () => {
    const table = createTable(1, { bits: ['u32', 8] })
    const row = table.touch(0, 1, 0)
    for (let i = 0; i < 200; i++) for (const again of [i, i]) mark(table.fields.bits, row, 8, again * 7919)
    expect(distinctIn(table.fields.bits, row, 8)).toBeGreaterThan(160)
    expect(distinctIn(table.fields.bits, row, 8)).toBeLessThan(240)
    expect(ones(0xffffffff)).toBe(32)
    expect(linearCount(64, 64)).toBe(linearCount(63, 64))
  })

  test('the Poisson tail is an upper bound close to the table: P(X ≥ 20 | 5) = 3.45e-7... and nothing below the mean', () => {
    let exact = 0
    for (
      let k = 20, term = Math.exp(-5 + 20 * Math.log(5) - [...Array(20).keys()].reduce((sum, i) => sum + Math.log(i + 1), 0));
      k < 80;
      k++, term *= 5 / k
    )
      exact += term
    expect(10 ** -poissonTail(20, 5)).toBeGreaterThanOrEqual(exact)
    expect(10 ** -poissonTail(20, 5)).toBeLessThan(exact * 1.1)
    expect(poissonTail(4, 5)).toBe(0)
  })

  test('a habit knows the most of windows before and the mean, empty windows in it', () => {
    const habits = createHabits(createTable(16, HABIT_FIELDS))
    const hour = { no: 1, seconds: 3600 }
    for (let i = 0; i < 4; i++) habits.add(hour, 1, 9, 0)
    const next = habits.add(hour, 1, 9, 3 * 3_600_000)
    expect(next).toMatchObject({ count: 1, windows: 3, from: 3 * 3_600_000 })
    expect(next.max).toBe(4)
    expect(next.mean).toBeLessThan(4)
    expect(habits.add(hour, 2, 9, 0)).toMatchObject({ count: 1, windows: 0, max: 0 })
  })
})

describe('rarity', () => {
  const nobody = { tokens: 0, pairs: 0, distinct: 0 }

  test('Witten and Bell: one of 128 steps, never seen by anybody, is eleven bits; more variety makes it less', () => {
    expect(surprise(127, 1, nobody, nobody)).toBeCloseTo(11)
    expect(surprise(127, 20, nobody, nobody)).toBeLessThan(8)
    expect(surprise(1_000_000, 1, nobody, nobody)).toBe(16)
  })

  test('what the owner’s or the tenant’s tokens use is less of a surprise', () => {
    const common = { tokens: 5, pairs: 10, distinct: 2 }
    const alone = surprise(127, 1, nobody, nobody)
    expect(surprise(127, 1, common, nobody)).toBeLessThan(surprise(127, 1, { ...nobody, pairs: 10, distinct: 2 }, common))
    expect(surprise(127, 1, common, nobody)).toBeLessThan(alone)
  })

  test('values count other tokens only, each once, and forget after two months', () => {
    const values = createValues(createTable(64, VALUE_FIELDS))
    const group = { tenant: 1, owner: 2 }
    for (const token of [5, 6, 6, 7]) values.add(group, 'network', 99, token, 40 * DAY)
    expect(values.ask(group, 'network', 99, 5, 40 * DAY)).toEqual({ tokens: 2, pairs: 3, distinct: 1 })
    expect(values.ask(group, 'network', 98, 5, 40 * DAY)).toEqual({ tokens: 0, pairs: 3, distinct: 1 })
    expect(values.ask({ tenant: 1, owner: 0 }, 'network', 99, 5, 40 * DAY).tokens).toBe(0)
    expect(values.ask(group, 'network', 99, 5, 130 * DAY).tokens).toBe(0)
  })
})
