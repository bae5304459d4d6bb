import { describe, expect, test } from 'vitest'
import { TYPES } from 'tokentrail'
import { blankEvent, type EventRow } from '../../../src/event/row.ts'
import type { Found } from '../../../src/detect/finding.ts'
import { createRunner, GROUPS_MAX } from '../../../src/detect/rules/correlation.ts'
import { checkRules } from '../../../src/detect/rules/lint.ts'
import { loadRules, type LoadedRule } from '../../../src/detect/rules/load.ts'
import { loadPack } from '../../../src/detect/rules/pack.ts'
import { createRuleDetector } from '../../../src/detect/rules/rule-detector.ts'

const BASES = `
---
title: Failed
id: failed
logsource: { product: tokentrail, service: validation }
detection: { s: { outcome: rejected }, condition: s }
---
title: Passed
id: passed
logsource: { product: tokentrail, service: validation }
detection: { s: { outcome: accepted }, condition: s }
`
function load(body: string, more = ''): LoadedRule {
  const text = `title: Together\nid: together\ncorrelation:\n  ${body.trim().replaceAll('\n', '\n  ')}${more}${BASES}`
  const { rules, problems } = loadRules([{ name: 'f', text }])
  const [rule] = rules
  if (!rule) throw new Error(JSON.stringify(problems))
  return rule
}

let seq = 0
const at = (seconds: number, fields: Partial<EventRow> = {}): EventRow => ({
  ...blankEvent(),
  tenant: 1,
  writer: 1,
  seq: (seq += 1),
  type: TYPES['token.validated'].id,
  outcome: 2,
  network: 1n,
  occurredAt: Date.UTC(2026, 0, 5) + seconds * 1000,
  ...fields,
})
const passed = (seconds: number, fields: Partial<EventRow> = {}): EventRow => at(seconds, { outcome: 1, ...fields })

/** The seconds of the events at which it fires. */
function firings(rule: LoadedRule, rows: readonly EventRow[]): readonly number[] {
  const runner = createRunner(rule.source)
  return rows.flatMap((row) => runner.see(row).map(() => (row.occurredAt - Date.UTC(2026, 0, 5)) / 1000))
}

describe('each kind of correlation fires on the event that completes it', () => {
  test.each([
    [
      'type: event_count\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gte: 3 }',
      [at(0), at(1), at(2, { network: 2n }), at(3), at(4)],
      [3],
    ],
    [
      'type: event_count\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gte: 3 }',
      [at(0), at(5), at(10), at(15)],
      [],
    ],
    ['type: event_count\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gte: 3 }', [at(0, { count: 3 })], [0]],
    [
      'type: event_count\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gt: 1, lt: 3 }',
      [at(0), at(1), at(2)],
      [1],
    ],
    ['type: event_count\nrules: failed\ngroup-by: token\ntimespan: 10s\ncondition: { gte: 1 }', [at(0)], []],
    [
      'type: value_count\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gte: 2, field: token }',
      [at(0, { tokenNo: 1 }), at(1, { tokenNo: 1 }), at(2), at(3, { tokenNo: 2 })],
      [3],
    ],
    ['type: temporal\nrules: [failed, passed]\ngroup-by: network\ntimespan: 10s', [passed(0), at(5)], [5]],
    ['type: temporal\nrules: [failed, passed]\ngroup-by: network\ntimespan: 10s', [passed(0), at(15)], []],
    ['type: temporal_ordered\nrules: [failed, passed]\ngroup-by: network\ntimespan: 10s', [passed(0), at(5)], []],
    ['type: temporal_ordered\nrules: [failed, passed]\ngroup-by: network\ntimespan: 10s', [at(0), passed(5)], [5]],
    [
      'type: value_sum\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gte: 10, field: durationUs }',
      [at(0, { durationUs: 4 }), at(1, { durationUs: 6 })],
      [1],
    ],
    [
      'type: value_avg\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gt: 4, field: durationUs }',
      [at(0, { durationUs: 4 }), at(1, { durationUs: 6 })],
      [1],
    ],
    [
      'type: value_percentile\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gte: 9, field: durationUs, percentile: 90 }',
      [at(0, { durationUs: 1 }), at(1, { durationUs: 9 })],
      [1],
    ],
  ] as const)('%j', (body, rows, expected) => {
    expect(firings(load(body), rows)).toEqual(expected)
  })
})

test('while a condition holds it speaks once for each time span', () => {
  const rule = load('type: event_count\nrules: failed\ngroup-by: network\ntimespan: 10s\ncondition: { gte: 2 }')
  const rows = Array.from({ length: 31 }, (_, second) => at(second))
  expect(firings(rule, rows)).toEqual([1, 11, 21])
})

test('a late event takes its place in time', () => {
  const rule = load('type: temporal_ordered\nrules: [failed, passed]\ngroup-by: network\ntimespan: 10s')
  expect(firings(rule, [passed(5), at(2)])).toEqual([2])
  expect(firings(rule, [passed(50), at(2)])).toEqual([])
})

test('correlations stand on correlations, and names of fields may differ', () => {
  const many =
    '\n---\ntitle: Many\nid: many\ncorrelation:\n  type: event_count\n  rules: failed\n  group-by: network\n  timespan: 10s\n  condition: { gte: 3 }'
  const rule = load('type: temporal_ordered\nrules: [many, passed]\ngroup-by: network\ntimespan: 1m', many)
  expect(firings(rule, [at(0), at(1), at(2), passed(30)])).toEqual([30])
  expect(firings(rule, [at(0), at(1), passed(30)])).toEqual([])
  const aliased = load(
    'type: temporal\nrules: [failed, passed]\ngroup-by: who\ntimespan: 1m\naliases: { who: { failed: claimed, passed: token } }',
  )
  expect(firings(aliased, [at(0, { claimedNo: 7 }), passed(1, { tokenNo: 8 }), passed(2, { tokenNo: 7 })])).toEqual([2])
})

test('a correlation that cannot be is refused', () => {
  const errors = (body: string, more = ''): string => {
    const text = `title: Together\nid: together\ncorrelation:\n  ${body.replaceAll('\n', '\n  ')}${more}${BASES}`
    return loadRules([{ name: 'f', text }])
      .problems.map(({ construct, message }) => `${construct}: ${message}`)
      .join('\n')
  }
  expect(errors('type: event_count\nrules: nobody\ntimespan: 1m\ncondition: { gte: 1 }')).toContain(
    'There is no rule "nobody" here.',
  )
  expect(errors('type: event_count\nrules: together\ntimespan: 1m\ncondition: { gte: 1 }')).toContain(
    'A correlation cannot rest on itself.',
  )
  expect(errors('type: event_count\nrules: failed\ntimespan: soon\ncondition: { gte: 1 }')).toContain(
    'timespan: Expected a time span',
  )
  expect(errors('type: event_count\nrules: failed\ntimespan: 1m')).toContain('needs a condition')
  expect(errors('type: value_count\nrules: failed\ntimespan: 1m\ncondition: { gte: 1 }')).toContain(
    'condition.field: Expected one field',
  )
  expect(errors('type: event_count\nrules: failed\ngroup-by: nothing\ntimespan: 1m\ncondition: { gte: 1 }')).toContain(
    'no field "nothing"',
  )
  expect(errors('type: temporal_ordered\nrules: [failed, passed]\ntimespan: 1m\ncondition: { gte: 1 }')).toContain(
    'An order needs all its rules',
  )
  const below =
    '\n---\ntitle: Many\nid: many\ncorrelation: { type: event_count, rules: failed, group-by: token, timespan: 10s, condition: { gte: 3 } }'
  expect(errors('type: temporal\nrules: [many, passed]\ngroup-by: network\ntimespan: 1m', below)).toContain(
    '"network" must also stand in group-by of "many"',
  )
})

test('ten thousand groups are held; what goes is counted, and the newest stay', () => {
  const rule = load('type: event_count\nrules: failed\ngroup-by: network\ntimespan: 1h\ncondition: { gte: 2 }')
  const runner = createRunner(rule.source)
  for (let network = 1; network <= GROUPS_MAX + 5; network += 1) runner.see(at(1, { network: BigInt(network) }))
  expect(runner.overflow()).toBe(5)
  expect(runner.see(at(2, { network: 1n }))).toHaveLength(0)
  expect(runner.see(at(2, { network: BigInt(GROUPS_MAX) }))).toHaveLength(1)
})

test('a checkpoint at any event gives the same findings', () => {
  const rules = [
    load('type: temporal_ordered\nrules: [failed, passed]\ngroup-by: network\ntimespan: 10s'),
    ...loadPack().rules.filter(({ id }) => id === 'guess-then-accepted'),
  ].map((rule) => ({ rule, tenantNo: null, except: new Set<number>(), silentFor: new Set<number>() }))
  const rows = [at(0, { reason: 13, count: 9 }), at(1, { reason: 14 }), passed(2, { tokenNo: 7 }), at(20), passed(21)]
  const whole = foundBy(rows, rules)
  expect(whole.length).toBeGreaterThan(2)
  for (let cut = 0; cut <= rows.length; cut += 1) {
    const first = createRuleDetector(rules)
    const found: Found[] = []
    for (const row of rows.slice(0, cut)) first.see(row, (finding) => found.push(finding))
    const second = createRuleDetector(rules)
    second.restore(JSON.parse(JSON.stringify(first.snapshot())))
    for (const row of rows.slice(cut)) second.see(row, (finding) => found.push(finding))
    expect(found).toEqual(whole)
  }
})

function foundBy(rows: readonly EventRow[], rules: Parameters<typeof createRuleDetector>[0]): readonly Found[] {
  const detector = createRuleDetector(rules)
  const found: Found[] = []
  for (const row of rows) detector.see(row, (finding) => found.push(finding))
  return found
}

test('a finding names rule, version, subject and evidence; tenants have rules and states of their own', () => {
  const [rule] = loadPack().rules.filter(({ id }) => id === 'single-use-again-elsewhere')
  if (!rule) throw new Error('The rule is part of the pack.')
  const replay = at(0, { reason: 17, tokenNo: 7, ownerNo: 3, network: 0xabn })
  const active = { rule, tenantNo: null, except: new Set([2]), silentFor: new Set([3]) }
  expect(foundBy([{ ...replay, tenant: 2 }], [active])).toEqual([])
  expect(foundBy([{ ...replay, tenant: 3 }], [active])[0]?.rule?.silent).toBe(true)
  expect(foundBy([{ ...replay, tenant: 1 }], [{ ...active, tenantNo: 4 }])).toEqual([])
  const [finding] = foundBy([replay], [active])
  expect(finding).toMatchObject({
    tenant: 1,
    detector: 'rule:single-use-again-elsewhere',
    rule: { version: 1, title: 'A single-use token comes again from another network', techniques: ['T1550.001'] },
    severity: 'high',
    subject: { kind: 'token', key: '7' },
    touches: [
      { kind: 'token', key: '7' },
      { kind: 'source', key: '00000000000000ab' },
      { kind: 'owner', key: '3' },
    ],
    evidenceCount: 1,
    caveats: [],
  })
  expect(finding?.rule?.silent).toBeUndefined()
})

describe('a rule without its tests does not load', () => {
  const rule = (tests: string): string =>
    `title: T\nid: t\nlogsource: { product: tokentrail }\ndetection: { s: { route: a }, condition: s }\n${tests}`
  const yes = '  - { name: yes, fires: true, events: [{ route: a }] }\n'
  const no = '  - { name: no, fires: false, events: [{ route: b }] }\n'
  test.each([
    ['', 'Expected at least one test with fires: true.'],
    [`tests:\n${yes}`, 'Expected at least one test with fires: false.'],
    [`tests:\n${yes}${no.replace('b', 'a')}`, 'Expected the rule not to fire; it fired 1 times.'],
    [`tests:\n${yes}${no.replace('route: b', 'rout: b')}`, 'event 1, rout: Our events have no field "rout".'],
    [`tests:\n${yes}${no.replace('route: b', 'outcome: maybe')}`, 'event 1, outcome: Expected one of accepted, rejected.'],
  ])('%j', (tests, message) => {
    const { rules, problems } = checkRules([{ name: 'f', text: rule(tests) }])
    expect(rules).toEqual([])
    expect(
      problems
        .filter(({ severity }) => severity === 'error')
        .map((problem) => problem.message)
        .join(),
    ).toContain(message)
  })

  test('a correlation needs a near miss', () => {
    const text = (near: number): string =>
      `title: T\nid: t\ncorrelation: { type: event_count, rules: failed, group-by: network, timespan: 1m, condition: { gte: 5 } }\ntests:\n  - { fires: true, events: [{ outcome: rejected, network: a, count: 5 }] }\n  - { fires: false, events: [{ outcome: rejected, network: a, count: ${near} }] }\n---${BASES.split('---')[1]}`
    expect(checkRules([{ name: 'f', text: text(4) }]).rules.map(({ id }) => id)).toEqual(['t'])
    expect(checkRules([{ name: 'f', text: text(1) }]).rules).toEqual([])
  })
})

test('the shipped pack loads, and each of its rules says what it needs to', () => {
  const { rules, problems } = loadPack()
  expect(problems).toEqual([])
  expect(rules.length).toBeGreaterThanOrEqual(20)
  for (const { about, version } of rules) {
    expect([about.id, about.license]).toEqual([about.id, 'Apache-2.0'])
    expect(version).toBeGreaterThan(0)
  }
})
