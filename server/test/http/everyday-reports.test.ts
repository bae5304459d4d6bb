import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront } from './support.ts'

let front: Front
let analyst: string
let bot: { text: string; id: string }

beforeAll(async () => {
  front = await openFront({ ship: true })
  analyst = (await front.token({ role: 'analyst', owner: 'ann' })).text
  bot = await front.token({ owner: 'bot', scopes: ['a'] })
  const door = (await front.token({ role: 'validate', owner: 'door' })).text
  const items = [
    ...Array.from({ length: 20 }, () => ({ token: bot.text, service: '=cmd()', ip: '192.0.2.1' })),
    { token: bot.text, scopes: ['b'], service: 'shop' },
    { token: 'junk', service: 'shop' },
  ]
  await front.call(door, 'POST', '/v1/validate', { items })
  await front.rows()
  await front.journal.shipped(30_000)
  front.clock.move(60_000)
}, 60_000)
afterAll(() => front.close())

const make = (name: string, body: object, as = analyst) => front.call(as, 'POST', `/v1/reports/${name}`, body)

describe('an everyday report', () => {
  test('in JSON says what it is and holds the rows of every section', async () => {
    const { status, body } = await make('integration-health', {})
    expect(status).toBe(200)
    expect(body.meta).toMatchObject({ report: 'integration-health', zone: 'UTC', tenant: 'default', completeness: { value: 1 } })
    const totals = body.sections.find(({ name }: { name: string }) => name === 'totals')
    expect(totals.rows).toContainEqual(expect.objectContaining({ figure: 'Rejected: the request is not allowed', value: 1 }))
  })

  test.each(['html', 'csv', 'json', 'ndjson'])('in %s is the same bytes for the same question and watermark', async (format) => {
    const [one, two] = [await make('integration-health', { format }), await make('integration-health', { format })]
    expect(one.status).toBe(200)
    expect(one.text).toBe(two.text)
    expect(one.headers['content-disposition']).toContain(`integration-health_2026-11-18_2026-11-25.${format}`)
  })
})
