import { describe, expect, test } from 'vitest'
import { createReadingBudget } from '../../src/access/limits.ts'
import type { Principal } from '../../src/access/principal.ts'
import { COSTS, costOf, READING_LIMITS, READING_ROUTES } from '../../src/access/reading-limits.ts'

const DAY_MS = 86_400_000
let now = Date.UTC(2026, 10, 25, 12)
const clock = { now: () => now, ticks: () => now * 1_000 }
const reader = (ownerNo: number, tenantNo = 1) => ({ tenantNo, ownerNo }) as Principal
const open = (limits: Partial<typeof READING_LIMITS> = {}) => createReadingBudget({ ...READING_LIMITS, ...limits }, { clock })

describe('the table of reading', () => {
  test('names a known class for every route, and no route that reads goes without', () => {
    for (const [route, cost] of Object.entries(READING_ROUTES)) expect([route, Object.hasOwn(COSTS, cost)]).toEqual([route, true])
    expect(() => costOf('GET', '/v1/new', true)).toThrow(/has no cost/)
    expect(costOf('POST', '/v1/tokens', false)).toBeUndefined()
  })
})

describe('a reading budget', () => {
  test('lets through 120 requests a minute, and 30 more at once', async () => {
    const budget = open()
    let granted = 0
    for (let i = 0; i < 200; i++) granted += await budget.take(reader(1), 'state').then(() => 1, () => 0) // oxfmt-ignore
    expect(granted).toBe(150)
    await expect(budget.take(reader(1), 'state')).rejects.toMatchObject({ code: 'rate_limited' })
    await expect(budget.take(reader(2), 'state')).resolves.toBeDefined()
  })

  test('refuses a question that would cost too much before it runs, with the cost named', async () => {
    const budget = open()
    const day = { route: '/v1/events', windowMs: DAY_MS }
    await budget.take(reader(1), 'rows', day)
    await budget.charge(reader(1), 5_000_000, day)
    await expect(budget.take(reader(1), 'rows', { ...day, windowMs: 30 * DAY_MS })).rejects.toMatchObject({
      code: 'cost_refused',
      message: expect.stringContaining('about 150 points'),
    })
    await expect(budget.take(reader(1), 'rows', { ...day, windowMs: DAY_MS })).resolves.toBeDefined()
    await expect(budget.take(reader(1, 2), 'rows', { ...day, windowMs: 30 * DAY_MS })).resolves.toBeDefined()
  })

  test('charges what a question read beyond its estimate', async () => {
    const budget = open({ costPerPrincipal: 20 })
    await budget.take(reader(1), 'rows', { route: '/v1/events', windowMs: DAY_MS })
    await budget.charge(reader(1), 30_000_000)
    await expect(budget.take(reader(1), 'rollup')).rejects.toMatchObject({ code: 'cost_refused' })
    await expect(budget.take(reader(1), 'state')).resolves.toBeDefined()
  })

  test('has ten exports an hour and a bound on the reveals of a tenant', async () => {
    const budget = open({ revealsPerTenant: 3 })
    for (let i = 0; i < 10; i++) await budget.take(reader(1), 'export')
    await expect(budget.take(reader(1), 'export')).rejects.toMatchObject({ code: 'rate_limited' })
    for (const ownerNo of [1, 2, 3]) await budget.take(reader(ownerNo), 'reveal')
    await expect(budget.take(reader(4), 'reveal')).rejects.toMatchObject({ code: 'rate_limited' })
  })

  test('gives a question a place when another leaves, in the order in which they came', async () => {
    const budget = open({ concurrentPerPrincipal: 2 })
    const [first, second] = [await budget.enterQuestion(reader(1)), await budget.enterQuestion(reader(1))]
    const came: number[] = []
    const waiting = [3, 4].map(async (no) => {
      const leave = await budget.enterQuestion(reader(1))
      came.push(no)
      return leave
    })
    const other = await budget.enterQuestion(reader(2))
    expect(came).toEqual([])
    first()
    first()
    await waiting[0]
    expect(came).toEqual([3])
    second()
    await waiting[1]
    expect(came).toEqual([3, 4])
    other()
  })

  test("counts a viewer's different questions, and begins anew with the day", async () => {
    const budget = open({ viewerQuestionsPerDay: 2 })
    for (const question of ['a', 'b', 'a']) await budget.askDaily(reader(1), question)
    await expect(budget.askDaily(reader(1), 'c')).rejects.toMatchObject({ code: 'rate_limited' })
    await budget.askDaily(reader(2), 'c')
    now += DAY_MS
    await budget.askDaily(reader(1), 'c')
  })
})
