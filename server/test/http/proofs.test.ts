import { eventId } from 'tokentrail'
import { readTrust, verifyEventProof } from 'tokentrail/verify'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LOG_CRYPTO } from '../../src/audit/crypto.ts'
import { openFront, type Front } from './support.ts'

let front: Front
let admin: { text: string; id: string }
let other: string

beforeAll(async () => {
  front = await openFront({ ship: true })
  admin = await front.token({ role: 'admin' })
  other = (await front.token({ role: 'admin', tenant: front.other })).text
})
afterAll(() => front.close())

const get = (path: string, token = admin.text) => front.call(token, 'GET', path)

async function trust() {
  const { body } = await get('/v1/audit')
  return readTrust(LOG_CRYPTO, body.vkey)
}

async function eventOf(type: string): Promise<string> {
  return vi.waitFor(async () => {
    const { body } = await get(`/v1/audit/entries?type=${type}`)
    expect(body.items[0].entry.event).toMatch(/^evt_/)
    return body.items[0].entry.event as string
  }, 10_000)
}

test('a critical event has a proof that stands alone, for its own tenant', async () => {
  const event = await eventOf('token.issued')
  const proof = await get(`/v1/events/${event}/proof?wait=proof`)
  expect(proof).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  expect((await verifyEventProof({ crypto: LOG_CRYPTO, trust: await trust(), text: proof.text })).isGood).toBe(true)
  expect((await get(`/v1/events/${event}/proof`, other)).body).toMatchObject({ status: 404, code: 'not_found' })
})

test('a validation has one through its batch', async () => {
  const { token: text } = (await front.call(admin.text, 'POST', '/v1/tokens', { owner: 'svc' })).body
  await front.call(admin.text, 'POST', '/v1/validate', { token: text })
  const row = (await front.rows()).findLast(({ type, tokenNo }) => type === 201 && tokenNo > 0)
  const event = eventId(row?.writer ?? 0, row?.seq ?? 0)
  const proof = await vi.waitFor(async () => {
    const answer = await get(`/v1/events/${event}/proof?wait=proof`)
    expect(answer.status).toBe(200)
    return answer
  }, 20_000)
  expect(proof.body).toMatchObject({ format: 'tokentrail/row-proof', event })
  expect((await verifyEventProof({ crypto: LOG_CRYPTO, trust: await trust(), text: proof.text })).isGood).toBe(true)
})

test('a critical action may wait for its leaf', async () => {
  const issued = await front.call(admin.text, 'POST', '/v1/tokens?wait=proof', { owner: 'svc' })
  expect(issued).toMatchObject({ status: 201, headers: { 'tokentrail-proof': 'covered' } })
  const event = await eventOf('token.issued')
  expect((await get(`/v1/events/${event}/proof`)).status).toBe(200)
})

test('a token is denied over HTTP, and records know of it', async () => {
  const { token: text, id } = (await front.call(admin.text, 'POST', '/v1/tokens', { owner: 'svc' })).body
  const validate = async () => (await front.call(admin.text, 'POST', '/v1/validate', { token: text })).body.reason
  expect(await validate()).toBe('valid')
  const denied = await front.call(admin.text, 'POST', `/v1/tokens/${id}/deny`, {})
  expect(denied).toMatchObject({ status: 202, body: { id, denied: true } })
  expect(await validate()).toBe('suspended')
  await vi.waitFor(async () => expect((await get(`/v1/tokens/${id}`)).body.state).toBe('suspended'))
})

test('what was recorded agrees with the log', async () => {
  const { body } = await front.call(admin.text, 'POST', '/v1/audit/reconcile', {})
  expect(body.checks.filter(({ state }: { state: string }) => state === 'fails')).toEqual([])
  const { nightly } = (await get('/v1/audit')).body
  expect(nightly).toMatchObject({ at: body.at, isGood: true })
  expect(nightly.checks).toContainEqual({ name: 'log', state: 'holds', says: expect.stringContaining('were hashed') })
})
