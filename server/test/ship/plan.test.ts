import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPlanFile } from '../../src/ship/plan.ts'
import { temporaryFolder } from '../store/support.ts'

test('a plan under way is found again by where it starts, and only so', () => {
  const path = join(temporaryFolder(), 'plan')
  const plan = { id: 'a', from: 5, upTo: 9 }
  openPlanFile(path).remember(plan)
  expect(openPlanFile(path).pending(5)).toEqual(plan)
  expect(openPlanFile(path).pending(9)).toBeUndefined()
  openPlanFile(path).remember({ id: 'b', from: 9, upTo: 10 })
  expect(openPlanFile(path).pending(9)).toEqual({ id: 'b', from: 9, upTo: 10 })
  openPlanFile(path).forget()
  expect(openPlanFile(path).pending(9)).toBeUndefined()
})

test.each(['', '{"id":"a","fr', 'null', '{"id":1,"from":5,"upTo":9}'])('a plan that was half written (%j) is none', (content) => {
  const path = join(temporaryFolder(), 'plan')
  writeFileSync(path, content)
  expect(openPlanFile(path).pending(5)).toBeUndefined()
})
