import { DECISION_REASONS } from 'tokentrail'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { lastCanaryTest, startCanaryTests, type CanaryTestParts } from '../../src/detect/canary-test.ts'
import { createEngine } from '../../src/detect/engine.ts'
import type { Found } from '../../src/detect/finding.ts'
import { type Front, openFront, SYSTEM } from '../http/support.ts'
import { silentLog } from '../journal/support-rows.ts'
import { SMALL } from './entity/events.ts'

const MONTH_MS = 30 * 86_400_000
let front: Front
let service: string
beforeAll(async () => {
  front = await openFront()
  service = (await front.token({ role: 'validate' })).text
})
afterAll(() => front.close())

/** The product with the test of canaries: what the door records is looked at, and what is found goes to the desk. */
function product(more: Partial<CanaryTestParts> = {}) {
  const clock = { now: front.clock.now, ticks: front.clock.ticks, set: 0 }
  const [told, presented] = [[] as Found[], [] as string[]]
  const parts: CanaryTestParts = {
    records: front.records,
    clock: { now: () => clock.now() + clock.set, ticks: clock.ticks },
    log: silentLog,
    isLeading: () => true,
    make: async (tenantNo) => {
      const input = { owner: 'self-test', canary: true }
      const { record, token } = await front.issuer.issue({ tenantNo, actor: SYSTEM, input })
      return { no: record.no, id: record.id, text: token }
    },
    present: async (tenantNo, text) => {
      presented.push(text)
      await front.call(service, 'POST', '/v1/validate', { token: text })
      const row = (await front.rows()).find(({ reason }) => reason === DECISION_REASONS.canary.id)
      if (tenantNo === front.own.no) await lookAt()
      return row ? 'canary' : 'nothing'
    },
    end: (tenantNo, id) => front.issuer.revoke({ tenantNo, id, actor: SYSTEM }),
    onFailed: async (found) => void told.push(found),
    patienceMs: 100,
    ...more,
  }
  const tests = startCanaryTests(parts)
  onTestFinished(tests.close)
  async function lookAt(): Promise<void> {
    const engine = createEngine({ limits: SMALL })
    const found = engine.take(await front.rows(), front.clock.now())
    expect(found.map(({ detector }) => detector)).toContain('canary')
    told.push(...(await tests.hear(found)).filter(({ detector }) => detector === 'canary'))
  }
  return { tests, told, presented, clock, lookAt }
}

test('a canary is presented every month, is found, and nobody is told; a real one beside it is told of', async () => {
  const { tests, told, presented, clock, lookAt } = product()
  await tests.run()
  expect(await lastCanaryTest(front.records.read, front.own.no)).toMatchObject({ state: 'passed', failure: null })
  const own = presented.length
  expect(told.filter(({ tenant }) => tenant === front.own.no)).toEqual([])
  await tests.run()
  expect(presented.length).toBe(own)
  const admin = (await front.token({ role: 'admin' })).text
  const { body } = await front.call(admin, 'GET', '/v1/detection')
  expect(body.canaryTest).toMatchObject({ state: 'passed', failure: null })
  const analyst = (await front.token({ role: 'analyst' })).text
  expect((await front.call(analyst, 'GET', '/v1/detection')).status).toBe(200)

  const input = { owner: 'wiki', canary: true }
  const real = await front.issuer.issue({ tenantNo: front.own.no, actor: SYSTEM, input })
  await front.call(service, 'POST', '/v1/validate', { token: real.token })
  await lookAt()
  expect(told.filter(({ tenant }) => tenant === front.own.no)).toMatchObject([
    { detector: 'canary', subject: { kind: 'token', key: String(real.record.no) } },
  ])
  clock.set = MONTH_MS
  await tests.run()
  expect(presented.length).toBe(2 * own)
})

test('a canary that raises no alarm is a finding, and is kept as failed', async () => {
  const { tests, told, clock } = product({ present: async () => 'canary' })
  clock.set = 3 * MONTH_MS
  await tests.run()
  expect(told).toContainEqual(expect.objectContaining({ detector: 'blind', severity: 'high', tenant: front.own.no }))
  const last = await lastCanaryTest(front.records.read, front.own.no)
  expect(last).toMatchObject({ state: 'failed', failure: 'detection found nothing', tookMs: null })
})

test('a server that does not detect presents nothing', async () => {
  const { tests, presented, clock } = product({ isLeading: () => false })
  clock.set = 6 * MONTH_MS
  await tests.run()
  expect(presented).toEqual([])
})
