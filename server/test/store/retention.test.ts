import { expect, test } from 'vitest'
import {
  dropPart,
  dropSurplus,
  emptySealedAddresses,
  heldRows,
  holdRows,
  isDue,
  releaseRows,
  rowsByTenant,
  rowsInScope,
  sealedAddressParts,
  storedParts,
  surplusRows,
  type StoredPart,
} from '../../src/store/retention.ts'
import type { Store } from '../../src/store/store.ts'
import { insert, numberOf, rowsOf, sharedStore, validation } from './support.ts'

const DAY_MS = 86_400_000
const shared = sharedStore()
const TODAY = Date.UTC(2026, 10, 25, 12)
const daysAgo = (days: number): number => TODAY - days * DAY_MS

async function dropDue(store: Store): Promise<readonly StoredPart[]> {
  const due = (await storedParts(store)).filter((part) => isDue(part, TODAY))
  for (const part of due) await dropPart(store, part)
  return due
}

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
  const due = (await dropDue(store)).filter(({ table }) => table === 'events')
  expect(due.map(({ rows, days }) => [rows, days])).toEqual([
    [1, 2200],
    [1, 400],
    [1, 90],
    [1, 30],
  ])
  expect(
    (await rowsOf<{ seq: number }>(store, 'SELECT seq FROM events WHERE tenant = 1 ORDER BY seq')).map(({ seq }) => seq),
  ).toEqual([29, 89, 399, 2199])
  expect(await dropDue(store)).toEqual([])
})

test('roll-ups age on their own, after the events they count', async () => {
  const store = shared()
  for (const age of [3, 20, 200, 1000, 3000])
    await insert(store, [validation(age, { tenant: 2, occurredAt: daysAgo(age) })], `roll-up ${age}`)
  await dropDue(store)
  expect(await numberOf(store, 'SELECT count() AS n FROM events WHERE tenant = 2')).toBe(2)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_minute WHERE tenant = 2')).toBe(1)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_hour WHERE tenant = 2')).toBe(3)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_day WHERE tenant = 2')).toBe(4)
  expect(await numberOf(store, 'SELECT sum(attempts) AS n FROM token_day WHERE tenant = 2')).toBe(3)
  expect(await numberOf(store, 'SELECT sum(attempts) AS n FROM network_day WHERE tenant = 2')).toBe(2)
})

test('a sealed address is emptied; the event stays', async () => {
  const store = shared()
  const sealed = (age: number) =>
    validation(age, { tenant: 3, retention: 2, occurredAt: daysAgo(age), addressSealed: 'c2VhbGVk' })
  for (const age of [2, 9]) await insert(store, [sealed(age)], `sealed ${age}`)
  const found = await sealedAddressParts(store, Math.floor(TODAY / DAY_MS) - 7)
  expect(found.map(({ rows }) => rows)).toEqual([1])
  for (const { id } of found) await emptySealedAddresses(store, id)
  expect(await rowsOf(store, 'SELECT seq, address_sealed FROM events WHERE tenant = 3 ORDER BY seq')).toEqual([
    { seq: 2, address_sealed: 'c2VhbGVk' },
    { seq: 9, address_sealed: '' },
  ])
})

test('what a hold keeps is copied once, in its scope and no further, and goes with the hold', async () => {
  const store = shared()
  const at = daysAgo(12)
  const rows = [
    validation(1, { tenant: 4, ownerNo: 7, tokenNo: 70, occurredAt: at }),
    validation(2, { tenant: 4, ownerNo: 8, tokenNo: 80, occurredAt: at + 1_000 }),
    validation(3, { tenant: 4, ownerNo: 7, tokenNo: 71, occurredAt: at + 2_000 }),
    validation(4, { tenant: 5, ownerNo: 7, tokenNo: 70, occurredAt: at }),
  ]
  await insert(store, rows, 'held')
  const part = (await storedParts(store)).find(({ table, from, to }) => table === 'events' && from <= at && at < to)
  if (!part) throw new Error('the rows stand in a partition')
  expect(await rowsByTenant(store, part)).toEqual(new Map([[4, 3], [5, 1]])) // oxfmt-ignore
  const scope = { hold: 'hld_a', tenantNo: 4, ownerNo: 7, tokenNo: null, from: null, to: null }
  expect(await rowsInScope(store, scope, part)).toBe(2)
  for (const _ of [1, 2]) await holdRows(store, scope, part)
  await holdRows(store, { ...scope, hold: 'hld_b', to: at + 1_500 }, part)
  await dropPart(store, part)
  expect(await rowsOf(store, 'SELECT hold, seq FROM events_held ORDER BY hold, seq')).toEqual([
    { hold: 'hld_a', seq: 1 },
    { hold: 'hld_a', seq: 3 },
    { hold: 'hld_b', seq: 1 },
  ])
  await releaseRows(store, 4, 'hld_a')
  expect(await heldRows(store)).toEqual([{ tenantNo: 4, hold: 'hld_b', rows: 1 }])
})

test("a rule that became shorter takes the tenant's rows and no one else's", async () => {
  const store = shared()
  for (const tenant of [6, 7])
    for (const age of [40, 20])
      await insert(store, [validation(age, { tenant, retention: 3, occurredAt: daysAgo(age) })], `surplus ${tenant} ${age}`)
  const surplus = { tenantNo: 6, class: 1, beforeDay: Math.floor(TODAY / DAY_MS) - 30 }
  expect(await surplusRows(store, surplus)).toBe(1)
  await dropSurplus(store, surplus)
  expect(await rowsOf(store, 'SELECT tenant, seq FROM events WHERE tenant IN (6, 7) ORDER BY tenant, seq')).toEqual([
    { tenant: 6, seq: 20 },
    { tenant: 7, seq: 20 },
    { tenant: 7, seq: 40 },
  ])
})
