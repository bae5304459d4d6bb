import { afterAll, expect, inject, test } from 'vitest'
import { askForPostgres, createDatabase } from '../../../test/postgres.ts'
import { openSharedLimits } from '../../src/access/limiters.ts'
import { createReadingBudget } from '../../src/access/limits.ts'
import { READING_LIMITS } from '../../src/access/reading-limits.ts'
import type { Principal } from '../../src/access/principal.ts'

const database = await createDatabase(await askForPostgres(inject('postgres')))
afterAll(() => database.drop())

const NOW = Date.UTC(2026, 10, 25, 12)
const clock = { now: () => NOW, ticks: () => 0 }
const log = { info() {}, warn() {}, error() {} }
const limits = { ...READING_LIMITS, requestsPerPrincipal: 90, burstPerPrincipal: 0, requestsPerTenant: 300 }
const reader = (tenantNo: number, ownerNo: number) => ({ tenantNo, ownerNo }) as Principal

function openNodes(count: number, url: string) {
  const nodes = Array.from({ length: count }, () => openSharedLimits({ url, nodes: count, log }))
  return {
    budgets: nodes.map((shared) => createReadingBudget(limits, { shared, clock })),
    close: async () => void (await Promise.all(nodes.map((node) => node.close()))),
  }
}

async function grantedOf(budgets: ReturnType<typeof openNodes>['budgets'], principal: Principal, asked: number): Promise<number> {
  let granted = 0
  for (let round = 0; round < asked; round++)
    await Promise.all(
      budgets.map((budget) =>
        budget.take(principal, 'state').then(
          () => (granted += 1),
          () => undefined,
        ),
      ),
    )
  return granted
}

test('three servers together let through what one may, and at most 5 % more', async () => {
  const { budgets, close } = openNodes(3, database.url)
  try {
    // the table is made by whoever comes first
    await budgets[0]?.take(reader(9, 9), 'state')
    const granted = await grantedOf(budgets, reader(1, 1), 60)
    expect(granted).toBeGreaterThanOrEqual(90)
    expect(granted).toBeLessThanOrEqual(Math.floor(90 * 1.05))
  } finally {
    await close()
  }
})

test('while the shared counts are away each server lets through its part', async () => {
  const { budgets, close } = openNodes(3, 'postgresql://nobody@127.0.0.1:9/none')
  try {
    expect(await grantedOf(budgets, reader(2, 2), 40)).toBe(90)
  } finally {
    await close()
  }
})
