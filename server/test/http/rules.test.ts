import { TYPES } from 'tokentrail'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Front, openFront } from './support.ts'

let front: Front
let admin: string

beforeAll(async () => {
  front = await openFront({ ship: true })
  admin = (await front.token({ role: 'admin' })).text
})
afterAll(() => front.close())

const rule = (route: string): string => `
title: Orders are asked for
id: orders-asked
description: Somebody asks for orders.
level: low
tags: [attack.t1213]
falsepositives: [Everybody]
logsource: { product: tokentrail, service: validation }
detection:
  selection: { route: ${route}, outcome: accepted }
  condition: selection
tests:
  - { name: orders, fires: true, events: [{ outcome: accepted, route: /orders }] }
  - { name: health, fires: false, events: [{ outcome: accepted, route: /health }] }
`

test('shipped rules are listed with their states, and a tenant switches them for itself', async () => {
  const { body } = await front.call(admin, 'GET', '/v1/rules')
  const shipped = body.items.find(({ id }: { id: string }) => id === 'guess-then-accepted')
  expect(shipped).toMatchObject({ shipped: true, state: 'active', version: 1, kind: 'correlation', changedAt: null })
  const put = await front.call(admin, 'PUT', '/v1/rules/guess-then-accepted/state', { state: 'silent' })
  expect([put.status, put.body.state]).toEqual([200, 'silent'])
  const other = (await front.token({ role: 'admin', tenant: front.other })).text
  expect((await front.call(other, 'GET', '/v1/rules/guess-then-accepted')).body).toMatchObject({ state: 'active' })
})

test('saving makes a version and an event; the older text stays', async () => {
  const first = await front.call(admin, 'POST', '/v1/rules', { text: rule('/orders'), state: 'active' })
  expect([first.status, first.body.version, first.body.state]).toEqual([200, 1, 'active'])
  const again = await front.call(admin, 'POST', '/v1/rules', { text: rule('/orders'), state: 'silent' })
  expect(again.body).toMatchObject({ version: 1, state: 'silent' })
  const second = await front.call(admin, 'POST', '/v1/rules', { text: rule('"/orders*"') })
  expect(second.body).toMatchObject({ version: 2, state: 'draft', shipped: false })
  expect((await front.call(admin, 'GET', '/v1/rules/orders-asked?version=1')).body).toMatchObject({
    version: 1,
    text: rule('/orders'),
  })
  const changes = (await front.rows()).filter(
    ({ type, detail }) => type === TYPES['rule.changed'].id && detail.includes('orders-asked'),
  )
  expect(changes.map(({ detail }) => JSON.parse(detail).after)).toEqual([
    { state: 'active', version: 1, digest: first.body.digest },
    { state: 'silent', version: 1, digest: first.body.digest },
    { state: 'draft', version: 2, digest: second.body.digest },
  ])
  expect(changes.every(({ actorNo, actorKind }) => actorNo > 0 && actorKind > 0)).toBe(true)
})

test.each([
  ['title: x', 'line 1'],
  [rule('/orders').replace('selection: {', 'selection: { routes: x,'), 'line 10, routes: Our events have no field "routes"'],
  [rule('/health'), 'Expected the rule to fire'],
  [rule('/orders').replace('orders-asked', 'canary-presented'), 'belongs to a shipped rule'],
  [rule('/orders').replace('{ route: /orders', '{ route|re: "(a+)+"'), 'unbounded repeat'],
])('a rule that does not load is refused: %#', async (text, message) => {
  const { status, body } = await front.call(admin, 'POST', '/v1/rules', { text })
  expect([status, body.code]).toEqual([400, 'rule_invalid'])
  expect(body.detail).toContain(message)
})

test('a check names everything that is wrong and keeps nothing', async () => {
  const { body } = await front.call(admin, 'POST', '/v1/rules/check', {
    text: rule('/nothing').replace('orders-asked', 'checked'),
  })
  expect(body).toMatchObject({ loads: false, rules: [] })
  expect(body.tests.map(({ name, passed }: { name: string; passed: boolean }) => [name, passed])).toEqual([
    ['orders', false],
    ['health', true],
  ])
  expect((await front.call(admin, 'GET', '/v1/rules/checked')).status).toBe(404)
})

test('a back-test tells its cost first and then what it would have found', async () => {
  const cost = await front.call(admin, 'POST', '/v1/rules/backtest/cost', {})
  expect(cost.body).toMatchObject({ allowed: true })
  const { status, body } = await front.call(admin, 'POST', '/v1/rules/backtest', { text: rule('/orders') })
  expect(status).toBe(200)
  expect(body).toMatchObject({ rule: { id: 'orders-asked' }, matches: 0, findings: 0, weeks: [] })
  expect((await front.call(admin, 'POST', '/v1/rules/backtest', { id: 'guess-then-accepted' })).body).toMatchObject({
    matches: 0,
  })
  expect((await front.call(admin, 'POST', '/v1/rules/backtest', { id: 'nobody' })).status).toBe(404)
})

test('who may read may not write, and others may neither', async () => {
  const auditor = (await front.token({ role: 'auditor' })).text
  const viewer = (await front.token({ role: 'viewer' })).text
  expect((await front.call(auditor, 'GET', '/v1/rules')).status).toBe(200)
  expect((await front.call(auditor, 'POST', '/v1/rules', { text: rule('/orders') })).status).toBe(403)
  expect((await front.call(viewer, 'GET', '/v1/rules')).status).toBe(403)
})
