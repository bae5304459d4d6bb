import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Front, openFront } from './support.ts'

let front: Front
let admin: { text: string; id: string }
let address = 0
beforeAll(async () => {
  front = await openFront()
})
afterAll(() => front.close())
beforeEach(async () => {
  address += 1
  admin = await front.token({ role: 'admin', owner: `alice ${address}` })
})

const HOST = 'localhost:4600'
const OWN = { host: HOST, origin: `http://${HOST}` }

/** Each test signs in from its own address, so that no lock-out reaches another. */
async function signIn(proof: object = { token: admin.text }, headers: Record<string, string> = OWN, at: Front = front) {
  const answer = await at.call(undefined, 'POST', '/v1/session', proof, { headers, remoteAddress: `10.1.${address}.1` })
  const setCookie = [answer.headers['set-cookie'] ?? ''].flat().join(', ')
  return { ...answer, setCookie, cookie: setCookie.split(';', 1)[0] ?? '', csrf: String(answer.body?.csrf) }
}

async function eventsOf(type: number) {
  return (await front.rows()).filter((row) => row.type === type)
}

function bySession(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  { cookie, csrf }: { cookie: string; csrf?: string },
  more: Record<string, string> = OWN,
) {
  const headers = { ...more, cookie, ...(csrf === undefined ? {} : { 'x-csrf-token': csrf }) }
  return front.call(undefined, method, url, method === 'POST' ? {} : undefined, { headers })
}

describe('signing in', () => {
  test('with a token gives a session and never the token', async () => {
    const answer = await signIn()
    expect(answer.status).toBe(200)
    expect(answer.body.principal).toMatchObject({ role: 'admin', owner: `alice ${address}`, tenant: 'Own' })
    expect(answer.text + answer.setCookie).not.toContain(admin.text.split('_')[2])
    const seen = await bySession('GET', '/v1/session', answer)
    expect(seen.body).toMatchObject({ csrf: answer.csrf, principal: { role: 'admin' } })
    expect(await eventsOf(501)).toHaveLength(1)
  })

  test('over https the cookie is __Host-, Secure, HttpOnly and Strict', async () => {
    const behindTls = await openFront({ http: { publicUrl: 'https://trail.example' } })
    const { text: token } = await behindTls.token({ role: 'admin' })
    const { setCookie } = await signIn({ token }, { host: 'trail.example', origin: 'https://trail.example' }, behindTls)
    await behindTls.close()
    expect(setCookie).toMatch(/^__Host-tokentrail=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/)
  })

  test('on plain http works on a loopback address only, with a plain name', async () => {
    expect((await signIn()).setCookie).toMatch(/^tokentrail=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/)
    const elsewhere = await signIn({ token: admin.text }, { host: 'trail.example', origin: 'http://trail.example' })
    expect([elsewhere.status, elsewhere.setCookie]).toEqual([403, ''])
  })

  test('from a page of another origin is refused', async () => {
    expect((await signIn({ token: admin.text }, { host: HOST, origin: 'http://evil.example' })).body.code).toBe('csrf_refused')
    expect((await signIn({ token: admin.text }, { host: HOST, 'sec-fetch-site': 'cross-site' })).body.code).toBe('csrf_refused')
  })

  test('gives one answer for every cause, and notes each in the trail', async () => {
    const before = (await eventsOf(502)).length
    const causes = [{ token: 'junk' }, { token: `${admin.text}0` }, { code: 'junk' }, { code: admin.text }]
    const answers = await Promise.all(causes.map((proof) => signIn(proof)))
    expect(new Set(answers.map(({ body }) => JSON.stringify({ ...body, requestId: '' }))).size).toBe(1)
    expect(answers[0]?.status).toBe(401)
    expect((await eventsOf(502)).length - before).toBe(causes.length)
  })

  test('makes whoever keeps failing wait, and nobody else', async () => {
    for (let i = 0; i < 5; i++) expect((await signIn({ token: 'junk' })).status).toBe(401)
    const locked = await signIn({ token: 'junk' })
    expect([locked.status, locked.body.code, locked.headers['retry-after']]).toEqual([429, 'rate_limited', '15'])
    expect((await signIn()).status).toBe(200)
    front.clock.move(15_000)
    expect((await signIn({ token: 'junk' })).status).toBe(401)
  })

  test('is for people: a service token is told so', async () => {
    const service = await front.token({ role: 'ingest' })
    const answer = await signIn({ token: service.text })
    expect([answer.status, answer.body.code, answer.setCookie]).toEqual([403, 'not_permitted', ''])
  })
})

describe('a session', () => {
  test('reads without, and writes only with its own CSRF value', async () => {
    const [mine, other] = [await signIn(), await signIn()]
    expect((await bySession('GET', '/v1/tokens', mine)).status).toBe(200)
    for (const csrf of [undefined, '', other.csrf, 'x'.repeat(43)]) {
      const answer = await bySession('POST', '/v1/sign-in-links', {
        cookie: mine.cookie,
        ...(csrf === undefined ? {} : { csrf }),
      })
      expect([answer.status, answer.body.code]).toEqual([403, 'csrf_refused'])
    }
    expect((await bySession('POST', '/v1/sign-in-links', mine)).status).toBe(201)
  })

  test('writes only from our own page', async () => {
    const mine = await signIn()
    const foreign = [
      { host: HOST, origin: 'http://evil.example' },
      { host: HOST, origin: 'null' },
      { host: HOST, 'sec-fetch-site': 'same-site' },
      { host: HOST },
    ]
    for (const headers of foreign)
      expect((await bySession('POST', '/v1/sign-in-links', mine, headers as never)).body.code).toBe('csrf_refused')
    expect((await bySession('POST', '/v1/sign-in-links', mine, { host: HOST, 'sec-fetch-site': 'same-origin' })).status).toBe(201)
  })

  test('and a token in one request are one credential too many', async () => {
    const mine = await signIn()
    const answer = await front.call(admin.text, 'GET', '/v1/tokens', undefined, { headers: { ...OWN, cookie: mine.cookie } })
    expect([answer.status, answer.body.code]).toEqual([400, 'credential_twice'])
  })

  test('ends when nobody used it for 30 minutes, and stays ended', async () => {
    const mine = await signIn()
    front.clock.move(29 * 60_000)
    expect((await bySession('GET', '/v1/session', mine)).status).toBe(200)
    front.clock.move(29 * 60_000)
    expect((await bySession('GET', '/v1/session', mine)).status).toBe(200)
    front.clock.move(30 * 60_000)
    expect((await bySession('GET', '/v1/session', mine)).status).toBe(401)
    const idDigest = createHash('sha256')
      .update(mine.cookie.split('=')[1] ?? '')
      .digest()
    expect(await front.records.read.session(idDigest)).toBeNull()
  })

  test('ends after 12 hours however busy it was', async () => {
    const mine = await signIn()
    for (let i = 0; i < 35; i++) {
      front.clock.move(20 * 60_000)
      expect((await bySession('GET', '/v1/session', mine)).status).toBe(200)
    }
    front.clock.move(20 * 60_000)
    expect((await bySession('GET', '/v1/session', mine)).status).toBe(401)
  })

  test('ends with the token behind it', async () => {
    const mine = await signIn()
    const boss = await front.token({ role: 'admin', owner: 'boss' })
    await front.call(boss.text, 'POST', `/v1/tokens/${admin.id}/revoke`, { reason: 'owner_left' })
    expect((await bySession('GET', '/v1/session', mine)).status).toBe(401)
  })

  test('ends by signing out, on the server and in the browser', async () => {
    const mine = await signIn()
    const out = await bySession('DELETE', '/v1/session', mine)
    expect([out.status, out.headers['clear-site-data']]).toEqual([204, '"cache", "storage"'])
    expect(String(out.headers['set-cookie'])).toMatch(/^tokentrail=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970/)
    expect((await bySession('GET', '/v1/session', mine)).status).toBe(401)
    expect(await eventsOf(503)).toHaveLength(1)
  })
})

describe('a one-time link', () => {
  async function link(body: object = {}): Promise<{ path: string; code: string }> {
    const answer = await front.call(admin.text, 'POST', '/v1/sign-in-links', body)
    expect(answer.status).toBe(201)
    return answer.body
  }

  test('signs in once', async () => {
    const { code } = await link()
    expect((await signIn({ code })).body.principal.owner).toBe(`alice ${address}`)
    expect((await signIn({ code })).status).toBe(401)
  })

  test('is not used up by looking at its page', async () => {
    const { code, path } = await link()
    expect(path).toBe(`/sign-in#code=${code}`)
    for (const method of ['GET', 'HEAD'] as const) await front.app.inject({ method, url: path, headers: { accept: 'text/html' } })
    expect((await signIn({ code })).status).toBe(200)
  })

  test('works for 30 minutes', async () => {
    const { code } = await link()
    front.clock.move(30 * 60_000)
    expect((await signIn({ code })).status).toBe(401)
  })

  test('may sign in as another token of the tenant, never of another one', async () => {
    const viewer = await front.token({ role: 'viewer', owner: 'vera' })
    expect((await signIn(await link({ token: viewer.id }).then(({ code }) => ({ code })))).body.principal).toMatchObject({
      role: 'viewer',
      owner: 'vera',
    })
    const stranger = await front.token({ role: 'admin', tenant: front.other })
    const refused = await front.call(admin.text, 'POST', '/v1/sign-in-links', { token: stranger.id })
    expect([refused.status, refused.body.code]).toEqual([404, 'not_found'])
  })

  test('no longer works when the token behind it is over', async () => {
    const viewer = await front.token({ role: 'viewer' })
    const { code } = await link({ token: viewer.id })
    await front.call(admin.text, 'POST', `/v1/tokens/${viewer.id}/revoke`)
    expect((await signIn({ code })).status).toBe(401)
  })

  test('is no access token, and another action token is no link', async () => {
    const { code } = await link()
    expect((await front.call(code, 'GET', '/v1/tokens')).status).toBe(401)
    const action = await front.call(admin.text, 'POST', '/v1/tokens', {
      kind: 'action',
      owner: 'x',
      action: 'invoice.pay',
      resource: admin.id,
    })
    expect((await signIn({ code: action.body.token })).status).toBe(401)
  })
})
