import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, NOON, openFront, SYSTEM } from './support.ts'

const DAY_MS = 86_400_000
let front: Front
let admin: string
beforeAll(async () => {
  front = await openFront()
  admin = (await front.token({ role: 'admin' })).text
})
afterAll(() => front.close())

const ends = new Date(NOON + 90 * DAY_MS).toISOString()

describe('retention', () => {
  test('is shown, made longer, and made shorter with what was agreed recorded', async () => {
    const before = await front.call(admin, 'GET', '/v1/retention')
    expect(before.body).toMatchObject({ sealedValues: 400, tombstones: 400 })
    const longer = await front.call(admin, 'PUT', '/v1/retention', { events: 400 })
    expect([longer.status, longer.body.events]).toEqual([200, 400])
    const shorter = await front.call(admin, 'PUT', '/v1/retention', { events: 90, ground: 'less is enough' })
    expect([shorter.status, shorter.body.events]).toEqual([200, 90])
    const types = (await front.rows()).map(({ type }) => type)
    expect(types.filter((type) => type === 715 || type === 716)).toEqual([715, 716])
    const odd = await front.call(admin, 'PUT', '/v1/retention', { events: 31 })
    expect([odd.status, odd.body.code]).toEqual([400, 'parameter_invalid'])
  })

  test('says what would go, takes it, and certifies it', async () => {
    expect((await front.call(admin, 'GET', '/v1/retention/due')).body.items).toEqual([])
    expect((await front.call(admin, 'POST', '/v1/retention/run', {})).body).toEqual({ items: [] })
    const { body } = await front.call(admin, 'GET', '/v1/retention/certificate')
    expect(body).toMatchObject({ tenant: 'default', rules: { events: 90 }, runs: [], cutOff: false })
  })
})

describe('a hold', () => {
  test('keeps an owner from being erased, is listed, and lets go when it is released', async () => {
    await front.token({ owner: 'mallory' })
    const set = await front.call(admin, 'POST', '/v1/holds', { owner: 'mallory', endsAt: ends, ground: 'case 7' })
    expect([set.status, set.body.owner, set.body.state]).toEqual([200, 'mallory', 'active'])
    const refused = await front.call(admin, 'POST', '/v1/subjects/mallory/erase', { endTokens: true, ground: 'asked' })
    expect([refused.status, refused.body.code]).toEqual([409, 'subject_held'])
    const released = await front.call(admin, 'POST', `/v1/holds/${set.body.id}/release`, { ground: 'closed' })
    expect([released.status, released.body.state]).toEqual([200, 'released'])
    const { body } = await front.call(admin, 'GET', '/v1/holds')
    expect(body.items).toMatchObject([{ id: set.body.id, state: 'released', releaseGround: 'closed' }])
    const types = (await front.rows()).map(({ type }) => type)
    expect([types.includes(712), types.includes(713)]).toEqual([true, true])
  })

  test('is about something here, and has an end that comes', async () => {
    const cases = [
      [{ owner: 'nobody', endsAt: ends, ground: 'x' }, 404],
      [{ owner: 'mallory', token: 'abc', endsAt: ends, ground: 'x' }, 400],
      [{ endsAt: new Date(NOON - 1).toISOString(), ground: 'x' }, 400],
      [{ endsAt: ends, from: ends, to: ends, ground: 'x' }, 400],
      [{ endsAt: ends }, 400],
    ] as const
    for (const [body, status] of cases)
      expect([body, (await front.call(admin, 'POST', '/v1/holds', body)).status]).toEqual([body, status])
    const stranger = await front.token({ role: 'admin', tenant: front.other })
    const set = await front.call(admin, 'POST', '/v1/holds', { endsAt: ends, ground: 'case 8' })
    expect((await front.call(stranger.text, 'POST', `/v1/holds/${set.body.id}/release`, { ground: 'x' })).status).toBe(404)
  })

  test('takes a second factor from its first person too, once separation is enforced', async () => {
    const officer = await front.token({ role: 'privacy_officer', owner: 'pia' })
    const separate = (enforced: boolean) =>
      front.records.act('setSeparation', { tenantNo: front.own.no, enforced, ground: 'test', at: NOON, actor: SYSTEM })
    await separate(true)
    try {
      const asked = await front.call(officer.text, 'POST', '/v1/holds', { endsAt: ends, ground: 'case 9' })
      expect([asked.status, asked.body.code]).toEqual([403, 'factor_missing'])
    } finally {
      await separate(false)
    }
  })
})
