import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reachOf } from '../../src/access/table.ts'
import { type Front, openFront } from './support.ts'

let front: Front
let viewer: string
beforeAll(async () => {
  front = await openFront({ access: { limits: { viewerQuestionsPerDay: 12 } } })
  viewer = (await front.token({ role: 'viewer', owner: 'vera' })).text
})
afterAll(() => front.close())

/** Figures that a viewer is answered, and what else a viewer's permissions open: nothing about anybody stands in it. */
const ANSWERED = ['/v1/questions/totals', '/v1/questions/validations-by-step', '/v1/metrics/series', '/v1/metrics/tokens']
const HARMLESS = ['/v1/detectors', '/v1/reports', '/v1/status']

describe('a viewer', () => {
  test('is answered on the listed routes alone; every other route of figures is withheld', async () => {
    const routes = front.app.routeTable.filter(({ method, permission }) => {
      return method === 'GET' && permission !== 'public' && reachOf('viewer', permission) === 'suppressed'
    })
    const [open, closed]: [string[], string[]] = [[], []]
    for (const { url } of routes) {
      const needs = url.includes('by-step') ? '?step=day' : url.includes('series') ? '?step=day&metric=attempts' : ''
      const answer = await front.call(viewer, 'GET', `${url}${needs}`)
      if (answer.status === 200) open.push(url)
      else closed.push(`${url} ${answer.body.code}`)
    }
    expect(open.toSorted()).toEqual([...ANSWERED, ...HARMLESS].toSorted())
    // a question that lacks a parameter is refused before it is withheld
    expect(closed.filter((each) => !/ (figure_withheld|parameter_invalid)$/.test(each))).toEqual([])
    expect(closed.length).toBeGreaterThanOrEqual(5)
  })

  test('gets rows, tokens, events, findings, counts by the second and exact totals from nowhere', async () => {
    const ways = [
      '/v1/events',
      '/v1/tokens',
      '/v1/questions/top-tokens',
      '/v1/findings',
      '/v1/live',
      '/metrics',
      '/v1/audit',
      '/v1/people',
    ]
    for (const url of ways) expect([url, (await front.call(viewer, 'GET', url)).status]).toEqual([url, 403])
    const status = await front.call(viewer, 'GET', '/v1/status')
    expect(Object.keys(status.body).toSorted()).toEqual(['now', 'version', 'watermark'])
  })

  test('is told what was withheld and by which rule, and no exact number beside it', async () => {
    const { body } = await front.call(viewer, 'GET', '/v1/questions/totals')
    expect(body.withheld).toMatchObject({ groupMin: 10, until: null })
    expect(body.withheld.rules.map(({ rule }: { rule: string }) => rule)).toEqual([
      'small_groups',
      'rounding',
      'buckets',
      'distinct',
    ])
    expect(body.completeness).toEqual({ value: null, received: 0, missing: 0, lost: {} })
    expect(body.rows[0]).toMatchObject({ activeTokens: null, networks: null, latency: null })
    const split = await front.call(viewer, 'GET', '/v1/questions/validations-by-step?step=hour&by=service')
    expect([split.body.rows, split.body.withheld.rules.at(-1).rule]).toEqual([[], 'dimension'])
    const narrowed = await front.call(viewer, 'GET', '/v1/questions/totals?token=abc')
    expect([narrowed.status, narrowed.body.code]).toEqual([403, 'not_permitted'])
  })

  test('sees larger groups where the tenant asks for them, and never smaller ones', async () => {
    const admin = (await front.token({ role: 'admin', tenant: front.other })).text
    const stranger = (await front.token({ role: 'viewer', tenant: front.other })).text
    expect((await front.call(admin, 'PUT', '/v1/privacy/viewers', { groupMin: 9 })).status).toBe(400)
    expect((await front.call(admin, 'PUT', '/v1/privacy/viewers', { groupMin: 12 })).body).toEqual({ groupMin: 12 })
    expect((await front.call(admin, 'GET', '/v1/privacy/viewers')).body).toEqual({ groupMin: 12 })
    expect((await front.call(stranger, 'GET', '/v1/questions/totals')).body.withheld.groupMin).toBe(12)
  })

  test('gets whole hours, whatever is asked for', async () => {
    const { body } = await front.call(viewer, 'GET', '/v1/questions/totals?from=2026-11-25T08:10:00Z&to=2026-11-25T09:50:00Z')
    expect(body.window).toEqual({ from: Date.UTC(2026, 10, 25, 8), to: Date.UTC(2026, 10, 25, 10) })
  })

  test('who is somebody else too is answered as that', async () => {
    const analyst = (await front.token({ role: 'analyst', owner: 'ann' })).text
    const { body } = await front.call(analyst, 'GET', '/v1/questions/totals')
    expect(body.withheld).toBeUndefined()
  })

  test('has so many different questions a day, and the same one again is none', async () => {
    const other = (await front.token({ role: 'viewer', owner: 'walt' })).text
    const ask = (hour: number) =>
      front.call(
        other,
        'GET',
        `/v1/questions/totals?from=2026-11-24T${String(hour).padStart(2, '0')}:00:00Z&to=2026-11-25T00:00:00Z`,
      )
    for (let again = 0; again < 3; again++) for (let hour = 0; hour < 12; hour++) expect((await ask(hour)).status).toBe(200)
    const refused = await ask(12)
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_600)
    expect((await ask(3)).status).toBe(200)
    expect((await front.rows()).some(({ type, reason }) => type === 402 && reason === 151)).toBe(true)
  })

  test('is written down with what was looked at', async () => {
    await front.call(viewer, 'GET', '/v1/questions/totals')
    expect((await front.rows()).some(({ type, route }) => type === 404 && route === '/v1/questions/totals')).toBe(true)
  })
})
