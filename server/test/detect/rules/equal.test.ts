import { DECISION_REASONS, TYPES } from 'tokentrail'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { blankEvent, type EventRow } from '../../../src/event/row.ts'
import { bindDetection, type BoundTest } from '../../../src/detect/rules/bind.ts'
import { compilePredicate } from '../../../src/detect/rules/match.ts'
import { parseRules } from '../../../src/detect/rules/parse.ts'
import { createProblems } from '../../../src/detect/rules/problem.ts'
import type { Logic } from '../../../src/detect/rules/rule.ts'
import { compileSql } from '../../../src/detect/rules/to-sql.ts'
import type { SqlValue } from '../../../src/store/store.ts'
import { insert, NOON, rowsOf, sharedStore } from '../../store/support.ts'

const shared = sharedStore()

const words = fc.constantFrom(
  '',
  'orders',
  'Orders',
  'ORDERS:Read',
  'read',
  'a%b',
  'a_b',
  'a\\b',
  'x*y',
  '10.0.0.7',
  '2001:db8::1',
  '42',
  '-1.5',
  'Ünïcode',
  'ÜNÏCODE',
  'line\nbreak',
  '😀',
  "quo'te",
  '{"a":1}',
)
const detailValue = fc.oneof(
  words,
  fc.integer({ min: -50, max: 50 }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(words, fc.integer({ min: 0, max: 5 })), { maxLength: 3 }),
)

const event: fc.Arbitrary<EventRow> = fc
  .record({
    type: fc.constantFrom(...Object.values(TYPES).map(({ id }) => id), 999),
    outcome: fc.integer({ min: 0, max: 2 }),
    reason: fc.constantFrom(0, 999, ...Object.values(DECISION_REASONS).map(({ id }) => id)),
    kind: fc.integer({ min: 0, max: 3 }),
    flags: fc.integer({ min: 0, max: 4095 }),
    service: words,
    route: words,
    scope: words,
    requestId: words,
    tokenNo: fc.integer({ min: 0, max: 3 }),
    asn: fc.constantFrom(0, 42, 64500),
    durationUs: fc.integer({ min: 0, max: 100 }),
    network: fc.constantFrom(0n, 1n, 0xabcdefn, 0xffffffffffffffffn),
    day: fc.constantFrom(0, 1, 17, 30, 31, 200, 328, 329, 330, 331, 332, 334, 335, 336, 695, 697, 700),
    minutes: fc.integer({ min: 0, max: 1439 }),
    detail: fc.option(fc.record({ a: detailValue, b: fc.record({ c: detailValue }), 'd.e': detailValue }, { requiredKeys: [] }), {
      nil: null,
    }),
  })
  .map(({ day, minutes, detail, ...fields }) => ({
    ...blankEvent(),
    ...fields,
    retention: 4,
    occurredAt: NOON - day * 86_400_000 - minutes * 60_000,
    detail: detail === null ? '' : JSON.stringify(detail),
  }))

const textFields = fc.constantFrom('service', 'route', 'scope', 'requestId', 'detail.a', 'detail.b.c')
const wild = fc
  .array(fc.oneof(words, fc.constantFrom('*', '?', '\\*', 'a', 'o', 'R', 'rd')), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(''))
const pattern = fc.constantFrom(
  '^ord',
  'ers$',
  'o.d',
  '[A-Z]+',
  'r{2}',
  '\\d+\\.\\d',
  '(a|o).*(b|s)',
  '\\bread\\b',
  '\\w+:\\w+',
  '^$',
  '.',
  'ü',
  '[^a-z]',
  'a\\\\b',
  '(?i)ORDERS',
  '^(?:x|y|\\*)+$',
)

/** One line of a search: field and value, as YAML. */
const comparison: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.oneof(
  fc
    .tuple(
      textFields,
      fc.constantFrom('', '|contains', '|startswith', '|endswith', '|cased', '|contains|cased', '|neq', '|base64offset|contains'),
      words,
    )
    .map(([field, how, value]) => ({ [field + how]: value })),
  fc.tuple(textFields, wild).map(([field, value]) => ({ [field]: value })),
  fc
    .tuple(textFields, fc.constantFrom('|re', '|re|i', '|re|m', '|re|s|i'), pattern)
    .map(([field, how, value]) => ({ [field + how]: value })),
  fc
    .tuple(textFields, fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '::ffff:0:0/96', '0.0.0.0/0'))
    .map(([field, value]) => ({ [`${field}|cidr`]: value })),
  fc
    .tuple(
      fc.constantFrom('detail.a', 'detail.b.c', 'service'),
      fc.constantFrom('gt', 'gte', 'lt', 'lte'),
      fc.integer({ min: -5, max: 60 }),
    )
    .map(([field, how, value]) => ({ [`${field}|${how}`]: value })),
  fc
    .tuple(fc.constantFrom('service', 'detail.a', 'token', 'asn', 'outcome', 'network', 'detail.b.c', 'class'), fc.boolean())
    .map(([field, value]) => ({ [`${field}|exists`]: value })),
  fc.constantFrom('service', 'detail.a', 'token', 'outcome', 'detail.b').map((field) => ({ [field]: null })),
  fc.constantFrom('service', 'detail.a', 'route').map((field) => ({ [field]: '' })),
  fc
    .tuple(
      fc.constantFrom('token', 'asn', 'durationUs'),
      fc.constantFrom('', '|gt', '|lte', '|neq'),
      fc.integer({ min: 0, max: 60 }),
    )
    .map(([field, how, value]) => ({ [field + how]: value })),
  fc
    .tuple(
      fc.constantFrom('type', 'outcome', 'reason', 'class', 'kind'),
      fc.constantFrom('token.*', '*ed', 'rejected', 'VALID', 'other', 'invalid', '?*n?valid', 'access'),
    )
    .map(([field, value]) => ({ [field]: value })),
  fc.tuple(fc.constantFrom('canary', 'simulated', 'observed'), fc.boolean()).map(([field, value]) => ({ [field]: value })),
  fc.constantFrom('0000000000000001', '*cdef', 'FFFF*').map((value) => ({ network: value })),
  fc
    .tuple(
      fc.constantFrom('minute', 'hour', 'day', 'week', 'month', 'year'),
      fc.constantFrom('', '|gte', '|lt'),
      fc.integer({ min: 0, max: 60 }),
    )
    .map(([part, how, value]) => ({ [`at|${part}${how}`]: value })),
  fc
    .tuple(
      textFields,
      fc.constantFrom('|fieldref', '|fieldref|startswith', '|fieldref|contains', '|cased|fieldref', '|fieldref|endswith'),
      fc.constantFrom('route', 'scope', 'detail.a', 'outcome'),
    )
    .map(([field, how, other]) => ({ [field + how]: other })),
  fc
    .tuple(
      fc.constantFrom('service|all', 'detail.a|contains|all', 'reason'),
      fc.array(fc.constantFrom('o', 'orders', '*', 'consumed', 'r*'), { minLength: 1, maxLength: 3 }),
    )
    .map(([field, values]) => ({ [field]: values })),
)

const search = fc.oneof(
  comparison,
  fc.tuple(comparison, comparison).map(([a, b]) => ({ ...a, ...b })),
  fc.array(comparison, { minLength: 2, maxLength: 3 }),
  fc.array(fc.constantFrom('orders', 'token', 'rea?', 'Ünï', 'nope', 'break'), { minLength: 1, maxLength: 2 }),
)
const condition = fc.constantFrom(
  'a',
  'not a',
  'a and b',
  'a or not b',
  '1 of them',
  'all of *',
  'not (a or b) or a',
  'a and not 1 of b*',
)
const rule = fc
  .record({ a: search, b: search, condition })
  .map((detection) => JSON.stringify({ title: 'any', id: 'any', logsource: { product: 'tokentrail' }, detection }))

test('a rule finds the same events in memory and in the store', async () => {
  const store = shared()
  const events = fc.sample(event, { numRuns: 400, seed: 7 }).map((row, seq) => ({ ...row, tenant: 1, writer: 1, seq }))
  await insert(store, events, 'events')
  let [found, refused] = [0, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 8, maxLength: 8 }), async (texts) => {
      const bound = texts.flatMap((text) => boundOf(text) ?? [])
      refused += texts.length - bound.length
      const inMemory = bound.map((logic) => numbersOf(events, compilePredicate(logic)))
      expect(await inStore(bound)).toEqual(inMemory)
      found += inMemory.filter((some) => some.length > 0).length
    }),
    { numRuns: 30 },
  )
  expect(found).toBeGreaterThan(60)
  expect(refused).toBeLessThan(60)

  /** One query asks for all rules. */
  async function inStore(rules: readonly Logic<BoundTest>[]): Promise<readonly (readonly number[])[]> {
    const conditions = rules.map((logic, i) => compileSql(logic, `r${i}p`))
    const columns = conditions.map(({ sql }, i) => `toUInt8(${sql}) AS r${i}`).join(', ')
    const params = Object.assign({}, ...conditions.map((one) => one.params)) as Record<string, SqlValue>
    const rows = await rowsOf<Record<string, number>>(
      store,
      `SELECT seq, ${columns} FROM events WHERE tenant = 1 ORDER BY seq`,
      params,
    )
    return rules.map((_, i) => rows.filter((row) => row[`r${i}`] === 1).map(({ seq }) => Number(seq)))
  }
}, 60_000)

function boundOf(text: string): Logic<BoundTest> | undefined {
  const parsed = parseRules(text)
  const [read] = parsed.rules
  if (read?.kind !== 'detection') throw new Error(JSON.stringify(parsed.problems))
  return bindDetection(read.detection, read.logsource, createProblems())
}

function numbersOf(events: readonly EventRow[], predicate: (row: EventRow) => boolean): readonly number[] {
  return events.filter(predicate).map(({ seq }) => seq)
}
