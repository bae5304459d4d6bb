import { afterAll, beforeAll, expect, test } from 'vitest'
import { openKeys } from '../../src/config/keys.ts'
import { openPrivacy } from '../../src/privacy/pseudonyms.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import type { Records, Tenant } from '../../src/records/records.ts'
import { openRecords } from '../../src/records/open.ts'
import { type RetentionEngine, startRetention } from '../../src/retention/engine.ts'
import { insert, rowsOf, sharedStore, silentLog, temporaryFolder, validation } from '../store/support.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 25, 12)
const SYSTEM = { no: 0, kind: 'system' } as const
const shared = sharedStore()
let now = NOW
const clock = { now: () => now, ticks: () => now * 1_000 }
let records: Records
let privacy: Awaited<ReturnType<typeof openPrivacy>>
let engine: RetentionEngine
let halted: string | null = null
let tenants: readonly [Tenant, Tenant]

beforeAll(async () => {
  const folder = temporaryFolder(afterAll)
  records = await openRecords({ file: `${folder}/records.db`, clock, log: silentLog })
  const add = (id: string) => records.act('addTenant', { id, name: id, retention: 1, at: NOW, actor: SYSTEM })
  tenants = [await add('first'), await add('second')]
  privacy = await openPrivacy({ records, kek: createKeyEncryption(openKeys(`${folder}/keys`).keks), clock, log: silentLog })
  engine = startRetention({
    records,
    store: shared(),
    privacy,
    clock,
    log: silentLog,
    subjectKeys: { of: async () => [] },
    audit: { state: async () => ({ halted }) },
  })
})
afterAll(async () => {
  await engine.close()
  privacy.close()
  await records.close()
})

const daysAgo = (days: number): number => NOW - days * DAY_MS

test('what is over its time goes as a whole, each tenant is told how much, and what a hold keeps stays', async () => {
  const store = shared()
  const [first, second] = tenants
  const rows = [
    validation(1, { tenant: first.no, ownerNo: 7, tokenNo: 70, occurredAt: daysAgo(40) }),
    validation(2, { tenant: first.no, ownerNo: 8, tokenNo: 80, occurredAt: daysAgo(40) }),
    validation(3, { tenant: second.no, ownerNo: 7, tokenNo: 70, occurredAt: daysAgo(40) }),
    validation(4, { tenant: first.no, ownerNo: 7, tokenNo: 70, occurredAt: daysAgo(10) }),
  ]
  for (const row of rows) await insert(store, [row], `row ${row.seq}`)
  const owner = await records.act('putOwner', { tenantNo: first.no, id: 'held', at: NOW, actor: SYSTEM })
  await insert(store, [validation(5, { tenant: first.no, ownerNo: owner.no, tokenNo: 90, occurredAt: daysAgo(40) })], 'row 5')
  const hold = await records.act('setHold', {
    tenantNo: first.no,
    endsAt: NOW + DAY_MS,
    ground: 'case 7',
    approval: null,
    params: '{}',
    at: NOW,
    actor: { no: 9, kind: 'person' },
    scope: { ownerNo: owner.no, tokenNo: null, from: null, to: null },
  })

  const due = (await engine.due()).filter((each) => each.class === 'events')
  expect(due.map(({ tenantNo, rows: count, held, days }) => [tenantNo, count, held, days])).toEqual([
    [first.no, 3, 1, 30],
    [second.no, 1, 0, 30],
  ])
  expect(await rowsOf(store, 'SELECT seq FROM events ORDER BY seq')).toHaveLength(5)

  const runs = (await engine.run()).filter((each) => each.class === 'events')
  expect(runs.map(({ tenantNo, rows: count }) => [tenantNo, count])).toEqual([
    [first.no, 3],
    [second.no, 1],
  ])
  expect(await rowsOf(store, 'SELECT seq FROM events ORDER BY seq')).toEqual([{ seq: 4 }])
  expect(await rowsOf(store, 'SELECT hold, seq FROM events_held')).toEqual([{ hold: hold.id, seq: 5 }])
  expect(await engine.run()).toEqual([])
  const noted = (await records.outbox(1_000)).filter(({ event }) => event.type === 711 && event.tenant === second.no)
  expect(noted.map(({ event }) => JSON.parse(event.detail))).toMatchObject([{ class: 'events', days: 30, rows: 1 }])
  expect(await records.read.retentionRuns({ tenantNo: second.no }, { limit: 5 })).toHaveLength(1)
})

test('a hold that is over keeps nothing any more', async () => {
  now += DAY_MS
  await engine.run()
  expect(await rowsOf(shared(), 'SELECT hold, seq FROM events_held')).toEqual([])
})

test('nothing goes while the audit log is halted', async () => {
  const [first] = tenants
  await insert(shared(), [validation(6, { tenant: first.no, occurredAt: daysAgo(50) })], 'row 6')
  halted = 'an older backup was restored'
  await expect(engine.run()).rejects.toMatchObject({ code: 'retention_blocked' })
  expect(await rowsOf(shared(), 'SELECT seq FROM events WHERE seq = 6')).toHaveLength(1)
  halted = null
  expect((await engine.run()).map(({ class: of }) => of)).toContain('events')
})

test("a rule that became shorter takes the tenant's older rows, and says so", async () => {
  const [first, second] = tenants
  for (const { no } of tenants)
    await insert(shared(), [validation(7, { tenant: no, retention: 3, occurredAt: daysAgo(60) })], `longer ${no}`)
  const runs = (await engine.run()).filter(({ tenantNo }) => tenantNo !== 0)
  expect(runs.map(({ tenantNo, class: of, rows }) => [tenantNo, of, rows])).toEqual([
    [first.no, 'events of a shorter rule', 1],
    [second.no, 'events of a shorter rule', 1],
  ])
  expect(await rowsOf(shared(), 'SELECT seq FROM events WHERE seq = 7')).toEqual([])
})
