import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { GAPS_MAX, highWater, mark, NO_MARK } from '../../src/journal/marks.ts'
import type { Mark } from '../../src/journal/marks.ts'

test('a mark knows exactly which numbers were received, in whatever order they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 40 })), (numbers) => {
      const seen = new Set<number>()
      let marked: Mark = NO_MARK
      for (const seq of numbers) {
        const next = mark(marked, seq, 1, 1)
        expect(next === undefined).toBe(seen.has(seq))
        marked = next ?? marked
        seen.add(seq)
      }
      let expected = 0
      while (seen.has(expected + 1)) expected++
      expect(highWater(marked)).toBe(expected)
    }),
  )
})

test('a mark remembers a bounded number of gaps, and gives up the oldest', () => {
  let marked: Mark = NO_MARK
  for (let seq = 2; seq <= 10 * GAPS_MAX; seq += 2) marked = mark(marked, seq, 1, 1) ?? marked
  expect(marked.gaps).toHaveLength(GAPS_MAX)
  expect(mark(marked, 1, 1, 1)).toBeUndefined()
  expect(mark(marked, 10 * GAPS_MAX - 1, 1, 1)).toBeDefined()
})
