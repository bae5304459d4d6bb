import { createSign, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { formatToken, newTokenId, newTokenSecret } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSignedByPartner, readKey } from '../../../src/detect/leaks/github.ts'
import { type Front, openFront } from '../../http/support.ts'

const VECTOR = JSON.parse(
  readFileSync(new URL('../../../../../shared/vectors/github-secret-scanning-signature.json', import.meta.url), 'utf8'),
) as { key_id: string; public_key_spki_b64: string; payload: string; signature_b64: string }
const URL_PATH = '/v1/partners/github/secret-scanning'

let front: Front
const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const key = String(pair.publicKey.export({ type: 'spki', format: 'pem' }))
beforeAll(async () => {
  front = await openFront()
  const admin = (await front.token({ role: 'admin' })).text
  const keys = [
    { keyId: VECTOR.key_id, key: VECTOR.public_key_spki_b64 },
    { keyId: 'own', key },
  ]
  await front.call(admin, 'PUT', '/v1/partners/github/keys', { keys })
})
afterAll(() => front.close())

const signed = (body: string) => createSign('sha256').update(body).sign(pair.privateKey, 'base64')
const post = (body: string, keyId: string, signature: string) =>
  front.call(undefined, 'POST', URL_PATH, body, {
    headers: {
      'content-type': 'application/json',
      'github-public-key-identifier': keyId,
      'github-public-key-signature': signature,
    },
  })

describe('the signature of a partner', () => {
  const keys = [{ keyId: VECTOR.key_id, key: VECTOR.public_key_spki_b64 }]
  const verify = (body: string, keyId = VECTOR.key_id, signature = VECTOR.signature_b64) =>
    isSignedByPartner(keys, keyId, signature, Buffer.from(body))

  test('is that of the published example', () => expect(verify(VECTOR.payload)).toBe(true))
  test('holds for these very bytes only', () => {
    expect(verify(`${VECTOR.payload} `)).toBe(false)
    expect(verify(JSON.stringify(JSON.parse(VECTOR.payload), null, 1))).toBe(false)
  })
  test('by an unknown key, an empty or a broken signature is none', () => {
    expect([
      verify(VECTOR.payload, 'other'),
      verify(VECTOR.payload, VECTOR.key_id, ''),
      verify(VECTOR.payload, VECTOR.key_id, '!!'),
    ]).toEqual([false, false, false])
  })
  test('only P-256 keys are believed', () => {
    const other = String(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey.export({ type: 'spki', format: 'pem' }))
    expect(readKey({ keyId: 'a', key: other })).toBeUndefined()
    expect(readKey({ keyId: 'a', key: 'nonsense' })).toBeUndefined()
  })
})

describe('a report of a partner', () => {
  test('of the published example is taken, and is a false positive', async () => {
    const { status, body } = await post(VECTOR.payload, VECTOR.key_id, VECTOR.signature_b64)
    expect(status).toBe(200)
    expect(body).toEqual([{ token_raw: 'some_token', token_type: 'some_type', label: 'false_positive' }])
  })

  test('finds the token of any tenant by its text, and says so', async () => {
    const [own, other] = [await front.token(), await front.token({ tenant: front.other })]
    const unknown = formatToken('ttk', newTokenId(), newTokenSecret())
    const body = JSON.stringify(
      [own.text, other.text, unknown].map((token) => ({
        token,
        type: 'tokentrail',
        url: 'https://github.com/a/b',
        source: 'content',
      })),
    )
    const answer = await post(body, 'own', signed(body))
    expect(answer.body.map(({ label }: { label: string }) => label)).toEqual(['true_positive', 'true_positive', 'false_positive'])
    const [leak] = await front.records.read.leaks({ tenantNo: front.other.no }, { limit: 5 })
    expect(leak).toMatchObject({
      state: 'confirmed',
      proven: true,
      reporter: 'partner',
      partner: 'github',
      url: 'https://github.com/a/b',
    })
    await post(body, 'own', signed(body))
    const again = await front.records.read.leaks({ tenantNo: front.other.no }, { limit: 5 })
    expect(again).toMatchObject([{ id: leak?.id, reports: 2 }])
  })

  test('that is not signed, or of another shape, is refused', async () => {
    const body = '[]'
    expect((await post(body, 'own', signed('[ ]'))).status).toBe(401)
    expect(
      (await front.call(undefined, 'POST', URL_PATH, body, { headers: { 'content-type': 'application/json' } })).status,
    ).toBe(401)
    for (const wrong of [
      '{}',
      '[1]',
      '[{"token":1,"type":"a"}]',
      '[{"token":"a"}]',
      'nonsense',
      JSON.stringify(Array.from({ length: 101 }, () => ({ token: 'a', type: 'b' }))),
    ])
      expect((await post(wrong, 'own', signed(wrong))).status).toBe(400)
  })

  test('comes in a flood and is slowed before any signature is looked at', async () => {
    const statuses: number[] = []
    for (let i = 0; i < 70; i += 1) statuses.push((await post('[]', 'own', 'AAAA')).status)
    expect(statuses.at(-1)).toBe(429)
  })
})

describe('the keys of a partner', () => {
  test('are set by admins of the installation, and checked', async () => {
    const admin = (await front.token({ role: 'admin' })).text
    const stranger = (await front.token({ role: 'admin', tenant: front.other })).text
    expect((await front.call(stranger, 'PUT', '/v1/partners/github/keys', { keys: [] })).status).toBe(403)
    const wrong = await front.call(admin, 'PUT', '/v1/partners/github/keys', { keys: [{ keyId: 'a', key: 'b' }] })
    expect([wrong.status, wrong.body.input]).toEqual([400, '/keys/0/key'])
  })
})
