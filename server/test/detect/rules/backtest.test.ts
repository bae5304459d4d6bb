import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { FLAGS } from 'tokentrail'
import { beforeAll, expect, test } from 'vitest'
import { backtestCost, backtestRule } from '../../../src/detect/rules/backtest.ts'
import { createRunner } from '../../../src/detect/rules/correlation.ts'
import { loadRules, type LoadedRule } from '../../../src/detect/rules/load.ts'
import type { EventRow } from '../../../src/event/row.ts'
import { openRecords } from '../../../src/records/open.ts'
import type { Records } from '../../../src/records/records.ts'
import { findingOf, incidentOf } from '../../records/finding-fixture.ts'
import { addTenant, collectingLog, frozenClock } from '../../records/fixture.ts'
import { insert, NOON, sharedStore, validation } from '../../store/support.ts'

const shared = sharedStore()
let records: Records
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-backtest-'))
  records = await openRecords({ file: join(folder, 'records.sqlite'), clock: frozenClock, log: collectingLog() })
  return async () => {
    await records.close()
    rmSync(folder, { recursive: true })
  }
})
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
        const found = await backtestRule(store, records.read, rule, {
          tenantNo: tenant,
          from: NOON - DAY_MS,
          to: NOON + DAY_MS,
          hidden: 0,
        })
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
  const found = await backtestRule(store, records.read, load(FAILED), scope)
  expect(found).toMatchObject({ matches: 13, findings: 3, tokens: 2, owners: 1, networks: 1, coveredTo: scope.to })
  expect(found.weeks).toEqual([
    { from: Date.UTC(2026, 10, 16), matches: 1, findings: 1 },
    { from: Date.UTC(2026, 10, 23), matches: 12, findings: 2 },
  ])
  expect(found.samples).toHaveLength(4)
})

test('a back-test says what was found anyway, and what people said of it', async () => {
  const store = shared()
  const tenant = await addTenant(records)
  const failed = (seq: number, fields: Partial<EventRow>): EventRow =>
    validation(seq, { tenant: tenant.no, outcome: 2, reason: 13, network: 0n, ...fields })
  await insert(
    store,
    [failed(1, { tokenNo: 5 }), failed(2, { tokenNo: 0, network: 255n }), failed(3, { tokenNo: 6 }), failed(4, { tokenNo: 7 })],
    'overlap',
  )
  const incident = incidentOf(tenant)
  const about = (kind: 'token' | 'source', key: string, differs: object) => {
    const at = { from: NOON - 60_000, to: NOON, detectedAt: NOON, seenAt: NOON }
    return findingOf(tenant, { subject: { kind, key }, touches: [{ kind, key }], ...at, ...differs })
  }
  const findings = [
    about('token', '5', { state: 'closed', verdict: 'true_positive', incidentId: incident.id }),
    about('source', '00000000000000ff', { incidentId: incident.id }),
    about('token', '6', { from: NOON - 3 * DAY_MS, to: NOON - 2 * DAY_MS, detectedAt: NOON - 2 * DAY_MS }),
    about('token', '7', { detector: 'rule:failed' }),
  ]
  const written = findings.map((row) => ({ row, before: null, event: 'opened' as const }))
  const incidents = [{ row: incident, before: null, event: 'opened' as const }]
  await records.act('keepFindings', { tenantNo: tenant.no, findings: written, incidents, hits: [], credit: null, at: NOON })
  const scope = { tenantNo: tenant.no, from: NOON - 14 * DAY_MS, to: NOON + DAY_MS, hidden: 0 }
  const { overlap } = await backtestRule(store, records.read, load(FAILED), scope)
  expect(overlap).toEqual({
    compared: 4,
    met: 2,
    findings: 2,
    incidents: 1,
    verdicts: { true_positive: 1, none: 1 },
    complete: true,
  })
})
