import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { createTokentrail, expressGuard, fastifyGuard, honoGuard, nodeGuard } from '../src/index.ts'
import { OPTIONS, createNetwork } from './network.ts'
import type { RequestListener } from 'node:http'
import type { GuardOptions, Tokentrail, ValidatedToken, Validation } from '../src/index.ts'
import type { Answer } from './network.ts'

const TOKEN: ValidatedToken = { id: 'k1', kind: 'access', owner: 'ada', scopes: ['orders:read'], expiresAt: null }
const ACCEPTED: Answer = { status: 200, body: { verdict: 'accepted', reason: 'accepted', answer: 'accepted', token: TOKEN } }
const rejected = (answer: string): Answer => ({
  status: 200,
  body: { verdict: 'rejected', reason: answer, answer, retryAfterMs: 2500 },
})

type Get = (headers: Record<string, string>) => Promise<{ status: number; headers: Headers; body: unknown }>
type Framework = (trail: Tokentrail, options: GuardOptions) => Promise<Get>

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listen(listener: RequestListener): Promise<Get> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as { port: number }
  return async (headers) =>
    read(await fetch(`http://127.0.0.1:${port}/orders/17`, { headers: { ...headers, connection: 'close' } }))
}

async function read(response: Response) {
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown }
}

const frameworks: Record<string, Framework> = {
  express: (trail, options) => {
    const app = express()
    app.get(
      '/orders/:id',
      expressGuard(trail, options),
      (request, response) => void response.json((request as { token?: ValidatedToken }).token ?? null),
    )
    return listen(app)
  },
  fastify: async (trail, options) => {
    const app = fastify()
    app.get(
      '/orders/:id',
      { onRequest: fastifyGuard(trail, options) },
      (request) => (request as { token?: ValidatedToken }).token ?? null,
    )
    closers.push(() => app.close())
    return async (headers) => {
      const answer = await app.inject({ url: '/orders/17', headers })
      return {
        status: answer.statusCode,
        headers: new Headers(answer.headers as Record<string, string>),
        body: answer.json<unknown>(),
      }
    }
  },
  hono: (trail, options) => {
    const app = new Hono<{ Variables: { token: ValidatedToken | undefined } }>()
    app.get('/orders/:id', honoGuard(trail, options), (context) => context.json(context.get('token') ?? null))
    return Promise.resolve(async (headers) => read(await app.request('/orders/17', { headers })))
  },
  'node:http': (trail, options) => {
    const check = nodeGuard(trail, { ...options, route: '/orders/{id}' })
    return listen((request, response) => {
      void check(request, response).then((token) => (token === undefined ? undefined : response.end(JSON.stringify(token))))
    })
  },
}

describe.each(Object.entries(frameworks))('%s', (_, framework) => {
  async function ask(
    answer: Answer,
    options: GuardOptions = { scopes: ['orders:read'] },
    headers: Record<string, string> = { authorization: 'Bearer secret-text' },
  ) {
    const network = createNetwork((request) =>
      request.path === '/v1/validate' ? answer : { status: 200, body: { results: [{ index: 0, result: 'stored' }] } },
    )
    const trail = createTokentrail({ ...OPTIONS, fetch: network.fetch })
    const get = await framework(trail, options)
    const answered = await get({ 'user-agent': 'test/1', ...headers })
    await trail.flush()
    return { ...answered, network, asked: network.requests[0]?.body as Validation }
  }

  test('an accepted token reaches the handler, and the door hears of the request', async () => {
    const { status, body, asked } = await ask(ACCEPTED)
    expect({ status, body }).toEqual({ status: 200, body: TOKEN })
    expect(asked).toMatchObject({
      token: 'secret-text',
      scopes: ['orders:read'],
      method: 'GET',
      route: '/orders/{id}',
      userAgent: 'test/1',
    })
  })

  test.each([
    ['invalid', 401, 'www-authenticate', /invalid_token/],
    ['forbidden', 403, 'www-authenticate', /insufficient_scope", scope="orders:read"/],
    ['throttled', 429, 'retry-after', /^3$/],
    ['unavailable', 503, 'retry-after', /^3$/],
  ])('%s is answered with %i and no more than the caller may know', async (answer, expected, header, value) => {
    const { status, headers, body } = await ask(rejected(answer))
    expect(status).toBe(expected)
    expect(headers.get(header)).toMatch(value)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(body).toMatchObject({ status: expected, code: answer })
  })

  test('a request without a token is told how to authenticate, and nobody is asked (RFC 6750 §3.1)', async () => {
    const { status, headers, network } = await ask(rejected('invalid'), {}, {})
    expect({ status, challenge: headers.get('www-authenticate'), asked: network.requests.length }).toEqual({
      status: 401,
      challenge: 'Bearer',
      asked: 0,
    })
  })

  test('an unreachable server refuses by default', async () => {
    const { status } = await ask('unreachable')
    expect(status).toBe(503)
  })

  test('an unreachable server lets pass where that was chosen, and the choice is recorded', async () => {
    const { status, network } = await ask('unreachable', { whenUnavailable: 'allow' })
    expect(status).toBe(200)
    expect(network.requests[1]?.body).toMatchObject([{ outcome: 'accepted', reason: 'failed_open' }])
  })

  test('the token may come in a header of its own', async () => {
    const { asked } = await ask(ACCEPTED, { header: 'X-API-Key' }, { 'x-api-key': 'other-secret' })
    expect(asked.token).toBe('other-secret')
  })
})
