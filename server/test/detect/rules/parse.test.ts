import { describe, expect, test } from 'vitest'
import { blankEvent, type EventRow } from '../../../src/event/row.ts'
import { loadRules } from '../../../src/detect/rules/load.ts'
import { parseRules } from '../../../src/detect/rules/parse.ts'
import { createRunner } from '../../../src/detect/rules/correlation.ts'

const rule = (detection: string, head = ''): string =>
  `title: T\nid: t\n${head}logsource: { product: tokentrail }\ndetection:\n  ${detection.trim().replaceAll('\n', '\n  ')}\n`

function matches(detection: string, row: Partial<EventRow>, placeholders = {}): boolean {
  const { rules, problems } = loadRules([{ name: 'f', text: rule(detection) }], placeholders)
  const [loaded] = rules
  if (!loaded) throw new Error(JSON.stringify(problems))
  return createRunner(loaded.source).see({ ...blankEvent(), ...row }).length > 0
}

function errorsOf(text: string): readonly string[] {
  const { problems } = loadRules([{ name: 'f', text }])
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ line, construct, message }) => `${line} ${construct}: ${message}`)
}

test('every attribute of a standard rule is read', () => {
  const { rules, problems } = parseRules(`
title: Example
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
name: example
related: [{ id: 08fbc97d-0a2f-491c-ae21-8ffcfd3174e9, type: derived }]
status: stable
description: |
  Two
  lines
references: [https://example.com/a]
author: Ann
date: 2024/01/02
modified: 2024-02-03
tags: [attack.t1528, cve.2024-1, detection.emerging-threats]
logsource: { product: windows, category: process_creation, definition: Needs auditing }
detection:
  selection_a: { Image|endswith: '\\whoami.exe', CommandLine|contains|all: [a, b] }
  selection_b: [{ EventID: 4688 }, { EventID: 1 }]
  keywords: [evil, 'b?d*']
  filter: { User: null, Path: '' }
  condition: (1 of selection_* or keywords) and not filter
fields: [Image]
falsepositives: [Administrators]
level: high
license: MIT
`)
  expect(problems).toEqual([])
  expect(rules).toHaveLength(1)
  expect(rules[0]?.about).toMatchObject({
    date: '2024-01-02',
    modified: '2024-02-03',
    level: 'high',
    name: 'example',
    version: 1,
    tags: ['attack.t1528', 'cve.2024-1', 'detection.emerging-threats'],
  })
})

describe('what is not supported is refused, naming line and construct', () => {
  test.each([
    [rule('s: { route|frob: a }\ncondition: s'), '5 route|frob: The modifier "frob" is not known here.'],
    [
      rule('s: { route: a }\ncondition: s | count() by route > 5'),
      '6 |: Aggregations in a condition are not part of Sigma 2: write a correlation rule.',
    ],
    [
      rule('s: { route: a }\ntimeframe: 5m\ncondition: s'),
      '6 timeframe: A time frame belongs into a correlation rule (Sigma 2).',
    ],
    [rule('s: { route: a }\ncondition: s and x'), '6 x: There is no search of this name in the detection.'],
    [rule('s: { route: a }\ncondition: 2 of s*'), '6 2 of: Only `1 of`, `any of` and `all of` are known.'],
    [rule('s: { route: a }\ncondition: (s'), '6 condition: A parenthesis is not closed.'],
    [
      rule('s: { route|re: "(a+)+" }\ncondition: s'),
      '5 route|re: The regular expression holds an unbounded repeat inside an unbounded repeat, which is not taken here.',
    ],
    [
      rule('s: { network|cidr: 10.0.0.0/8 }\ncondition: s'),
      '5 network|cidr: Addresses are kept as pseudonyms, so a range cannot be compared; use country, asn or network.',
    ],
    [rule('s: { route|cidr: 10.0.0.0/40 }\ncondition: s'), '5 route|cidr: Expected a range of addresses such as 192.0.2.0/24.'],
    [rule('s: { route|expand: "%paths%" }\ncondition: s'), '5 route|expand: There are no values for the placeholder %paths%.'],
    [
      rule('s: { route|contains|endswith: a }\ncondition: s'),
      '5 route|contains|endswith: Only one of contains, startswith and endswith can hold.',
    ],
    [rule('s: { route|base64: "a*" }\ncondition: s'), '5 route|base64: A value with wildcards cannot be encoded.'],
    [rule('s: { durationUs|gt: many }\ncondition: s'), '5 durationUs|gt: Expected a number.'],
    [rule('s: { at|hour: "*" }\ncondition: s'), '5 at|hour: A part of a time is a number.'],
    [rule('s: { route: [] }\ncondition: s'), '5 route: Expected at least one value; an empty list matches nothing.'],
    [
      rule('s: { route: a }\ncondition: s', 'action: global\n'),
      '3 action: Rule collections of Sigma 1 are not taken: write one document per rule.',
    ],
    [rule('s: { route: a }\ncondition: s', 'taxonomy: ecs\n'), '3 taxonomy: Only the taxonomy "sigma" is known.'],
    [
      rule('s: { route: a }\ncondition: s', 'status: good\n'),
      '3 status: Expected one of stable, test, experimental, deprecated, unsupported.',
    ],
    ['title: [a\n', '2 YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['', '1 file: There is no rule in this text.'],
    ['a: &a [x]\nb: *c\n', '2 YAML: There is no anchor &c.'],
  ])('%j', (text, error) => {
    expect(errorsOf(text)).toContain(error)
  })

  test('a log and a field that are not kept', () => {
    const windows = rule('s: { Image: a }\ncondition: s').replace('product: tokentrail', 'product: windows')
    expect(errorsOf(windows)[0]).toMatch(
      /^3 logsource: Events of this log are not kept here\. Known are tokentrail, aws\/cloudtrail/,
    )
    expect(errorsOf(rule('s: { Image: a }\ncondition: s'))[0]).toMatch(
      /^5 Image: Our events have no field "Image"\. Known are type, /,
    )
    const aws = rule('s: { sourceIPAddress: 192.0.2.1 }\ncondition: s').replace(
      'product: tokentrail',
      'product: aws, service: cloudtrail',
    )
    expect(errorsOf(aws)[0]).toMatch(/^5 sourceIPAddress: Imported events of aws do not keep the field/)
  })

  test('aliases that multiply, nesting and size', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(10)}]`),
    ].join('\n')
    expect(errorsOf(bomb)[0]).toMatch(/YAML: (?:Expected at most 20000 values|Excessive alias count)/)
    expect(errorsOf(`a: ${'['.repeat(40)}${']'.repeat(40)}`)[0]).toMatch(/nested at most 32 deep/)
    expect(errorsOf(`a: ${'x'.repeat(70_000)}`)[0]).toMatch(/at most 64 KiB/)
  })
})

describe('modifiers and values mean what Sigma says', () => {
  test.each([
    ['s: { route: "/Orders/*" }\ncondition: s', { route: '/orders/7' }, true],
    ['s: { route|cased: "/Orders/*" }\ncondition: s', { route: '/orders/7' }, false],
    ['s: { route: "/a?c" }\ncondition: s', { route: '/abc' }, true],
    ["s: { route: '/a\\*c' }\ncondition: s", { route: '/abc' }, false],
    ["s: { route: '/a\\*c' }\ncondition: s", { route: '/a*c' }, true],
    ["s: { route: 'a\\\\*' }\ncondition: s", { route: 'a\\bc' }, true],
    ['s: { route|contains|all: [a, b] }\ncondition: s', { route: 'xbxax' }, true],
    ['s: { route|contains|all: [a, b] }\ncondition: s', { route: 'xbx' }, false],
    ['s: { route|neq: [a, b] }\ncondition: s', { route: 'b' }, false],
    ['s: { route|neq: a }\ncondition: s', { route: '' }, true],
    ['s: { route: null }\ncondition: s', { route: '' }, true],
    ['s: { route|exists: false }\ncondition: s', { route: 'a' }, false],
    ['s: { route|re|i: "^A.C$" }\ncondition: s', { route: 'abc' }, true],
    ['s: { requestId|base64: secret }\ncondition: s', { requestId: 'c2VjcmV0' }, true],
    [
      's: { requestId|base64offset|contains: secret }\ncondition: s',
      { requestId: Buffer.from('a secret b').toString('base64') },
      true,
    ],
    [
      's: { requestId|base64offset|contains: secret }\ncondition: s',
      { requestId: Buffer.from('ab secret').toString('base64') },
      true,
    ],
    [
      's: { requestId|base64offset|contains: secret }\ncondition: s',
      { requestId: Buffer.from('abc secret').toString('base64') },
      true,
    ],
    [
      's: { requestId|wide|base64offset|contains: ping }\ncondition: s',
      { requestId: Buffer.from('xping', 'utf16le').toString('base64') },
      true,
    ],
    ['s: { requestId|utf16be|base64: ab }\ncondition: s', { requestId: Buffer.from([0, 97, 0, 98]).toString('base64') }, true],
    ['s: { requestId|utf16|base64: a }\ncondition: s', { requestId: Buffer.from([255, 254, 97, 0]).toString('base64') }, true],
    ['s: { action|windash|contains: " -f" }\ncondition: s', { action: 'x /f' }, true],
    ['s: { action|windash|contains: " -f" }\ncondition: s', { action: 'x \u2014f' }, true],
    ['s: { durationUs|gte: 5, durationUs|lt: 7 }\ncondition: s', { durationUs: 7 }, false],
    ['s: { route|fieldref: scope }\ncondition: s', { route: 'A', scope: 'a' }, true],
    ['s: { route|fieldref|startswith: scope }\ncondition: s', { route: 'abc', scope: 'ab' }, true],
    ['s: { at|hour|gte: 22 }\ncondition: s', { occurredAt: Date.UTC(2026, 0, 1, 23) }, true],
    ['s: { at|week: 53 }\ncondition: s', { occurredAt: Date.UTC(2027, 0, 1) }, true],
    ['s: { detail.a: b }\ncondition: s', { detail: '{"a":["x","B"]}' }, true],
    ['s: { detail.a|cidr: 2001:db8::/32 }\ncondition: s', { detail: '{"a":"2001:DB8::1"}' }, true],
    ['s: [orders, "pay?ents"]\ncondition: s', { route: '/v1/payments/7' }, true],
    ['s: { "|all": [orders, write] }\ncondition: s', { route: '/orders', scope: 'read' }, false],
    ['s: { class: throttled }\ncondition: s', { outcome: 2, reason: 60 }, true],
    ['a: { route: a }\nb: { route: b }\n_c: { route: c }\ncondition: 1 of them', { route: 'c' }, false],
    ['a: { route: a }\nb: { scope: b }\ncondition: all of them', { route: 'a', scope: 'b' }, true],
    ['a: { route: a }\nb: { scope: b }\ncondition: not a or b and not b', { route: 'a', scope: 'b' }, false],
  ] as const)('%j on %j: %s', (detection, row, expected) => {
    expect(matches(detection, row)).toBe(expected)
  })

  test('placeholders are expanded', () => {
    expect(matches('s: { route|expand: "/%part%/x" }\ncondition: s', { route: '/b/x' }, { part: ['a', 'b'] })).toBe(true)
  })
})

test('a filter is added to the rules that it names', () => {
  const filter = `title: F\nid: f\nlogsource: { product: tokentrail }\nfilter:\n  rules: [t]\n  known: { route: /health }\n  condition: not known\n`
  const { rules, problems } = loadRules([
    { name: 'r', text: rule('s: { route: "/*" }\ncondition: s') },
    { name: 'f', text: filter },
  ])
  expect(problems).toEqual([])
  const runner = createRunner(rules[0]?.source as never)
  expect(runner.see({ ...blankEvent(), route: '/health' })).toHaveLength(0)
  expect(runner.see({ ...blankEvent(), route: '/orders' })).toHaveLength(1)
  const [alone] = loadRules([{ name: 'r', text: rule('s: { route: "/*" }\ncondition: s') }]).rules
  expect(alone?.digest).not.toBe(rules[0]?.digest)
})

test('a search that the condition does not use and an unknown attribute are told', () => {
  const { problems } = loadRules([
    { name: 'f', text: rule('s: { route: a }\nunused: { route: b }\ncondition: s', 'owner: me\n') },
  ])
  expect(problems.map(({ severity, construct }) => [severity, construct])).toEqual([
    ['warning', 'owner'],
    ['warning', 'unused'],
  ])
})
