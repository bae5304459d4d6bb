import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isGranted } from '../../src/access/permissions.ts'
import { reachOf } from '../../src/access/table.ts'
import type { App } from '../../src/http/app.ts'
import { createSessionCookie } from '../../src/http/cookie.ts'
import { guardRoutes } from '../../src/http/gate.ts'
import { createOwnOrigin } from '../../src/http/origin.ts'
import { answerProblem } from '../../src/http/problem.ts'
import { ROLES } from '../../src/records/records.ts'
import { type Front, openFront, silentLog } from './support.ts'

let front: Front
beforeAll(async () => {
  front = await openFront()
})
afterAll(() => front.close())

function gate(stopping: boolean) {
  return {
    access: front.access,
    cookie: createSessionCookie(undefined),
    origin: createOwnOrigin(undefined),
    isStopping: () => stopping,
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
const PUBLIC = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT']

function routes() {
  return front.app.routeTable
    .filter(({ method, url }) => PUBLIC.includes(method) && url !== '/v1/live')
    .map(({ method, url, permission, own }) => ({
      own,
      method: method as Method,
      url: url.replace(/:\w+/, '0000000000000000'),
      permission,
    }))
}

describe('every route', () => {
  test('names a permission, and those that are public are these', () => {
    expect(front.app.routeTable.length).toBeGreaterThan(40)
    const open = front.app.routeTable
      .filter(({ permission }) => permission === 'public')
      .map(({ method, url }) => `${method} ${url}`)
    expect(open.sort()).toEqual([
      'GET /.well-known/tokentrail/keys',
      'GET /audit/*',
      'GET /healthz',
      'GET /openapi.json',
      'GET /readyz',
      'GET /v1/log/:shard/*',
      'HEAD /.well-known/tokentrail/keys',
      'HEAD /audit/*',
      'HEAD /healthz',
      'HEAD /openapi.json',
      'HEAD /readyz',
      'HEAD /v1/log/:shard/*',
      'POST /v1/partners/github/secret-scanning',
      'POST /v1/session',
    ])
  })

  test('a route that names none does not start', () => {
    const app: App = fastify().withTypeProvider<TypeBoxTypeProvider>()
    guardRoutes(app, gate(false))
    expect(() => app.get('/forgotten', async () => 'open')).toThrow('the route GET /forgotten names no permission')
    expect(() => app.get('/known', { config: { permission: 'public' } }, async () => 'open')).not.toThrow()
  })

  test('is refused while the server stops', async () => {
    const app: App = fastify().withTypeProvider<TypeBoxTypeProvider>()
    app.setErrorHandler(answerProblem(silentLog))
    guardRoutes(app, gate(true))
    app.get('/known', { config: { permission: 'public' } }, async () => 'open')
    const answer = await app.inject('/known')
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([503, 'stopping', '2'])
  })

  test('that reads has a budget', () => {
    const reads = /^(figures|rows|tokens|findings|live|status|install):read$/
    const without = front.app.routeTable.filter(({ permission, reading }) => reads.test(permission) && !reading)
    expect(without).toEqual([])
  })

  test('answers 401 without a credential and tells nothing more', async () => {
    for (const { method, url, permission } of routes()) {
      if (permission === 'public') continue
      const answer = await front.call(undefined, method, url)
      expect([method, url, answer.status, answer.body.code]).toEqual([method, url, 401, 'not_authenticated'])
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="tokentrail"')
    }
  })

  test.each(ROLES)('answers the role %s as the table says', async (role) => {
    const { text } = await front.token({ role })
    for (const { method, url, permission, own } of routes()) {
      if (permission === 'public') continue
      const answer = await front.call(text, method, url)
      const refused = answer.body?.code === 'not_permitted'
      const isKeptOut = reachOf(role, permission) === 'own' && own === undefined
      expect([method, url, refused]).toEqual([method, url, !isGranted(role, permission, true) || isKeptOut])
      expect([method, url, answer.status >= 500 && front.faults.at(-1)]).toEqual([method, url, false])
    }
  })

  test('refuses a token without a role', async () => {
    const { text } = await front.token({ owner: 'nobody' })
    const answer = await front.call(text, 'GET', '/v1/tokens')
    expect([answer.status, answer.body.code]).toEqual([403, 'not_permitted'])
  })

  test("the installation's figures are not for another tenant's admin", async () => {
    const { text } = await front.token({ role: 'admin', tenant: front.other })
    expect((await front.call(text, 'GET', '/metrics')).status).toBe(403)
    const status = await front.call(text, 'GET', '/v1/status')
    expect(Object.keys(status.body).sort()).toEqual(['conservation', 'now', 'version', 'watermark'])
  })
})

describe('a token that signs in', () => {
  test('is refused from the very next request after it was revoked', async () => {
    const admin = await front.token({ role: 'admin' })
    const service = await front.token({ role: 'validate' })
    const ask = () => front.call(service.text, 'POST', '/v1/validate', { token: 'x' })
    expect((await ask()).status).toBe(200)
    expect((await front.call(admin.text, 'POST', `/v1/tokens/${service.id}/revoke`, {})).status).toBe(200)
    expect((await ask()).status).toBe(401)
  })

  test('is suspended and resumed at once', async () => {
    const admin = await front.token({ role: 'admin' })
    const reader = await front.token({ role: 'analyst' })
    const ask = () => front.call(reader.text, 'GET', '/v1/tokens')
    expect((await ask()).status).toBe(200)
    await front.call(admin.text, 'POST', `/v1/tokens/${reader.id}/suspend`)
    expect((await ask()).status).toBe(401)
    await front.call(admin.text, 'POST', `/v1/tokens/${reader.id}/resume`)
    expect((await ask()).status).toBe(200)
  })

  test('gets one answer for every cause of being no good', async () => {
    const admin = await front.token({ role: 'admin' })
    const { text } = await front.token({ role: 'analyst' })
    const wrongSecret = `${text.slice(0, -20)}00000000000000${text.slice(-6)}`
    const texts = ['junk', `${text}0`, wrongSecret, 'ttk_0000000000000000_' + '0'.repeat(49)]
    const answers = await Promise.all(texts.map((token) => front.call(token, 'GET', '/v1/tokens')))
    const bodies = answers.map(({ body }) => ({ ...body, requestId: '' }))
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
    expect(bodies[0]?.code).toBe('not_authenticated')
    expect(answers[0]?.headers['www-authenticate']).toBe('Bearer realm="tokentrail", error="invalid_token"')
    expect((await front.call(admin.text, 'GET', '/v1/tokens')).status).toBe(200)
  })

  test('its use is an event of the service tokentrail, at most one a second', async () => {
    const { text, id } = await front.token({ role: 'analyst' })
    const record = await front.records.read.token(front.own.no, id)
    const used = async () =>
      (await front.rows()).filter(({ tokenNo, service }) => tokenNo === record?.no && service === 'tokentrail').length
    for (let i = 0; i < 5; i++) await front.call(text, 'GET', '/v1/tokens')
    expect(await used()).toBe(1)
    front.clock.move(1000)
    await front.call(text, 'GET', '/v1/tokens')
    expect(await used()).toBe(2)
  })

  test('a refusal for lack of a role is an event', async () => {
    const { text, id } = await front.token({ role: 'viewer', owner: 'watcher' })
    await front.call(text, 'GET', '/v1/tokens')
    const record = await front.records.read.token(front.own.no, id)
    const refused = (await front.rows()).filter(({ type, ownerNo }) => type === 402 && ownerNo === record?.ownerNo)
    expect(refused.map(({ reason, route, outcome }) => ({ reason, route, outcome }))).toEqual([
      { reason: 150, route: '/v1/tokens', outcome: 2 },
    ])
  })
})
