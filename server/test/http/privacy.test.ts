import { unzipSync } from 'fflate'
import { eventId } from 'tokentrail'
import { commitmentOf } from 'tokentrail/log'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LOG_CRYPTO } from '../../src/audit/crypto.ts'
import { NOON, openFront, SYSTEM, type Front } from './support.ts'

let front: Front
let admin: string
const ERIN = 'erin@example.org'

beforeAll(async () => {
  front = await openFront({ ship: true })
  admin = (await front.token({ role: 'admin', owner: 'root' })).text
})
afterAll(() => front.close())

const post = (path: string, body: unknown) => front.call(admin, 'POST', path, body)
const path = (owner: string) => `/v1/subjects/${encodeURIComponent(owner)}`

function enforce(separation: 'enforced' | 'waived') {
  return front.records.act('putSetting', {
    tenantNo: front.own.no,
    name: 'separation',
    value: separation,
    at: NOON,
    actor: SYSTEM,
  })
}

describe('an access request', () => {
  test('gives a page for people and lines for machines, and is recorded first', async () => {
    const { text, id } = await front.token({ owner: 'ada@example.org' })
    await post('/v1/validate', { token: text, ip: '192.0.2.7', service: 'orders' })
    await front.journal.shipped(20_000)
    const answer = await front.app.inject({
      method: 'GET',
      url: `${path('ada@example.org')}/export`,
      headers: { authorization: `Bearer ${admin}` },
    })
    expect(answer.headers['content-type']).toBe('application/zip')
    const files = unzipSync(new Uint8Array(answer.rawPayload))
    const lines = new TextDecoder()
      .decode(files['data.ndjson'])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({ section: 'owner', data: { id: 'ada@example.org' } })
    expect(lines.filter(({ section }) => section === 'tokens')).toMatchObject([{ data: { id } }])
    expect(lines.some(({ section, data }) => section === 'events' && data.service === 'orders')).toBe(true)
    expect(lines.filter(({ section }) => section === 'values').map(({ data }) => data.value)).toContain('ada@example.org')
    const page = new TextDecoder().decode(files['readable.html'])
    expect(page).toContain('What is held about ada@example.org')
    expect(page).not.toMatch(/<script|src=|href=/i)
    const accessed = await vi.waitFor(async () => {
      const [row] = (await front.rows()).filter(({ type }) => type === 718)
      expect(row).toBeDefined()
      return row!
    })
    expect(JSON.parse(accessed.detail).rows).toBe(lines.length)
  })

  test('about somebody who is not here is answered as that, for every role without the right too', async () => {
    expect((await front.call(admin, 'GET', `${path('nobody')}/export`)).status).toBe(404)
    const analyst = (await front.token({ role: 'analyst' })).text
    for (const [method, url] of [
      ['GET', `${path(ERIN)}/export`],
      ['POST', `${path(ERIN)}/erase`],
      ['POST', `${path(ERIN)}/restrict`],
      ['POST', '/v1/privacy/pseudonym'],
      ['POST', '/v1/privacy/reveal'],
      ['POST', '/v1/keys/rotate-kek'],
    ] as const)
      expect({ url, status: (await front.call(analyst, method, url, method === 'POST' ? {} : undefined)).status }).toEqual({
        url,
        status: 403,
      })
  })
})

describe('a reveal', () => {
  test('opens the commitment of the entry, for anybody to check', async () => {
    const { id } = await front.token({ owner: 'grace@example.org' })
    const entry = await vi.waitFor(async () => {
      const entries = await front.records.read.sealedValues(front.own.no, { limit: 1_000 })
      const events = await Promise.all(entries.filter(({ field }) => field === 'token').map(async (row) => row))
      for (const { event } of events) {
        const reply = await post('/v1/privacy/reveal', { event, field: 'token', ground: 'test' })
        if (reply.body.value === id) return { event, reply: reply.body }
      }
      throw new Error('not sealed yet')
    }, 20_000)
    const { salt, value, event, field } = entry.reply
    const opened = commitmentOf(LOG_CRYPTO.sha256, { event, field, value, salt: new Uint8Array(Buffer.from(salt, 'base64url')) })
    const stored = (await front.call(admin, 'GET', '/v1/audit/entries?limit=200')).text
    expect(stored).toContain(Buffer.from(opened).toString('base64url'))
    const revealed = (await front.rows()).filter(({ type }) => type === 408)
    expect(revealed.length).toBeGreaterThan(0)
    expect((await post('/v1/privacy/reveal', { event, field: 'no-such-field', ground: 'x' })).status).toBe(404)
  })

  test('of a known address gives the numbers under which it stands, twenty a day, then with a second person', async () => {
    const { text } = await front.token({ owner: 'lin@example.org' })
    await post('/v1/validate', { token: text, ip: '198.51.100.4' })
    await front.journal.shipped(20_000)
    const { body } = await post('/v1/privacy/pseudonym', { address: '198.51.100.4', ground: 'incident' })
    const row = (await front.rows()).findLast(({ ownerNo, type }) => type === 201 && ownerNo !== 0)!
    expect(body.pseudonyms.map(({ value }: { value: string }) => value)).toContain(String(row.addressDay))
    expect((await post('/v1/privacy/pseudonym', { ground: 'x' })).body.code).toBe('body_invalid')
    await enforce('enforced')
    const officer = (await front.token({ role: 'privacy_officer', owner: 'officer' })).text
    const look = (more: object = {}) =>
      front.call(officer, 'POST', '/v1/privacy/pseudonym', { address: '198.51.100.4', ground: 'g', ...more })
    for (let i = 0; i < 20; i++) expect((await look()).status).toBe(200)
    const asked = await look()
    expect(asked.status).toBe(202)
    const { id } = asked.body.approval
    await front.records.act('decideApproval', {
      tenantNo: front.own.no,
      id,
      given: true,
      at: NOON,
      actor: { no: 4711, kind: 'person' },
    })
    expect((await look({ approval: id })).status).toBe(200)
    expect((await look({ approval: id })).body.code).toBe('approval_missing')
    await enforce('waived')
  })
})

test('while duties are kept apart, one person cannot erase, and an approval is for exactly one thing', async () => {
  await front.token({ owner: ERIN })
  await front.token({ owner: 'other@example.org' })
  await enforce('enforced')
  const officer = (await front.token({ role: 'privacy_officer', owner: 'officer' })).text
  const erase = (owner: string, more: object = {}) =>
    front.call(officer, 'POST', `${path(owner)}/erase`, { ground: 'they asked', endTokens: true, ...more })
  const asked = await erase(ERIN)
  expect(asked.status).toBe(202)
  expect(JSON.stringify(asked.body)).not.toContain(ERIN)
  const { id } = asked.body.approval
  expect((await erase(ERIN, { approval: id })).body.code).toBe('approval_missing')
  await front.records.act('decideApproval', {
    tenantNo: front.own.no,
    id,
    given: true,
    at: NOON,
    actor: { no: 4711, kind: 'person' },
  })
  expect((await erase('other@example.org', { approval: id })).body.code).toBe('approval_differs')
  expect((await erase(ERIN, { approval: id, endTokens: false })).body.code).toBe('approval_differs')
  expect((await erase(ERIN, { approval: id })).status).toBe(200)
  expect(await front.records.read.owner(front.own.no, ERIN)).toBeNull()
  expect(await front.records.read.owner(front.own.no, 'other@example.org')).not.toBeNull()
  await enforce('waived')
})

test('a hold keeps a person from being erased, and the refusal is recorded', async () => {
  const { id } = await front.token({ owner: 'held@example.org' })
  const owner = await front.records.read.owner(front.own.no, 'held@example.org')
  await front.records.act('setHold', {
    tenantNo: front.own.no,
    ground: 'lawsuit',
    approval: null,
    params: '{}',
    at: NOON,
    actor: SYSTEM,
    scope: { ownerNo: owner!.no, tokenNo: null, from: null, to: null },
    endsAt: NOON + 86_400_000,
  })
  const refused = await post(`${path('held@example.org')}/erase`, { ground: 'they asked', endTokens: true })
  expect(refused.body).toMatchObject({ status: 409, code: 'subject_held' })
  expect((await front.records.read.token(front.own.no, id))?.endedAt).toBeNull()
  await vi.waitFor(async () =>
    expect((await front.rows()).some(({ type, detail }) => type === 717 && detail.includes('hold'))).toBe(true),
  )
})

test('a restricted person occurs in no answer but those of who may see them', async () => {
  const { id } = await front.token({ owner: 'quiet@example.org' })
  await front.token({ owner: 'loud@example.org' })
  expect((await post(`${path('quiet@example.org')}/restrict`, { restricted: true, ground: 'disputed' })).body).toEqual({
    restricted: true,
  })
  const auditor = (await front.token({ role: 'auditor' })).text
  const list = await front.call(auditor, 'GET', '/v1/tokens?limit=100')
  expect(list.status).toBe(200)
  expect(list.text).not.toContain(id)
  expect(list.body.items.length).toBeGreaterThan(0)
  expect((await front.call(auditor, 'GET', `/v1/tokens/${id}`)).status).toBe(404)
  expect((await front.call(admin, 'GET', `/v1/tokens/${id}`)).status).toBe(200)
  await post(`${path('quiet@example.org')}/restrict`, { restricted: false, ground: 'settled' })
  expect((await front.call(auditor, 'GET', `/v1/tokens/${id}`)).status).toBe(200)
})

test('an import that is repeated makes nobody known who was erased meanwhile', async () => {
  const line = {
    id: 'line-1',
    at: NOON,
    token: 'foreign-9',
    owner: 'gone@example.org',
    actor: 'deputy@example.org',
    outcome: 'accepted',
  }
  const send = () => front.call(admin, 'POST', '/v1/events', [line])
  expect((await send()).body.results).toMatchObject([{ result: 'stored' }])
  for (const owner of ['gone@example.org', 'deputy@example.org'])
    expect((await post(`${path(owner)}/erase`, { ground: 'they asked', endTokens: true })).status).toBe(200)
  expect((await send()).body.results).toMatchObject([{ result: 'repeated' }])
  for (const owner of ['gone@example.org', 'deputy@example.org'])
    expect(await front.records.read.owner(front.own.no, owner)).toBeNull()
})

test('what is no field of an event is dropped at the edge and told, and a secret becomes a fingerprint', async () => {
  const secret = 'hunter2-and-more'
  const { body } = await front.call(admin, 'POST', '/v1/events', [
    {
      at: NOON,
      token: 'foreign-1',
      outcome: 'accepted',
      password: secret,
      detail: { url: `https://x.example/?access_token=${secret}&b=1`, api_key: secret, header: 'secret-token:abc%2Fdef' },
    },
  ])
  expect(body.results).toMatchObject([{ result: 'stored', dropped: ['password'] }])
  const row = (await front.rows()).findLast(({ detail }) => detail.includes('x.example'))
  expect(row?.detail).toMatch(/access_token=\[secret [0-9a-f]{32}\]&b=1/)
  expect(row?.detail).not.toContain(secret)
  expect(row?.detail).not.toContain('abc%2Fdef')
})

test('addresses are kept encrypted only where a tenant asks, for so many days, and their keys go on their date', async () => {
  const { text } = await front.token({ owner: 'max@example.org' })
  const sealedOf = async () => {
    await post('/v1/validate', { token: text, ip: '203.0.113.9' })
    await front.journal.flush()
    return (await front.rows()).findLast(({ type, ownerNo }) => type === 201 && ownerNo !== 0)!
  }
  expect((await sealedOf()).addressSealed).toBe('')
  expect((await front.call(admin, 'PUT', '/v1/privacy/sealed-addresses', { days: 31 })).status).toBe(400)
  expect((await front.call(admin, 'PUT', '/v1/privacy/sealed-addresses', { days: 7 })).body).toEqual({ days: 7 })
  const row = await sealedOf()
  expect(row.addressSealed).not.toBe('')
  await front.journal.shipped(20_000)
  const event = eventId(row.writer, row.seq)
  const opened = await post('/v1/privacy/reveal', { event, field: 'address_sealed', ground: 'incident' })
  expect(opened.body.value).toBe('203.0.113.9')
  expect((await front.call(admin, 'PUT', '/v1/privacy/sealed-addresses', { days: 0 })).body).toEqual({ days: 0 })
  expect((await post('/v1/privacy/reveal', { event, field: 'address_sealed', ground: 'incident' })).status).toBe(404)
  expect((await sealedOf()).addressSealed).toBe('')
})

test('the days after which the key-encryption key changes by itself are set by who may', async () => {
  expect((await front.call(admin, 'PUT', '/v1/keys/rotation', { days: 14 })).body).toEqual({ days: 14 })
  expect(await front.records.read.setting(front.own.no, 'privacy.kek_days')).toBe('14')
  expect((await front.call(admin, 'PUT', '/v1/keys/rotation', { days: -1 })).status).toBe(400)
  expect((await front.call(admin, 'GET', '/metrics')).text).toContain('tokentrail_event_fields_dropped_total{field="password"} 1')
})

test('the key-encryption key changes, everything still opens, and both halves are recorded', async () => {
  const before = await front.records.read.keys()
  const { body } = await post('/v1/keys/rotate-kek', {})
  expect(body.rewrapped).toBeGreaterThanOrEqual(before.length)
  const after = await front.records.read.keys()
  expect(after.map(({ wrapped }) => Buffer.from(wrapped).toString('hex'))).not.toEqual(
    before.map(({ wrapped }) => Buffer.from(wrapped).toString('hex')),
  )
  const { text } = await front.token({ owner: 'zoe@example.org' })
  await post('/v1/validate', { token: text, ip: '203.0.113.9' })
  await vi.waitFor(async () => {
    const types = (await front.rows()).map(({ type }) => type)
    expect(types).toContain(603)
    expect(types).toContain(606)
  })
})
