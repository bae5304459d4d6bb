import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront } from './support.ts'

const LIMITS = { requestsPerPrincipal: 5, requestsPerTenant: 12, burstPerPrincipal: 0, streamsPerPrincipal: 1 }
let front: Front
beforeAll(async () => {
  front = await openFront({ access: { limits: LIMITS } })
})
afterAll(() => front.close())

describe('reading', () => {
  test('beyond the budget of a principal is refused with the time to wait, and noted', async () => {
    const { text, id } = await front.token({ role: 'analyst', owner: 'keen' })
    const answers = []
    for (let i = 0; i < 7; i++) answers.push(await front.call(text, 'GET', '/v1/tokens'))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429])
    expect(answers[0]?.headers).toMatchObject({ 'ratelimit-policy': '"requests";q=5;w=60', ratelimit: '"requests";r=4;t=60' })
    const refused = answers[5]
    expect(refused?.body).toMatchObject({ code: 'rate_limited', status: 429 })
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(50)
    expect(refused?.headers['ratelimit']).toMatch(/^"requests";r=0;t=\d+$/)
    const record = await front.records.read.token(front.own.no, id)
    const noted = (await front.rows()).filter(({ type, ownerNo }) => type === 402 && ownerNo === record?.ownerNo)
    expect(noted.map(({ reason, count }) => [reason, count])).toEqual([[151, 1]])
  })

  test('is counted for all tokens of an owner together, and apart from others', async () => {
    const [first, second] = [
      await front.token({ role: 'analyst', owner: 'twice' }),
      await front.token({ role: 'auditor', owner: 'twice' }),
    ]
    for (let i = 0; i < 5; i++) expect((await front.call(i % 2 ? first.text : second.text, 'GET', '/v1/tokens')).status).toBe(200)
    expect((await front.call(first.text, 'GET', '/v1/tokens')).status).toBe(429)
    const stranger = await front.token({ role: 'admin', tenant: front.other, owner: 'twice' })
    expect((await front.call(stranger.text, 'GET', '/v1/tokens')).status).toBe(200)
  })

  test('is bounded for the tenant as a whole, and validation is not reading', async () => {
    const admin = await front.token({ role: 'admin', owner: 'late' })
    const statuses = []
    for (let i = 0; i < 4; i++) statuses.push((await front.call(admin.text, 'GET', '/v1/tokens')).status)
    expect(statuses).toEqual([200, 200, 429, 429])
    for (let i = 0; i < 20; i++) expect((await front.call(admin.text, 'POST', '/v1/validate', { token: 'x' })).status).toBe(200)
  })
})
