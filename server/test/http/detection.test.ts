import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownZones } from '../../src/detect/known-zones.ts'
import { type Front, openFront } from './support.ts'

let front: Front
beforeAll(async () => {
  front = await openFront()
})
afterAll(() => front.close())

test("a tenant's time zone is UTC until it is set, is set by an admin, and that is a critical event", async () => {
  const [admin, analyst] = [await front.token({ role: 'admin' }), await front.token({ role: 'analyst' })]
  expect((await front.call(analyst.text, 'GET', '/v1/detection')).body).toEqual({ timeZone: 'UTC', canaryTest: null })
  expect((await front.call(analyst.text, 'PUT', '/v1/detection', { timeZone: 'Asia/Tokyo' })).status).toBe(403)
  const odd = await front.call(admin.text, 'PUT', '/v1/detection', { timeZone: 'Mars/Olympus' })
  expect([odd.status, odd.body.code]).toEqual([400, 'parameter_invalid'])
  expect(await knownZones(front.records)).toEqual([])

  const set = await front.call(admin.text, 'PUT', '/v1/detection', { timeZone: 'europe/berlin' })
  expect([set.status, set.body]).toEqual([200, { timeZone: 'Europe/Berlin' }])
  expect((await front.call(analyst.text, 'GET', '/v1/detection')).body).toMatchObject({ timeZone: 'Europe/Berlin' })
  expect(await knownZones(front.records)).toEqual([[front.own.no, 'Europe/Berlin']])
  const changes = (await front.rows()).filter(({ type }) => type === 601)
  expect(changes.map(({ detail }) => JSON.parse(detail) as { path: string })).toMatchObject([{ path: 'time_zone' }])
})
