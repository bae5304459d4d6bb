import { createAsk, type Ask } from '../../src/query/ask.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { READING_LIMITS } from '../../src/access/reading-limits.ts'
import type { Store } from '../../src/store/store.ts'
import { type Front, NOON, openFront, SYSTEM } from '../http/support.ts'
import { plantWorld, type World } from './world.ts'

/** What crosses from one tenant to another by other ways than an id in a path: cursors, parameters, figures, streams. */

const UNBOUNDED = Object.fromEntries(Object.keys(READING_LIMITS).map((name) => [name, 1e9])) as unknown as typeof READING_LIMITS
const WINDOW = `from=${NOON - 86_400_000}&to=${NOON + 86_400_000}`

let front: Front
let own: World
let foreign: World
let admin: string
let stranger: string
/** Set by the planted control: answers in place of the server's own questions. */
let leaky: Ask | undefined

beforeAll(async () => {
  const ask: Ask = (...asked) => (leaky ?? honest)(...asked)
  front = await openFront({ access: { limits: UNBOUNDED }, http: { ask }, ship: true })
  const honest = createAsk({ store: front.store, records: front.records, journal: front.journal, clock: front.clock })
  own = await plantWorld(front, front.own, 'own')
  foreign = await plantWorld(front, front.other, 'foreign')
  admin = (await front.token({ role: 'admin', owner: 'zq-own-reader' })).text
  stranger = (await front.token({ role: 'admin', owner: 'zq-foreign-reader', tenant: front.other })).text
  front.clock.move(120_000)
  await front.rows()
  await stored('own', admin)
  await stored('foreign', stranger)
}, 120_000)
afterAll(() => front.close())

/** Until the store holds what a world did. */
async function stored(name: string, as: string): Promise<void> {
  await vi.waitFor(async () => {
    const { rows } = (await get(`/v1/events?service=zq-${name}-service`, as)).body
    if (rows.length === 0) throw new Error('nothing is stored yet')
  }, 20_000)
}

const get = (url: string, as = admin) => front.call(as, 'GET', url)
const isForeign = (text: string): boolean =>
  [...foreign.marks, ...Object.values(foreign.things)].some((mark) => text.includes(mark))

/** Every route that reads without an id in its path. */
function readings(): readonly string[] {
  return front.app.routeTable
    .filter(({ method, url, reading }) => method === 'GET' && reading && !url.includes(':') && url !== '/v1/live')
    .map(({ url }) => url)
}

describe('another tenant', () => {
  test('is in no list and no figure', async () => {
    for (const url of readings()) expect([url, isForeign((await get(url)).text)]).toEqual([url, false])
  })

  test('a question whose tenant was left out is found: the check is no ornament', async () => {
    const stripped = (sql: string): string => sql.replaceAll('WHERE tenant = {tenant:UInt32}', 'WHERE 1 = 1')
    const store: Store = { ...front.store, query: (asked) => front.store.query({ ...asked, sql: stripped(asked.sql) }) }
    leaky = createAsk({ store, records: front.records, journal: front.journal, clock: front.clock })
    const found = await Promise.all(readings().map(async (url) => isForeign((await get(url)).text)))
    leaky = undefined
    expect(found.filter(Boolean).length).toBeGreaterThan(0)
  })

  test('a parameter that names its token is answered as one that names none', async () => {
    const urls = readings().filter((url) => url.startsWith('/v1/questions/') || url === '/v1/events')
    let compared = 0
    for (const url of urls) {
      const ask = async (token: string) => {
        const { status, text } = await get(
          `${url}?token=${token}&tokens=${token}&kind=access&step=hour&${WINDOW}`.replace(/(?<=\?)/, ''),
        )
        return `${status} ${text.replaceAll(/"requestId":"[^"]*"/g, '').replaceAll(token, '…')}`
      }
      for (const only of ['token', 'tokens']) {
        const one = async (token: string) => {
          const step = /by-step/.test(url) ? '&step=hour' : ''
          const kind = /funnel/.test(url) ? '&kind=action' : ''
          const { status, text } = await get(`${url}?${only}=${token}${step}${kind}`)
          return `${status} ${text
            .replaceAll(/"requestId":"[^"]*"/g, '')
            .replaceAll(token, '…')
            .replaceAll(/"elapsedMs":[\d.]+/g, '')}`
        }
        expect([url, only, await one(foreign.things.token!)]).toEqual([url, only, await one('0'.repeat(16))])
        compared += 1
      }
      expect(await ask(foreign.things.token!)).toBe(await ask('0'.repeat(16)))
    }
    expect(compared).toBeGreaterThan(20)
  })

  test('its cursors lead nowhere', async () => {
    const lists = ['/v1/tokens', '/v1/events', '/v1/findings', '/v1/incidents', '/v1/responses', '/v1/leaks']
    let followed = 0
    for (const list of lists) {
      const { body } = await get(`${list}?limit=1`, stranger)
      const next = body?.next as string | undefined
      if (next === undefined) continue
      const answer = await get(`${list}?limit=50&cursor=${encodeURIComponent(next)}`)
      expect([list, isForeign(answer.text)]).toEqual([list, false])
      followed += 1
    }
    expect(followed).toBeGreaterThan(1)
  })

  test('changes nothing in what is answered here, whatever it does', async () => {
    const seen = async () => {
      const answers = new Map<string, string>()
      for (const url of [...readings(), `/v1/tokens/${own.things.token}`, `/v1/findings/${own.things.finding}`]) {
        if (INSTALL.test(url)) continue
        const { status, text } = await get(url)
        answers.set(url, `${status} ${text.replaceAll(MOVES, '')}`)
      }
      return answers
    }
    await seen()
    await front.rows()
    front.clock.move(1)
    await settled(seen)
    const before = await seen()
    await disturb()
    const after = await seen()
    for (const [url, text] of before) expect([url, after.get(url)]).toEqual([url, text])
    console.info(`isolation: ${before.size} answers equal while another tenant changed`)
  }, 60_000)
})

/** About the whole installation, for its first tenant; or a reading that is itself an event each time, so that lists grow by it. */
const INSTALL = /^\/(?:metrics|v1\/status|v1\/audit|v1\/privacy|v1\/evidence)/
/** What is the request's own or the clock's. */
const MOVES = /"(?:requestId|elapsedMs|rowsRead|watermark|at|madeAt|now)":"?[^,}"]*"?/g

/** Until two answers in a row are the same: what was shipped late has arrived. */
async function settled(seen: () => Promise<ReadonlyMap<string, string>>): Promise<void> {
  let last = ''
  await vi.waitFor(
    async () => {
      const now = JSON.stringify([...(await seen())])
      const before = last
      last = now
      expect(now).toBe(before)
    },
    { timeout: 20_000, interval: 200 },
  )
}

/** The other tenant does much of everything. */
async function disturb(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const { body } = await front.call(stranger, 'POST', '/v1/tokens', { owner: `zq-foreign-${i}`, scopes: ['x'] })
    await front.call(stranger, 'POST', '/v1/validate', { token: body.token, service: 'zq-foreign-service' })
    await front.call(stranger, 'POST', '/v1/validate', { token: 'junk', service: 'zq-foreign-service' })
    if (i % 3 === 0) await front.call(stranger, 'POST', `/v1/tokens/${body.id}/revoke`, { reason: 'leaked' })
  }
  await front.records.act('putSetting', { tenantNo: front.other.no, name: 'zq', value: 'x', at: NOON, actor: SYSTEM })
  await front.rows()
  await vi.waitFor(async () => {
    const { body } = await get(`/v1/questions/totals?${WINDOW}`, stranger)
    expect(body.rows[0].accepted).toBeGreaterThanOrEqual(20)
  }, 20_000)
}
