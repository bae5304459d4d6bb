import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QUESTION_ROUTES } from '../../src/http/questions.ts'
import { type Front, openFront } from './support.ts'

let front: Front
let admin: string
let bot: { text: string; id: string }
const NO_LIMITS = { requestsPerPrincipal: 1e9, requestsPerTenant: 1e9, costPerPrincipal: 1e9, costPerTenant: 1e9 }

beforeAll(async () => {
  front = await openFront({ ship: true, access: { limits: NO_LIMITS } })
  admin = (await front.token({ role: 'admin', owner: 'root' })).text
  bot = await front.token({ owner: 'bot', scopes: ['a'] })
  const items = [
    ...Array.from({ length: 20 }, () => ({ token: bot.text, service: 'shop', ip: '192.0.2.1' })),
    { token: bot.text, scopes: ['b'], service: 'shop' },
    { token: 'junk', service: 'shop' },
  ]
  await front.call(admin, 'POST', '/v1/validate', { items })
  await front.rows()
  await front.journal.shipped(20_000)
  front.clock.move(60_000)
})
afterAll(() => front.close())

const get = (url: string, as = admin) => front.call(as, 'GET', url)

describe('questions over HTTP', () => {
  test('totals of the last day count what was validated', async () => {
    const answer = await get('/v1/questions/totals')
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ question: 'totals', rows: [{ invalid: 1, forbidden: 1, unattributed: 1 }] })
    expect(answer.body.rows[0].accepted).toBeGreaterThanOrEqual(20)
    expect(answer.body.window.to - answer.body.window.from).toBe(86_400_000)
  })

  test('every question answers with rows, cost and completeness', async () => {
    const fixed: Record<string, string> = { step: 'hour', tokens: `${bot.id},${bot.id}`, token: bot.id, kind: 'action' }
    for (const [name, { query }] of Object.entries(QUESTION_ROUTES)) {
      const needed = Object.entries(query)
        .filter(([, schema]) => !('~optional' in schema))
        .map(([field]) => `${field}=${fixed[field]}`)
      const answer = await get(`/v1/questions/${name}?${needed.join('&')}`)
      expect([name, answer.status, answer.body.question]).toEqual([name, 200, name])
      expect(answer.body).toMatchObject({
        rows: expect.any(Array),
        cost: { rowsRead: expect.any(Number) },
        watermark: expect.any(Number),
        method: expect.any(String),
      })
    }
  })

  test('events page by cursor, without gap or repeat', async () => {
    const ids: string[] = []
    let next: string | undefined
    do {
      const page = (await get(`/v1/events?service=shop&limit=7${next ? `&cursor=${encodeURIComponent(next)}` : ''}`)).body
      ids.push(...page.rows.map(({ id }: { id: string }) => id))
      next = page.next
    } while (next !== undefined)
    expect([ids.length, new Set(ids).size]).toEqual([22, 22])
  })

  test('a viewer gets figures and no rows, also not by naming a token', async () => {
    const viewer = (await front.token({ role: 'viewer' })).text
    expect((await get('/v1/questions/totals', viewer)).status).toBe(200)
    expect((await get(`/v1/questions/totals?token=${bot.id}`, viewer)).body.code).toBe('not_permitted')
    expect((await get('/v1/events', viewer)).body.code).toBe('not_permitted')
    expect((await get('/v1/metrics/tokens', viewer)).status).toBe(200)
  })

  test('another tenant sees none of it', async () => {
    const stranger = (await front.token({ role: 'admin', tenant: front.other })).text
    expect((await get('/v1/questions/totals', stranger)).body.rows[0]).toMatchObject({ accepted: 0, invalid: 0, forbidden: 0 })
    expect((await get('/v1/events?service=shop', stranger)).body.rows).toEqual([])
  })
})

describe('metrics over HTTP', () => {
  test('all of them as one object', async () => {
    const { body } = await get('/v1/metrics/tokens')
    expect(body).toMatchObject({
      validationAttempts: { failed: 2, throttled: 0, unavailable: 0 },
      securityEvents: { rateLimit: 0 },
    })
    expect(body.totalTokensGenerated).toBeGreaterThanOrEqual(2)
  })

  test('one of them over time, and one token alone', async () => {
    const series = await get('/v1/metrics/series?metric=failed&step=hour&by=service')
    expect(series.body.points.filter(({ key }: { key: string }) => key === 'shop')).toMatchObject([{ value: 2 }])
    const timeline = await get(`/v1/tokens/${bot.id}/timeline`)
    expect(timeline.body).toMatchObject({ token: { id: bot.id, owner: 'bot' } })
    expect(timeline.body.events.map(({ type }: { type: string }) => type)).toContain('token.issued')
  })
})

describe('for operators', () => {
  test('health, readiness and status', async () => {
    expect((await front.call(undefined, 'GET', '/healthz')).body).toEqual({ status: 'alive' })
    expect((await front.call(undefined, 'GET', '/readyz')).body).toEqual({
      audit: true,
      status: 'ready',
      records: true,
      journal: true,
      store: true,
    })
    const status = (await get('/v1/status')).body
    expect(status).toMatchObject({
      version: '0.0.0-test',
      records: { form: 'sqlite', feedIsFresh: true },
      store: { state: 'ready' },
    })
    const { received, stored, journalled, inFlight, coalesced, dropped } = status.conservation
    const lost = Object.values(dropped as Record<string, number>).reduce((sum, count) => sum + count, 0)
    expect(stored + journalled + inFlight + coalesced + lost).toBe(received)
    expect(status.store.pid).toBeUndefined()
  })

  test('Prometheus text with bounded labels', async () => {
    const { text, headers } = await get('/metrics')
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    const samples = text
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('#'))
    expect(samples.every((line) => /^[a-z_]+(\{(reason|state)="[a-z_]+"\})? [\d.e+-]+$/.test(line))).toBe(true)
    expect(text).toMatch(/^tokentrail_events_received_total \d+$/m)
    expect(text).toContain('tokentrail_store_state{state="ready"} 1')
  })
})
