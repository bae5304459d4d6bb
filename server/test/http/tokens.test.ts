import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront } from './support.ts'

let front: Front
let admin: string
let service: string
beforeAll(async () => {
  front = await openFront()
  admin = (await front.token({ role: 'admin' })).text
  service = (await front.token({ role: 'validate' })).text
})
afterAll(() => front.close())

async function issue(body: object): Promise<{ id: string; token: string; code?: string }> {
  const answer = await front.call(admin, 'POST', '/v1/tokens', body)
  expect(answer.status).toBe(201)
  return answer.body
}
const validate = (body: object, as = service) => front.call(as, 'POST', '/v1/validate', body)

describe('tokens over HTTP', () => {
  test('an issued token is shown whole, its text once, and never its digest', async () => {
    const answer = await front.call(admin, 'POST', '/v1/tokens', {
      owner: 'billing',
      name: 'nightly',
      scopes: ['invoices:read'],
      ttlSeconds: 3600,
      metadata: { team: 'money' },
      cidrs: ['10.0.0.0/8'],
    })
    const { id, token } = answer.body
    expect(answer.body).toMatchObject({
      kind: 'access',
      state: 'active',
      owner: 'billing',
      name: 'nightly',
      scopes: ['invoices:read'],
      metadata: { team: 'money' },
      cidrs: ['10.0.0.0/8'],
      issuedAt: '2026-11-25T12:00:00.000Z',
      expiresAt: '2026-11-25T13:00:00.000Z',
      role: null,
    })
    expect(token).toMatch(/^ttk_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/)
    const shown = await front.call(admin, 'GET', `/v1/tokens/${id}`)
    expect(shown.body).toMatchObject({ id, family: [id] })
    expect(shown.text).not.toMatch(/digest|salt|tenantNo|"no"/)
    expect(shown.text).not.toContain(token)
  })

  test('times may be RFC 3339 or milliseconds', async () => {
    const at = front.clock.now() + 3_600_000
    const [text, number] = [
      await issue({ owner: 'a', expiresAt: new Date(at).toISOString() }),
      await issue({ owner: 'a', expiresAt: at }),
    ]
    for (const { id } of [text, number])
      expect((await front.call(admin, 'GET', `/v1/tokens/${id}`)).body.expiresAt).toBe(new Date(at).toISOString())
  })

  test('validation tells the service the class, and the admin the reason', async () => {
    const { token, id } = await issue({ owner: 'bot', scopes: ['a'] })
    expect((await validate({ token, scopes: ['a'] })).body).toMatchObject({
      verdict: 'accepted',
      answer: 'accepted',
      token: { id, owner: 'bot', scopes: ['a'] },
    })
    const refused = (await validate({ token, scopes: ['b'] })).body
    expect(refused).toMatchObject({ verdict: 'rejected', answer: 'forbidden', reason: 'forbidden' })
    expect(refused.token).toBeUndefined()
    expect((await validate({ token, scopes: ['b'] }, admin)).body).toMatchObject({ reason: 'scope_missing', token: { id } })
  })

  test('many are answered in order, each by itself', async () => {
    const { token } = await issue({ owner: 'bot' })
    const items = Array.from({ length: 250 }, (_, i) => ({ token: i % 3 === 0 ? token : `junk ${i}` }))
    const answer = await validate({ items })
    expect(answer.body.items.map(({ verdict }: { verdict: string }) => verdict)).toEqual(
      items.map((_, i) => (i % 3 === 0 ? 'accepted' : 'rejected')),
    )
  })

  test('an action token is consumed by one of many at once', async () => {
    const { token, id } = await issue({ kind: 'action', owner: 'bot', action: 'invoice.pay', resource: 'i-1' })
    expect((await validate({ token, action: 'invoice.pay', resource: 'i-2' })).body.answer).toBe('forbidden')
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => validate({ token, action: 'invoice.pay', resource: 'i-1' })),
    )
    expect(answers.filter(({ body }) => body.verdict === 'accepted')).toHaveLength(1)
    expect((await front.call(admin, 'GET', `/v1/tokens/${id}`)).body).toMatchObject({ state: 'consumed', ending: 'consumed' })
  })

  test('a short code is given as digits, noted as sent and locked after too many attempts', async () => {
    const { token, code, id } = await issue({ kind: 'validation', owner: 'bot', channel: 'sms', codeDigits: 6, attemptsMax: 2 })
    expect(code).toMatch(/^\d{6}$/)
    expect((await front.call(admin, 'POST', `/v1/tokens/${id}/sent`, { address: '+4912345' })).body.sentAt).toBe(
      '2026-11-25T12:00:00.000Z',
    )
    const wrong = token.slice(0, -6) + (code === '000000' ? '000001' : '000000')
    for (let i = 0; i < 2; i++) expect((await validate({ token: wrong, kind: 'validation' })).body.verdict).toBe('rejected')
    expect((await validate({ token, kind: 'validation' })).body.verdict).toBe('rejected')
    expect((await front.call(admin, 'GET', `/v1/tokens/${id}`)).body.state).toBe('locked')
  })

  test('rotation gives the successor once and keeps the old one for its grace', async () => {
    const old = await issue({ owner: 'bot', scopes: ['a'] })
    const answer = await front.call(admin, 'POST', `/v1/tokens/${old.id}/rotate`, { graceSeconds: 60 })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ owner: 'bot', scopes: ['a'], generation: 2 })
    expect((await validate({ token: old.token }, admin)).body.reason).toBe('in_grace')
    expect((await validate({ token: answer.body.token })).body.verdict).toBe('accepted')
    front.clock.move(60_000)
    expect((await validate({ token: old.token }, admin)).body.reason).toBe('superseded')
    expect((await front.call(admin, 'GET', `/v1/tokens/${old.id}`)).body.family).toEqual([old.id, answer.body.id])
  })

  test('suspend, resume, change and revoke, and nothing un-revokes', async () => {
    const { id, token } = await issue({ owner: 'bot' })
    const post = (act: string, body = {}) => front.call(admin, 'POST', `/v1/tokens/${id}/${act}`, body)
    expect((await post('suspend', { note: 'looking into it' })).body.state).toBe('suspended')
    expect((await validate({ token }, admin)).body.reason).toBe('suspended')
    expect((await post('resume')).body.state).toBe('active')
    expect((await front.call(admin, 'PATCH', `/v1/tokens/${id}`, { name: 'new', scopes: ['x'] })).body).toMatchObject({
      name: 'new',
      scopes: ['x'],
    })
    expect((await post('revoke', { reason: 'leaked' })).body).toMatchObject({ state: 'revoked', endingReason: 'leaked' })
    expect((await validate({ token }, admin)).body.reason).toBe('revoked')
    for (const act of ['resume', 'suspend', 'revoke', 'rotate']) expect((await post(act)).status).toBe(409)
  })

  test('hashes of another system are taken over and validate unchanged', async () => {
    const text = 'sk_live_51Habc'
    const tokens = [
      {
        id: 'legacy:1',
        owner: 'shop',
        scheme: 'sha256:hex',
        hash: createHash('sha256').update(text).digest('hex'),
        issuedAt: '2025-01-01T00:00:00Z',
      },
    ]
    const first = await front.call(admin, 'POST', '/v1/tokens/import', { tokens })
    expect(first.body).toMatchObject({ imported: [{ id: 'legacy:1', issuedAt: '2025-01-01T00:00:00.000Z' }], existing: [] })
    expect((await front.call(admin, 'POST', '/v1/tokens/import', { tokens })).body).toMatchObject({
      imported: [],
      existing: ['legacy:1'],
    })
    expect((await validate({ token: text })).body).toMatchObject({
      verdict: 'accepted',
      token: { id: 'legacy:1', owner: 'shop' },
    })
    const bad = await front.call(admin, 'POST', '/v1/tokens/import', { tokens: [{ ...tokens[0], id: 'legacy:2', hash: 'xyz' }] })
    expect([bad.status, bad.body.code, bad.body.input]).toEqual([400, 'hash_invalid', '/tokens/0/hash'])
  })

  test('the list pages by key, newest first, and filters', async () => {
    for (let i = 0; i < 7; i++) await issue({ owner: 'pager', name: `page ${i}` })
    const names: string[] = []
    let cursor = ''
    do {
      const page = (await front.call(admin, 'GET', `/v1/tokens?owner=pager&limit=3${cursor}`)).body
      names.push(...page.items.map(({ name }: { name: string }) => name))
      cursor = page.next === undefined ? '' : `&cursor=${page.next}`
    } while (cursor !== '')
    expect(names).toEqual([6, 5, 4, 3, 2, 1, 0].map((i) => `page ${i}`))
    expect((await front.call(admin, 'GET', '/v1/tokens?owner=pager&state=revoked')).body.items).toEqual([])
  })
})

describe('events over HTTP', () => {
  const event = (id: string) => ({
    id,
    at: front.clock.now(),
    outcome: 'accepted',
    reason: 'valid',
    token: 'AKIAEXAMPLE',
    owner: 'aws',
  })

  test('are stored once, answered line by line, and a bad line costs no other', async () => {
    const first = await front.call(admin, 'POST', '/v1/events', [event('a'), { at: 'never' }, event('b'), event('a')])
    expect(first.body).toMatchObject({ stored: 2, repeated: 1, rejected: 1, lost: 0 })
    expect(first.body.results.map(({ result }: { result: string }) => result)).toEqual([
      'stored',
      'rejected',
      'stored',
      'repeated',
    ])
    expect(first.body.results[1]).toMatchObject({ code: 'time_invalid', input: '/at' })
  })

  test('as lines are taken as they come, however they are cut', async () => {
    const text = [JSON.stringify(event('l1')), '{"at":', '', JSON.stringify({ ...event('l2'), owner: 'größe' })].join('\r\n')
    const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${admin}` }
    const answer = await front.app.inject({ method: 'POST', url: '/v1/events', headers, payload: piecesOf(Buffer.from(text), 7) })
    expect(answer.json()).toMatchObject({
      stored: 2,
      rejected: 1,
      results: [
        { index: 0, result: 'stored' },
        { index: 1, code: 'body_malformed' },
        { index: 2, result: 'stored' },
      ],
    })
    const rows = (await front.rows()).filter(({ flags }) => (flags & 1024) !== 0)
    expect(rows.length).toBeGreaterThan(0)
  })

  test('beyond the bound are refused with the bound', async () => {
    const lines = Array.from({ length: 10_001 }, (_, i) => JSON.stringify(event(`many ${i}`))).join('\n')
    const answer = await front.call(admin, 'POST', '/v1/events', lines, { headers: { 'content-type': 'application/x-ndjson' } })
    expect([answer.status, answer.body.code]).toEqual([400, 'too_many_items'])
  })

  test('a client gets a writer number of its own', async () => {
    const [first, second] = [
      await front.call(admin, 'POST', '/v1/events/writers'),
      await front.call(admin, 'POST', '/v1/events/writers'),
    ]
    expect(first.status).toBe(201)
    expect(second.body.writer).toBeGreaterThan(first.body.writer)
  })

  test('an import notes how far it is', async () => {
    const put = (body: object) => front.call(admin, 'PUT', '/v1/imports/cloudtrail:abc', body)
    expect((await put({ file: 'a.json', recordsDone: 5, recordsTotal: 9 })).body).toMatchObject({
      source: 'cloudtrail:abc',
      recordsDone: 5,
      finishedAt: null,
    })
    await put({ file: 'a.json', recordsDone: 9, recordsTotal: 9, finished: true })
    expect((await front.call(admin, 'GET', '/v1/imports/cloudtrail:abc')).body).toMatchObject({
      recordsDone: 9,
      finishedAt: expect.stringMatching(/^2026-/),
    })
  })
})

/** A stream that hands out a few bytes at a time, also within a character. */
function piecesOf(bytes: Buffer, size: number): Readable {
  return Readable.from(Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size)))
}
