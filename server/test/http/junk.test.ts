import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront, type Reply } from './support.ts'

let front: Front
let admin: string
const NO_LIMITS = { requestsPerPrincipal: 1e9, requestsPerTenant: 1e9, costPerPrincipal: 1e9, costPerTenant: 1e9 }

beforeAll(async () => {
  front = await openFront({ access: { limits: NO_LIMITS } })
  admin = (await front.token({ role: 'admin' })).text
})
afterAll(() => front.close())

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

/** What a refusal says, if it is a whole problem: its type, a sentence, and the id of the request. */
function refusal({ status, headers, body, text }: Reply): unknown[] {
  const { type, code, detail, requestId, input } = body ?? {}
  const isWhole =
    headers['content-type'] === 'application/problem+json; charset=utf-8' &&
    type === `urn:tokentrail:problem:${code}` &&
    body.status === status &&
    requestId === headers['x-request-id'] &&
    detail.length > 20
  return isWhole ? [status, code, ...(input === undefined ? [] : [input])] : ['no problem', text]
}

describe('bad input', () => {
  const issue = (body: unknown, more = {}) => front.call(admin, 'POST', '/v1/tokens', body, more)
  const JSON_TYPE = { headers: { 'content-type': 'application/json' } }

  test.each([
    ['no JSON', '{"owner":', 'body_malformed'],
    ['an empty body', '', 'body_malformed'],
    ['a poisoned key', '{"owner":"a","__proto__":{"role":"admin"}}', 'body_malformed'],
    ['a poisoned key inside', '{"owner":"a","metadata":{"constructor":{"prototype":{}}}}', 'body_malformed'],
    ['a truncated escape', '{"owner":"\\u00"}', 'body_malformed'],
  ])('%s is refused as malformed', async (_name, text, code) => {
    expect(refusal(await issue(text, JSON_TYPE))).toEqual([400, code])
    expect(({} as Record<string, unknown>)['role']).toBeUndefined()
  })

  test.each([
    ['a missing owner', {}, 'body_invalid', '/owner'],
    ['a number for a name', { owner: 'a', name: 5 }, 'body_invalid', '/name'],
    ['a list for a body', [], 'body_invalid', '/'],
    ['a text for scopes', { owner: 'a', scopes: 'orders:read' }, 'body_invalid', '/scopes'],
    ['an unknown kind', { owner: 'a', kind: 'session' }, 'body_invalid', '/kind'],
    ['an unknown field', { owner: 'a', tenant: 2 }, 'field_unknown', '/tenant'],
    [
      'an unknown field inside',
      { owner: 'a', rateLimit: { count: 1, windowMs: 1000, burst: 2 } },
      'field_unknown',
      '/rateLimit/burst',
    ],
    ['a wordy time', { owner: 'a', expiresAt: 'tomorrow' }, 'time_invalid', '/expiresAt'],
    ['a day that is none', { owner: 'a', expiresAt: '2027-02-31T00:00:00Z' }, 'time_invalid', '/expiresAt'],
    ['a time without zone', { owner: 'a', expiresAt: '2027-02-01T00:00:00' }, 'time_invalid', '/expiresAt'],
    ['a time in the past', { owner: 'a', expiresAt: '2020-01-01T00:00:00Z' }, 'time_invalid', '/expiresAt'],
    ['a bad address range', { owner: 'a', cidrs: ['10.0.0.0/8', '10.0.0.0/33'] }, 'cidr_invalid', '/cidrs/1'],
    ['a bad scope', { owner: 'a', scopes: ['a b'] }, 'scope_invalid', '/scopes/0'],
    ['an unknown role', { owner: 'a', role: 'root' }, 'body_invalid', '/role'],
  ])('%s is refused with its place', async (_name, body, code, input) => {
    expect(refusal(await issue(body))).toEqual([400, code, input])
  })

  test('too much of it is refused as such', async () => {
    expect(refusal(await issue(JSON.stringify({ owner: 'a', name: 'x'.repeat(70_000) }), JSON_TYPE))).toEqual([
      413,
      'body_too_large',
    ])
    expect(refusal(await issue(`{"owner":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, JSON_TYPE))).toEqual([400, 'body_invalid'])
    const tooMany = { items: Array.from({ length: 1001 }, () => ({ token: 'x' })) }
    expect(refusal(await front.call(admin, 'POST', '/v1/validate', tooMany))).toEqual([400, 'too_many_items', '/items'])
    expect(refusal(await front.call(admin, 'POST', '/v1/validate', { items: [{ token: 5 }] }))).toEqual([
      400,
      'body_invalid',
      '/items/0/token',
    ])
    expect(refusal(await front.call(admin, 'GET', `/v1/tokens/${'x'.repeat(300)}`))).toEqual([400, 'parameter_invalid', 'id'])
    const events = Array.from({ length: 10_001 }, () => ({}))
    expect(refusal(await front.call(admin, 'POST', '/v1/events', events))).toEqual([400, 'too_many_items'])
  })

  test('an address that is none is refused before anything is judged', async () => {
    const ip = (address: string) => ({ token: 'x', ip: address })
    expect(refusal(await front.call(admin, 'POST', '/v1/validate', ip('10.0.0.1:80')))).toEqual([400, 'body_invalid', '/ip'])
    expect(refusal(await front.call(admin, 'POST', '/v1/validate', { items: [ip('::1'), ip('unknown')] }))).toEqual([
      400,
      'body_invalid',
      '/items/1/ip',
    ])
  })

  test('of another content type or packed is refused', async () => {
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      expect(refusal(await issue('owner=a', { headers: { 'content-type': type } }))).toEqual([415, 'media_type_unsupported'])
    }
    expect(refusal(await issue('x', { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }))).toEqual([
      415,
      'media_type_unsupported',
      'content-encoding',
    ])
  })

  test.each([
    ['/v1/questions/totals?from=yesterday', 'time_invalid', 'from'],
    ['/v1/questions/totals?from=2026-11-25T00:00:00Z&to=2026-11-24T00:00:00Z', 'time_invalid', 'to'],
    ['/v1/questions/totals?from=1&to=1', 'time_invalid', 'to'],
    ['/v1/questions/totals?to=99999999999999999999', 'parameter_invalid', 'to'],
    ['/v1/questions/totals?kind=robot', 'parameter_invalid', 'kind'],
    ['/v1/questions/totals?tenant=2', 'parameter_invalid', 'tenant'],
    ['/v1/questions/validations-by-step', 'parameter_invalid', 'step'],
    ['/v1/questions/top-tokens?limit=0', 'parameter_invalid', 'limit'],
    ['/v1/questions/top-tokens?limit=ten', 'parameter_invalid', 'limit'],
    ['/v1/events?cursor=%00%00', 'cursor_invalid', 'cursor'],
    ['/v1/events?id=1', 'parameter_invalid', 'id'],
    ['/v1/tokens?cursor=zz', 'cursor_invalid', 'cursor'],
    ['/v1/metrics/series?metric=beauty&step=hour', 'parameter_invalid', 'metric'],
    ['/v1/metrics/tokens?from=2026-13-01T00:00:00Z', 'time_invalid', 'from'],
  ])('%s is refused with the parameter', async (url, code, input) => {
    const answer = await front.call(admin, 'GET', url)
    const known = url.includes('9999') ? ['time_invalid', 'to'] : [code, input]
    expect([answer.status, answer.body.code, answer.body.input]).toEqual([400, ...known])
  })

  test('of a path that is none', async () => {
    expect(refusal(await front.call(admin, 'GET', '/v1/nothing'))).toEqual([404, 'not_found'])
    expect(refusal(await front.call(admin, 'GET', '/v1/tokens/%E0%A4%A'))).toEqual([400, 'parameter_invalid'])
    const wrong = await front.call(admin, 'DELETE', '/v1/tokens')
    expect(refusal(wrong)).toEqual([405, 'method_not_allowed'])
    expect(wrong.headers['allow']).toBe('GET, HEAD, POST')
  })

  test('refused or not, every answer carries the security headers', async () => {
    for (const url of ['/healthz', '/v1/nothing', '/v1/tokens', '/v1/tokens/%E0%A4%A']) {
      const { headers } = await front.call(undefined, 'GET', url)
      expect(headers['content-security-policy']).toBe(
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      )
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'cache-control': 'no-store',
      })
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })
})

describe('junk', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.double(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom(
        '2026-11-25T00:00:00Z',
        '10.0.0.0/8',
        'access',
        '../../etc/passwd',
        "' OR 1=1 --",
        '\ud800',
        '\0',
        'ttk_0000000000000000_',
      ),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 12 }), tie('any'), { maxKeys: 4 }),
    ),
  })).any
  const FIELDS = [
    'token',
    'code',
    'kind',
    'owner',
    'scopes',
    'expiresAt',
    'ttlSeconds',
    'cidrs',
    'metadata',
    'rateLimit',
    'items',
    'tokens',
    'reason',
    'until',
    'graceSeconds',
    'name',
    'role',
    'action',
    'resource',
    'ip',
    'at',
    'type',
    'file',
    'recordsDone',
    'from',
    'to',
    'step',
    'limit',
    'cursor',
    'metric',
    'by',
  ]
  const object = fc.dictionary(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...FIELDS) }, fc.string({ maxLength: 8 })),
    value,
    { maxKeys: 6 },
  )
  const body = fc.oneof({ weight: 3, arbitrary: object }, value, fc.array(object, { maxLength: 3 }))

  test('in any body, parameter, path or header never breaks anything on our side', async () => {
    const routes = front.app.routeTable.filter(({ method, url }) => method !== 'HEAD' && url !== '/v1/live')
    const before = front.faults.length
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        body,
        object,
        fc.string({ maxLength: 40 }),
        fc.boolean(),
        async (route, json, query, id, signed) => {
          const url = `${route.url.replace(/:\w+/, encodeURIComponent(id.toWellFormed()) || 'x')}?${queryOf(query)}`
          const hasBody = !['GET', 'DELETE'].includes(route.method)
          const type = route.url.startsWith('/oauth2') ? 'application/x-www-form-urlencoded' : 'application/json'
          const payload = type === 'application/json' ? JSON.stringify(json) : queryOf(query)
          const headers = hasBody ? { 'content-type': type, 'x-request-id': id.replaceAll(/[^\x20-\x7e]/g, '') } : {}
          const answer = await front.call(
            signed ? admin : undefined,
            route.method as Method,
            url,
            hasBody ? payload : undefined,
            { headers },
          )
          expect([route.method, url, json, answer.status, front.faults.slice(before)]).toEqual([
            route.method,
            url,
            json,
            expect.any(Number),
            [],
          ])
          expect(answer.status < 500 || route.url === '/readyz').toBe(true)
          expect(answer.status < 400 || route.url === '/readyz' || typeof answer.body.code === 'string').toBe(true)
          expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
        },
      ),
      { numRuns: 600 },
    )
  })

  test('in lines of events costs no other line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary', maxLength: 40 }),
            body.map((line) => JSON.stringify(line)),
          ),
          { maxLength: 8 },
        ),
        async (lines) => {
          const good = JSON.stringify({ at: front.clock.now(), outcome: 'accepted', reason: 'valid', token: 'AKIA1', owner: 'o' })
          const text = [...lines.map((line) => line.replaceAll(/[\r\n]/g, ' ')), good].join('\n')
          const answer = await front.call(admin, 'POST', '/v1/events', text, {
            headers: { 'content-type': 'application/x-ndjson' },
          })
          expect([answer.status, answer.body.results?.at(-1)?.result]).toEqual([200, 'stored'])
          expect(front.faults).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })
})

function queryOf(fields: Readonly<Record<string, unknown>>): string {
  return new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value),
    ]),
  ).toString()
}
