import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownZones } from '../../src/detect/known-zones.ts'
import { type Front, openFront } from './support.ts'

const DETECTING = {
  isLeading: true,
  position: 7,
  behind: 3,
  receivedAt: null,
  events: 40,
  found: 2,
  checkpointPosition: null,
  checkpointBytes: 0,
  jumps: 1,
  lastFailure: null,
}
let front: Front
beforeAll(async () => {
  front = await openFront({ http: { detecting: () => DETECTING } })
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

test('who runs the installation sees which server detects and how far it is', async () => {
  const { text } = await front.token({ role: 'admin' })
  const metrics = (await front.call(text, 'GET', '/metrics')).text
  for (const line of [
    'detection_leading 1',
    'detection_batches_behind 3',
    'detection_events_total 40',
    'detection_jumps_total 1',
  ])
    expect(metrics).toContain(`tokentrail_${line}\n`)
  expect((await front.call(text, 'GET', '/v1/status')).body.detection).toEqual(DETECTING)
})
