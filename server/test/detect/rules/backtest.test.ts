import * as fc from 'fast-check'
import { FLAGS } from 'tokentrail'
import { expect, test } from 'vitest'
import { backtestCost, backtestRule } from '../../../src/detect/rules/backtest.ts'
import { createRunner } from '../../../src/detect/rules/correlation.ts'
import { loadRules, type LoadedRule } from '../../../src/detect/rules/load.ts'
import type { EventRow } from '../../../src/event/row.ts'
import { insert, NOON, sharedStore, validation } from '../../store/support.ts'

const shared = sharedStore()
const DAY_MS = 86_400_000

const FAILED = `
title: Failed
id: failed
logsource: { product: tokentrail, service: validation }
detection: { selection: { outcome: rejected }, condition: selection }
`
const PASSED = `
title: Passed
id: passed
logsource: { product: tokentrail, service: validation }
detection: { selection: { outcome: accepted }, condition: selection }
`
const correlation = (body: string): string =>
  `title: Together\nid: together\ncorrelation:\n  ${body.trim().replaceAll('\n', '\n  ')}\n---${FAILED}---${PASSED}`

function load(text: string): LoadedRule {
  const { rules, problems } = loadRules([{ name: 'rule', text }])
  const [rule] = rules
  if (!rule) throw new Error(JSON.stringify(problems))
  return rule
}

const event = fc
  .record({
    outcome: fc.constantFrom(1, 2),
    network: fc.bigInt({ min: 0n, max: 3n }),
    tokenNo: fc.integer({ min: 0, max: 6 }),
    seconds: fc.integer({ min: 0, max: 3000 }),
    durationUs: fc.integer({ min: 0, max: 50 }),
    count: fc.constantFrom(1, 1, 1, 4),
  })
  .map(({ seconds, outcome, ...fields }): Partial<EventRow> => ({
    ...fields,
    outcome,
    reason: outcome === 1 ? 1 : 13,
    occurredAt: NOON + seconds * 1000,
  }))

const bodies = [
  'type: event_count\nrules: failed\ngroup-by: network\ntimespan: 2m\ncondition: { gte: 5 }',
  'type: event_count\nrules: [failed, passed]\ngroup-by: [network, token]\ntimespan: 5m\ncondition: { gt: 3 }',
  'type: value_count\nrules: failed\ngroup-by: network\ntimespan: 3m\ncondition: { gte: 3, field: token }',
  'type: temporal\nrules: [failed, passed]\ngroup-by: token\ntimespan: 1m',
  'type: temporal_ordered\nrules: [failed, passed]\ngroup-by: token\ntimespan: 1m',
  'type: value_sum\nrules: failed\ngroup-by: network\ntimespan: 2m\ncondition: { gte: 100, field: durationUs }',
  'type: value_avg\nrules: passed\ngroup-by: network\ntimespan: 2m\ncondition: { gt: 40, field: durationUs }',
  'type: value_percentile\nrules: passed\ngroup-by: network\ntimespan: 2m\ncondition: { gt: 45, field: durationUs, percentile: 90 }',
  'type: event_count\nrules: failed\ngroup-by: network\ntimespan: 2m\ncondition: { eq: 2 }',
  'type: event_count\nrules: failed\ntimespan: 1m\ncondition: { gte: 6 }',
]

test('a back-test of a correlation finds what the stream would have found', async () => {
  const store = shared()
  let [tenant, fired] = [100, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 50, maxLength: 200 }), async (given) => {
      tenant += 1
      const rows = given.map((fields, seq) => validation(seq, { tenant, population: 1, ...fields }))
      await insert(store, rows, `tenant ${tenant}`)
      const inOrder = rows.toSorted((a, b) => a.occurredAt - b.occurredAt || a.seq - b.seq)
      for (const body of bodies) {
        const rule = load(correlation(body))
        const runner = createRunner(rule.source)
        const firings = inOrder.flatMap((row) => runner.see(row))
        const found = await backtestRule(store, rule, { tenantNo: tenant, from: NOON - DAY_MS, to: NOON + DAY_MS, hidden: 0 })
        expect([body, found.matches]).toEqual([body, firings.length])
        fired += firings.length
      }
    }),
    { numRuns: 2 },
  )
  expect(fired).toBeGreaterThan(5)
}, 120_000)

test('a back-test counts matches, subjects and weeks, and leaves out what is hidden', async () => {
  const store = shared()
  const failed = (seq: number, fields: Partial<EventRow>): EventRow =>
    validation(seq, { tenant: 7, outcome: 2, reason: 13, network: 0n, ...fields })
  await insert(
    store,
    [
      failed(1, { tokenNo: 5, ownerNo: 2 }),
      failed(2, { tokenNo: 5, ownerNo: 2, occurredAt: NOON + 60_000 }),
      failed(3, { tokenNo: 0, network: 9n, count: 10 }),
      failed(4, { tokenNo: 6, occurredAt: NOON - 7 * DAY_MS }),
      failed(5, { tokenNo: 8, flags: FLAGS.simulated }),
      failed(6, { tokenNo: 9, occurredAt: NOON - 40 * DAY_MS }),
      failed(7, { tokenNo: 9, tenant: 8 }),
      validation(8, { tenant: 7 }),
    ],
    'counted',
  )
  const scope = { tenantNo: 7, from: NOON - 14 * DAY_MS, to: NOON + DAY_MS, hidden: FLAGS.simulated }
  expect((await backtestCost(store, scope)).events).toBe(5)
  const found = await backtestRule(store, load(FAILED), scope)
  expect(found).toMatchObject({ matches: 13, findings: 3, tokens: 2, owners: 1, networks: 1, coveredTo: scope.to })
  expect(found.weeks).toEqual([
    { from: Date.UTC(2026, 10, 16), matches: 1, findings: 1 },
    { from: Date.UTC(2026, 10, 23), matches: 12, findings: 2 },
  ])
  expect(found.samples).toHaveLength(4)
})
