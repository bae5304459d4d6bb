import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront, SYSTEM } from './support.ts'

let front: Front
let admin: string
let foreign: { text: string; id: string }
const UNKNOWN = '0000000000000000'

beforeAll(async () => {
  front = await openFront()
  admin = (await front.token({ role: 'admin' })).text
  foreign = await front.token({ tenant: front.other, owner: 'stranger', role: 'admin' })
})
afterAll(() => front.close())

/** An answer without what differs from call to call, and with the id that was asked for struck out. */
async function answerTo(method: 'GET' | 'POST' | 'PATCH', url: string, body: unknown, id: string) {
  const { status, text } = await front.call(admin, method, url.replace('{id}', id), body)
  return { status, text: text.replaceAll(/"requestId":"[^"]+"/g, '').replaceAll(id, '{id}') }
}

describe("another tenant's token", () => {
  test.each([
    ['GET', '/v1/tokens/{id}', undefined],
    ['PATCH', '/v1/tokens/{id}', { name: 'mine now' }],
    ['POST', '/v1/tokens/{id}/rotate', {}],
    ['POST', '/v1/tokens/{id}/revoke', { reason: 'leaked' }],
    ['POST', '/v1/tokens/{id}/suspend', {}],
    ['POST', '/v1/tokens/{id}/resume', {}],
    ['POST', '/v1/tokens/{id}/sent', {}],
    ['GET', '/v1/tokens/{id}/timeline', undefined],
    ['GET', '/v1/questions/token-life-line?token={id}', undefined],
    ['GET', '/v1/questions/places-of-token?token={id}', undefined],
    ['GET', '/v1/questions/totals?token={id}', undefined],
    ['POST', '/v1/sign-in-links', { token: '{id}' }],
  ] as const)('%s %s answers as for one that does not exist', async (method, url, body) => {
    const fill = (id: string): unknown => (body && 'token' in body ? { token: id } : body)
    const [other, none] = [
      await answerTo(method, url, fill(foreign.id), foreign.id),
      await answerTo(method, url, fill(UNKNOWN), UNKNOWN),
    ]
    expect(other).toEqual(none)
    expect(other.status).toBe(404)
  })

  test('was changed by none of that', async () => {
    const record = await front.records.read.token(front.other.no, foreign.id)
    expect(record).toMatchObject({ name: null, endedAt: null, suspendedAt: null, successorNo: null })
  })

  test('validates as invalid, byte for byte as junk does', async () => {
    const answers = await Promise.all([foreign.text, 'junk'].map((token) => front.call(admin, 'POST', '/v1/validate', { token })))
    const service = await front.token({ role: 'validate' })
    const coarse = await Promise.all(
      [foreign.text, 'junk'].map((token) => front.call(service.text, 'POST', '/v1/validate', { token })),
    )
    expect(coarse[0]?.text).toBe(coarse[1]?.text)
    expect(coarse[0]?.body).toMatchObject({ verdict: 'rejected', answer: 'invalid', reason: 'invalid' })
    expect(answers[0]?.body.token).toBeUndefined()
  })

  test('appears in no list, cursor or import', async () => {
    const list = await front.call(admin, 'GET', '/v1/tokens?limit=500')
    expect(list.text).not.toContain(foreign.id)
    expect((await front.call(admin, 'GET', `/v1/tokens?cursor=${foreign.id}`)).body.code).toBe('cursor_invalid')
    await front.call(foreign.text, 'PUT', '/v1/imports/cloudtrail:1', { file: 'theirs', recordsDone: 1, recordsTotal: 2 })
    expect((await front.call(admin, 'GET', '/v1/imports/cloudtrail:1')).status).toBe(404)
    expect((await front.call(admin, 'GET', '/v1/imports')).body.items).toEqual([])
  })

  test('signs in to its own tenant only', async () => {
    const { record } = await front.issuer.issue({
      tenantNo: front.other.no,
      actor: SYSTEM,
      input: { kind: 'access', owner: 'theirs' },
    })
    const list = await front.call(foreign.text, 'GET', '/v1/tokens')
    expect(list.body.items.map(({ id }: { id: string }) => id).sort()).toEqual([foreign.id, record.id].sort())
  })

  test('no body, parameter or header names a tenant', async () => {
    for (const name of ['tenant', 'tenantNo', 'tenantId']) {
      expect((await front.call(admin, 'POST', '/v1/tokens', { owner: 'a', [name]: front.other.no })).body.code).toBe(
        'field_unknown',
      )
      expect((await front.call(admin, 'POST', '/v1/validate', { token: 'a', [name]: front.other.no })).status).toBe(400)
      expect((await front.call(admin, 'GET', `/v1/tokens?${name}=${front.other.no}`)).body.code).toBe('parameter_invalid')
    }
  })
})
