import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront } from './support.ts'

let front: Front
let client: { text: string; id: string }
beforeAll(async () => {
  front = await openFront({ http: { publicUrl: 'https://trail.example' } })
  client = await front.token({ role: 'introspect' })
})
afterAll(() => front.close())

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

function post(path: 'introspect' | 'revoke', form: string, authorization = `Bearer ${client.text}`) {
  return front.call(undefined, 'POST', `/oauth2/${path}`, form, { headers: { ...FORM, authorization } })
}

describe('introspection (RFC 7662)', () => {
  test('tells of a living access token', async () => {
    const { record, token } = await front.issuer.issue({
      tenantNo: front.own.no,
      actor: { no: 0, kind: 'system' },
      input: { kind: 'access', owner: 'bot', scopes: ['orders:read', 'orders:write'], expiresAt: front.clock.now() + 60_000 },
    })
    const answer = await post('introspect', `token=${token}&token_type_hint=access_token`)
    expect(answer.status).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.body).toEqual({
      active: true,
      scope: 'orders:read orders:write',
      client_id: 'bot',
      sub: 'bot',
      token_type: 'Bearer',
      jti: record.id,
      exp: (front.clock.now() + 60_000) / 1000,
      iat: front.clock.now() / 1000,
      iss: 'https://trail.example',
    })
  })

  test('answers exactly {"active":false} for everything else', async () => {
    const stranger = await front.token({ tenant: front.other })
    const revoked = await front.token()
    await front.issuer.revoke({ tenantNo: front.own.no, actor: { no: 0, kind: 'system' }, id: revoked.id, reason: 'manual' })
    const action = await front.issuer.issue({
      tenantNo: front.own.no,
      actor: { no: 0, kind: 'system' },
      input: { kind: 'action', owner: 'bot', action: 'pay' },
    })
    for (const token of ['junk', stranger.text, revoked.text, action.token, 'x'.repeat(5000)]) {
      const answer = await post('introspect', `token=${token}`)
      expect([answer.status, answer.text]).toEqual([200, '{"active":false}'])
    }
  })

  test('never consumes: a token with two uses still has them', async () => {
    const { record, token } = await front.issuer.issue({
      tenantNo: front.own.no,
      actor: { no: 0, kind: 'system' },
      input: { kind: 'access', owner: 'bot', usesMax: 2 },
    })
    for (let i = 0; i < 5; i++) expect((await post('introspect', `token=${token}`)).body.active).toBe(true)
    expect((await front.records.read.token(front.own.no, record.id))?.usesLeft).toBe(2)
  })

  test('takes Basic with public id and token', async () => {
    const basic = (id: string) => `Basic ${Buffer.from(`${id}:${client.text}`).toString('base64')}`
    expect((await post('introspect', 'token=junk', basic(client.id))).text).toBe('{"active":false}')
    expect((await post('introspect', 'token=junk', basic('somebody'))).status).toBe(401)
    expect(
      (await front.call(undefined, 'GET', '/v1/tokens', undefined, { headers: { authorization: basic(client.id) } })).status,
    ).toBe(401)
  })

  test('wants a form with one token', async () => {
    expect((await post('introspect', 'token=a&token=b')).body.code).toBe('body_invalid')
    expect((await post('introspect', '')).body.code).toBe('body_invalid')
    const json = await front.call(client.text, 'POST', '/oauth2/introspect', { token: 'a' })
    expect([200, 415]).toContain(json.status)
    expect((await front.call(client.text, 'GET', '/oauth2/introspect?token=a')).status).toBe(405)
  })
})

describe('revocation (RFC 7009)', () => {
  test('ends the token whose text is held, whatever the hint', async () => {
    const { text, id } = await front.token()
    const answer = await post('revoke', `token=${text}&token_type_hint=refresh_token`)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect((await front.records.read.token(front.own.no, id))?.ending).toBe('revoked')
    expect((await post('revoke', `token=${text}`)).status).toBe(200)
  })

  test('ends an action token without consuming it', async () => {
    const { record, token } = await front.issuer.issue({
      tenantNo: front.own.no,
      actor: { no: 0, kind: 'system' },
      input: { kind: 'action', owner: 'bot', action: 'pay', resource: 'i1' },
    })
    expect((await post('revoke', `token=${token}`)).status).toBe(200)
    expect((await front.records.read.token(front.own.no, record.id))?.ending).toBe('revoked')
  })

  test('says 200 and changes nothing for unknown, mistyped and foreign tokens', async () => {
    const stranger = await front.token({ tenant: front.other })
    const mine = await front.token()
    const mistyped = `${mine.text.slice(0, 30)}${mine.text[30] === 'A' ? 'B' : 'A'}${mine.text.slice(31)}`
    for (const token of ['junk', stranger.text, mistyped]) expect((await post('revoke', `token=${token}`)).status).toBe(200)
    expect((await front.records.read.token(front.other.no, stranger.id))?.ending).toBeNull()
    expect((await front.records.read.token(front.own.no, mine.id))?.ending).toBeNull()
  })

  test('needs a caller that may', async () => {
    const { text } = await front.token({ role: 'viewer' })
    expect((await post('revoke', 'token=junk', `Bearer ${text}`)).status).toBe(403)
  })
})
