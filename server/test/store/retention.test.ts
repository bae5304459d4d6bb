import { expect, test } from 'vitest'
import { applyRetention } from '../../src/store/retention.ts'
import { insert, numberOf, rowsOf, sharedStore, validation } from './support.ts'

const DAY_MS = 86_400_000
const shared = sharedStore()
const TODAY = Date.UTC(2026, 10, 25, 12)
const daysAgo = (days: number): number => TODAY - days * DAY_MS

test('an event is kept as long as its class says, and not a day longer', async () => {
  const store = shared()
  const cases = [
    [1, 29],
    [1, 31],
    [2, 89],
    [2, 91],
    [3, 399],
    [3, 401],
    [4, 2199],
    [4, 2201],
  ] as const
  for (const [retention, age] of cases)
    await insert(store, [validation(age, { tenant: 1, retention, occurredAt: daysAgo(age) })], `class ${age}`)
  expect(await applyRetention(store, TODAY)).toBeGreaterThanOrEqual(4)
  expect(
    (await rowsOf<{ seq: number }>(store, 'SELECT seq FROM events WHERE tenant = 1 ORDER BY seq')).map(({ seq }) => seq),
  ).toEqual([29, 89, 399, 2199])
  expect(await applyRetention(store, TODAY)).toBe(0)
})

test('roll-ups age on their own, after the events they count', async () => {
  const store = shared()
  for (const age of [3, 20, 200, 1000, 3000])
    await insert(store, [validation(age, { tenant: 2, occurredAt: daysAgo(age) })], `roll-up ${age}`)
  await applyRetention(store, TODAY)
  expect(await numberOf(store, 'SELECT count() AS n FROM events WHERE tenant = 2')).toBe(2)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_minute WHERE tenant = 2')).toBe(1)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_hour WHERE tenant = 2')).toBe(3)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_day WHERE tenant = 2')).toBe(4)
  expect(await numberOf(store, 'SELECT sum(attempts) AS n FROM token_day WHERE tenant = 2')).toBe(3)
  expect(await numberOf(store, 'SELECT sum(attempts) AS n FROM network_day WHERE tenant = 2')).toBe(2)
})

test('a sealed address is emptied after seven days; the event stays', async () => {
  const store = shared()
  const sealed = (age: number) =>
    validation(age, { tenant: 3, retention: 2, occurredAt: daysAgo(age), addressSealed: 'c2VhbGVk' })
  for (const age of [2, 9]) await insert(store, [sealed(age)], `sealed ${age}`)
  expect(await applyRetention(store, TODAY)).toBe(0)
  expect(await rowsOf(store, 'SELECT seq, address_sealed FROM events WHERE tenant = 3 ORDER BY seq')).toEqual([
    { seq: 2, address_sealed: 'c2VhbGVk' },
    { seq: 9, address_sealed: '' },
  ])
})
