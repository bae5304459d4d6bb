import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { authorize } from '../../src/access/authorize.ts'
import type { HeldGrant } from '../../src/access/principal.ts'
import { within, WHOLE_SIGHT } from '../../src/query/scope.ts'
import { QUESTIONS } from '../../src/query/questions.ts'
import { type Front, NOON, openFront } from '../http/support.ts'
import { type Player, playerOf } from './cast.ts'

const HOUR = 3_600_000
let front: Front
let tokens: Readonly<Record<'ann' | 'ben', { text: string; id: string }>>
let admin: string

beforeAll(async () => {
  front = await openFront({ ship: true })
  admin = (await front.token({ role: 'admin', owner: 'boss' })).text
  tokens = {
    ann: await front.token({ owner: 'zq-ann', scopes: ['read'] }),
    ben: await front.token({ owner: 'zq-ben', scopes: ['read', 'write'] }),
  }
  const use = () =>
    Promise.all(
      Object.values(tokens).map(({ text }) => front.call(admin, 'POST', '/v1/validate', { token: text, service: 'shop' })),
    )
  await use()
  front.clock.move(2 * HOUR)
  await use()
  front.clock.move(1000)
  await front.rows()
  await vi.waitFor(async () => {
    if ((await events(admin, 'service=shop')).length < 4) throw new Error('not all are stored yet')
  }, 20_000)
}, 60_000)
afterAll(() => front.close())

const events = async (text: string, query: string) => (await front.call(text, 'GET', `/v1/events?${query}`)).body.rows ?? []

describe('an owner', () => {
  let ann: Player
  beforeAll(async () => {
    ann = await playerOf(front, 'owner', front.own, 'zq-ann')
  })

  test('sees own tokens, in lists and alone, and no others', async () => {
    const { items } = (await ann.call('GET', '/v1/tokens')).body
    expect(new Set(items.map(({ owner }: { owner: string }) => owner))).toEqual(new Set(['zq-ann']))
    expect((await ann.call('GET', `/v1/tokens/${tokens.ann.id}`)).body.owner).toBe('zq-ann')
    const foreign = await ann.call('GET', `/v1/tokens/${tokens.ben.id}`)
    const none = await ann.call('GET', `/v1/tokens/${'0'.repeat(16)}`)
    expect([foreign.status, { ...foreign.body, requestId: '' }]).toEqual([404, { ...none.body, requestId: '' }])
  })

  test('asks about own tokens, and is told to name one', async () => {
    const ask = (query: string) => ann.call('GET', `/v1/events?${query}`)
    expect((await ask(`token=${tokens.ann.id}`)).body.rows.length).toBeGreaterThan(0)
    expect((await ask(`token=${tokens.ben.id}`)).status).toBe(404)
    expect((await ask('service=shop')).status).toBe(400)
    expect((await ann.call('GET', '/v1/findings')).status).toBe(403)
  })

  test('issues, rotates and revokes own tokens, and never widens scopes', async () => {
    const issue = (body: object) => ann.call('POST', '/v1/tokens', body)
    const made = await issue({ owner: 'zq-ann', scopes: ['read'] })
    expect(made.status).toBe(201)
    expect((await issue({ owner: 'zq-ann', scopes: ['write'] })).body.code).toBe('not_permitted')
    expect((await issue({ owner: 'zq-ben' })).body.code).toBe('not_permitted')
    expect((await issue({ owner: 'zq-ann', role: 'admin' })).body.code).toBe('not_permitted')
    expect((await ann.call('PATCH', `/v1/tokens/${made.body.id}`, { scopes: ['write'] })).body.code).toBe('not_permitted')
    const next = await ann.call('POST', `/v1/tokens/${made.body.id}/rotate`, {})
    expect(next.status).toBe(201)
    expect((await ann.call('POST', `/v1/tokens/${tokens.ben.id}/revoke`, {})).status).toBe(404)
    expect((await ann.call('POST', `/v1/tokens/${next.body.id}/revoke`, {})).status).toBe(200)
  })
})

describe('an auditor with a period', () => {
  test('sees only what happened in it', async () => {
    const { text, id } = await front.token({ role: 'viewer', owner: 'eve' })
    const period = { from: NOON - HOUR, to: NOON + HOUR }
    const grant = { token: id, role: 'auditor', period, ground: 'the audit of the year' }
    expect((await front.call(admin, 'POST', '/v1/roles/grant', grant)).body.period).toEqual({
      from: new Date(period.from).toISOString(),
      to: new Date(period.to).toISOString(),
    })
    expect((await events(text, 'service=shop')).length).toBe(2)
    const life = await front.call(text, 'GET', `/v1/questions/token-life-line?token=${tokens.ann.id}`)
    expect(life.body.rows.every(({ at }: { at: number }) => at >= period.from && at < period.to)).toBe(true)
    const outside = await front.call(text, 'GET', `/v1/questions/totals?from=${NOON + HOUR}&to=${NOON + 3 * HOUR}`)
    expect([outside.status, outside.body.code]).toEqual([400, 'time_invalid'])
    const within = `from=${period.from}&to=${period.to}`
    for (const url of ['/v1/findings', '/v1/metrics/tokens', '/v1/audit/entries', '/v1/incidents']) {
      const asked = async (query: string) => (await front.call(text, 'GET', `${url}?${query}`)).status
      expect([url, await asked(within), await asked(`from=${period.from - 1}&to=${period.to}`), await asked('')]).toEqual([
        url,
        200,
        403,
        403,
      ])
    }
    for (const url of [`/v1/tokens/${tokens.ann.id}`, '/v1/leaks', '/v1/live', '/v1/findings/fnd_1'])
      expect([url, (await front.call(text, 'GET', url)).status]).toEqual([url, 403])
    expect((await front.call(text, 'GET', '/v1/audit')).status).toBe(200)
  })
})

describe('who an owner is', () => {
  test('an analyst is not told, in no list, no event and by no guess', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'carol' })
    const { no } = (await front.records.read.owner(front.own.no, 'zq-ann'))!
    for (const url of [
      '/v1/tokens',
      `/v1/tokens/${tokens.ann.id}`,
      '/v1/events?service=shop',
      '/v1/questions/top-tokens',
      `/v1/tokens/${tokens.ann.id}/timeline`,
    ]) {
      const answer = await front.call(text, 'GET', url)
      expect([url, answer.status, /zq-(ann|ben)/.test(answer.text), answer.text.includes(`owner-${no}`)]).toEqual([
        url,
        200,
        false,
        true,
      ])
    }
    const list = async (query: string) => (await front.call(text, 'GET', `/v1/tokens?${query}`)).body.items.length
    expect([await list('owner=zq-ann'), await list('search=zq-ann'), (await list(`owner=owner-${no}`)) > 0]).toEqual([0, 0, true])
  })

  test('a token admin is told', async () => {
    const { text } = await front.token({ role: 'token_admin', owner: 'tom' })
    expect((await front.call(text, 'GET', '/v1/tokens?owner=zq-ben')).body.items[0].owner).toBe('zq-ben')
  })
})

describe('what was looked at', () => {
  test('is an event with who, what and how often', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'reader' })
    for (let i = 0; i < 3; i++) await front.call(text, 'GET', `/v1/tokens/${tokens.ann.id}`)
    front.clock.move(60_000)
    await front.call(text, 'GET', `/v1/tokens/${tokens.ann.id}`)
    const { no } = (await front.records.read.owner(front.own.no, 'reader'))!
    const views = (await front.rows()).filter((row) => row.type === 404 && row.actorNo === no)
    expect(views.map(({ route, count, detail }) => [route, count, JSON.parse(detail)])).toEqual([
      ['/v1/tokens/{id}', 1, { id: tokens.ann.id }],
      ['/v1/tokens/{id}', 3, { id: tokens.ann.id }],
    ])
    front.clock.move(1)
    const officer = (await front.token({ role: 'privacy_officer', owner: 'pam' })).text
    await vi.waitFor(async () => {
      const { items } = (await front.call(officer, 'GET', '/v1/readings?owner=reader')).body
      expect(items.map(({ type, route }: { type: string; route: string }) => [type, route])).toEqual([
        ['report.viewed', '/v1/tokens/{id}'],
        ['report.viewed', '/v1/tokens/{id}'],
      ])
    }, 20_000)
    expect((await front.call(text, 'GET', '/v1/readings')).status).toBe(403)
  })

  test('pages say it for themselves', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'pager' })
    expect((await front.call(text, 'POST', '/v1/page-views', { page: 'findings' })).status).toBe(204)
    const { no } = (await front.records.read.owner(front.own.no, 'pager'))!
    expect((await front.rows()).filter((row) => row.type === 401 && row.actorNo === no)).toHaveLength(1)
  })
})

describe('the decision', () => {
  const held = (role: HeldGrant['role'], differs: Partial<HeldGrant> = {}): HeldGrant => ({
    role,
    scope: 'tenant',
    scopeOwnerNo: null,
    until: null,
    period: null,
    ...differs,
  })
  const who = (grants: readonly HeldGrant[], waived = false) => ({ tenantNo: 1, ownerNo: 5, grants, waived })
  const context = { installTenantNo: 1 }

  test('names why not', () => {
    const period = { from: 10, to: 20 }
    expect(authorize(who([]), 'rows:read', {}, context).reasons).toEqual(['role_missing'])
    expect(authorize(who([held('analyst')]), 'rows:read', { tenantNo: 2 }, context).reasons).toEqual(['tenant_foreign'])
    expect(authorize({ ...who([held('admin')]), tenantNo: 2 }, 'install:read', {}, context).reasons).toEqual(['install_only'])
    expect(authorize(who([held('owner')]), 'rows:read', { ownerNo: 6 }, context).reasons).toEqual(['owner_foreign'])
    expect(authorize(who([held('auditor', { period })]), 'log:read', { at: 20 }, context).reasons).toEqual(['period_outside'])
    expect(authorize(who([held('auditor', { period })]), 'log:read', { at: 19 }, context).allowed).toBe(true)
  })

  test('takes the farthest reach of several grants, and the one without a period', () => {
    const period = { from: 10, to: 20 }
    expect(authorize(who([held('viewer'), held('analyst')]), 'figures:read', {}, context).reach).toBe('yes')
    expect(authorize(who([held('auditor', { period }), held('analyst')]), 'rows:read', {}, context).period).toBeNull()
    expect(authorize(who([held('token_admin', { scope: 'owner', scopeOwnerNo: 9 })]), 'tokens:write', {}, context)).toMatchObject(
      { reach: 'own', ownerNo: 9 },
    )
  })

  test('an admin reads no rows unless separation is waived', () => {
    expect(authorize(who([held('admin')]), 'rows:read', {}, context).allowed).toBe(false)
    expect(authorize(who([held('admin')], true), 'rows:read', {}, context).allowed).toBe(true)
  })
})

test('every table that a question names gets the period, or nothing', () => {
  const sight = { ...WHOLE_SIGHT, period: { from: 1, to: 2 } }
  const arms = { day: true, hour: true, minute: true, raw: true } as never
  let tables = 0
  for (const { sql } of Object.values(QUESTIONS)) {
    for (const each of sql) {
      const text = within(typeof each === 'string' ? each : each(arms), sight)
      for (const [scoped] of text.matchAll(/WHERE tenant = \{tenant:UInt32\}(?: AND \S+ >= [^A]*?\{seen_from|.{0,10}0 = 1)?/g)) {
        tables += 1
        expect(scoped).toMatch(/seen_from|0 = 1/)
      }
    }
  }
  expect(tables).toBeGreaterThan(20)
})
