import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TYPES } from 'tokentrail'
import { openFront, type Front } from './support.ts'

let front: Front
let admin: string
let foreign: string
let viewer: string

beforeAll(async () => {
  front = await openFront()
  admin = (await front.token({ role: 'admin' })).text
  viewer = (await front.token({ role: 'viewer' })).text
  foreign = (await front.token({ role: 'admin', tenant: front.other })).text
  const at = front.clock.now()
  await front.records.act('putSetting', { tenantNo: front.own.no, name: 'a', value: 'b', at, actor: { no: 0, kind: 'system' } })
})
afterAll(() => front.close())

/** The newest published size, once everything so far is under it. */
async function published(): Promise<number> {
  await front.audit.flush()
  return (await front.audit.state()).checkpoint?.size ?? 0
}

describe('the files of the log', () => {
  test('checkpoint and key need no credential, tiles and entries do, until it is said otherwise', async () => {
    const size = await published()
    const bundle = `/audit/tile/entries/000.p/${size}`
    expect((await front.call(undefined, 'GET', '/audit/checkpoint')).text).toContain(`\n${size}\n`)
    expect((await front.call(undefined, 'GET', '/audit/log.vkey')).text).toMatch(/^tokentrail\.[0-9a-f]+\/\d{4}\+/)
    expect((await front.call(undefined, 'GET', bundle)).status).toBe(401)
    expect((await front.call(viewer, 'GET', bundle)).status).toBe(403)
    expect((await front.call(foreign, 'GET', bundle)).status).toBe(403)
    expect((await front.call(admin, 'GET', bundle)).status).toBe(200)
    expect((await front.call(admin, 'PUT', '/v1/audit/publish', { publish: 'all' })).body).toEqual({ publish: 'all' })
    expect((await front.call(undefined, 'GET', bundle)).status).toBe(200)
    await front.call(admin, 'PUT', '/v1/audit/publish', { publish: 'none' })
    expect((await front.call(undefined, 'GET', '/audit/checkpoint')).status).toBe(401)
    await front.call(admin, 'PUT', '/v1/audit/publish', { publish: 'checkpoint' })
  })

  test('that a reader fetches are an event: one at once, the rest of the minute with its count', async () => {
    const size = await published()
    const bundle = `/v1/log/${(await front.audit.state()).shard}/tile/entries/000.p/${size}`
    const reader = (await front.token({ role: 'log_custodian', owner: 'reader' })).text
    for (let i = 0; i < 3; i += 1) expect((await front.call(reader, 'GET', bundle)).status).toBe(200)
    expect((await front.call(reader, 'GET', '/audit/tile/entries/999')).status).toBe(404)
    const rows = (await front.rows()).filter(({ type, route }) => type === TYPES['audit.read'].id && route.startsWith('/v1/log/'))
    expect(rows).toHaveLength(1)
    expect(JSON.parse(rows[0]!.detail)).toEqual({ what: 'files', of: 'entries', shard: expect.any(String) })
    expect(rows[0]).toMatchObject({ count: 1, tenant: front.own.no })
    expect(rows[0]!.actorNo).toBeGreaterThan(0)
  })

  test('are kept from a role that covers a period, and from a heavy role without its second factor', async () => {
    const size = await published()
    const bundle = `/audit/tile/entries/000.p/${size}`
    const timed = await front.token({ role: 'analyst', owner: 'timed' })
    const at = front.clock.now()
    const period = { from: new Date(at - 1000).toISOString(), to: new Date(at).toISOString() }
    const grant = { token: timed.id, role: 'auditor', period, ground: 'the audit of a second' }
    expect((await front.call(admin, 'POST', '/v1/roles/grant', grant)).status).toBe(200)
    expect((await front.call(timed.text, 'GET', bundle)).body).toMatchObject({ status: 403, code: 'not_permitted' })
    expect((await front.call(timed.text, 'GET', '/v1/audit/entries?scope=install')).status).toBe(403)

    const custodian = (await front.token({ role: 'log_custodian', owner: 'keeper' })).text
    expect((await front.call(custodian, 'GET', bundle)).status).toBe(200)
    const separate = (enforced: boolean) =>
      front.records.act('setSeparation', {
        tenantNo: front.own.no,
        enforced,
        ground: 'test',
        at,
        actor: { no: 0, kind: 'system' },
      })
    await separate(true)
    expect((await front.call(custodian, 'GET', bundle)).body).toMatchObject({ code: 'factor_missing' })
    await separate(false)
  })

  test.each([
    '/audit/',
    '/audit/tile/0/0',
    '/audit/tile/00/000',
    '/audit/tile/0/000.p/0',
    '/audit/tile/0/000.p/257',
    '/audit/tile/-1/000',
    '/audit/tile/0/x000/000',
    '/audit/..%2f..%2fadmin-token',
    '/audit/tile/entries/..%2f..%2fcheckpoint',
    '/audit/shards/2026/checkpoint',
    '/v1/log/..%2f2026/checkpoint',
    '/v1/log/1999/checkpoint',
  ])('%s is no file', async (path) => {
    expect((await front.call(admin, 'GET', path)).status).toBe(404)
  })
})

describe('entries over HTTP', () => {
  test("a tenant sees its own, in pages without a gap; the whole log is for the first tenant's", async () => {
    await published()
    const first = await front.call(admin, 'GET', '/v1/audit/entries?limit=2')
    const second = await front.call(admin, 'GET', `/v1/audit/entries?limit=2&cursor=${first.body.next}`)
    const seen: number[] = [...first.body.items, ...second.body.items].map(({ entry }: { entry: { n: number } }) => entry.n)
    const newest = seen[0] ?? 0
    expect(seen).toEqual([newest, newest - 1, newest - 2, newest - 3])
    const theirs = await front.call(foreign, 'GET', '/v1/audit/entries?limit=500')
    expect(new Set(theirs.body.items.map(({ entry }: { entry: { tenant: string } }) => entry.tenant))).toEqual(new Set(['other']))
    expect((await front.call(foreign, 'GET', '/v1/audit/entries?scope=install')).status).toBe(403)
    const whole = await front.call(admin, 'GET', '/v1/audit/entries?scope=install&limit=500')
    const tenants = whole.body.items.map(({ entry }: { entry: { tenant: string } }) => entry.tenant)
    expect(new Set(tenants)).toEqual(new Set(['default', 'install', 'other']))
    const typesOf = async (query: string): Promise<readonly string[]> =>
      (await front.call(admin, 'GET', `/v1/audit/entries?scope=install&limit=500${query}`)).body.items.map(
        ({ entry }: { entry: { type: string } }) => entry.type,
      )
    expect((await typesOf('')).some((type) => type.startsWith('log.'))).toBe(true)
    expect((await typesOf('&only=deeds')).filter((type) => type.startsWith('log.'))).toEqual([])
    expect((await typesOf('&only=deeds')).length).toBeGreaterThan(0)
    expect((await front.call(viewer, 'GET', '/v1/audit/entries')).status).toBe(403)
  })

  test('a reading is an event that says what was read', async () => {
    await front.call(admin, 'GET', '/v1/audit/entries?type=token.issued&limit=1')
    const rows = (await front.rows()).filter(({ type }) => type === TYPES['audit.read'].id)
    expect(JSON.parse(rows.at(-1)!.detail)).toMatchObject({ what: 'entries', type: 'token.issued', rows: 1 })
  })

  test('a cursor of another list, a time that is none and an unknown type are refused', async () => {
    for (const query of ['cursor=abc', 'from=yesterday', 'type=nothing', 'limit=0'])
      expect((await front.call(admin, 'GET', `/v1/audit/entries?${query}`)).status).toBe(400)
  })
})

test('closing the shard takes who may operate the log, and the log goes on', async () => {
  expect((await front.call(viewer, 'POST', '/v1/audit/rotate', { why: 'T-1' })).status).toBe(403)
  expect((await front.call(foreign, 'POST', '/v1/audit/rotate', { why: 'T-1' })).status).toBe(403)
  const rotated = await front.call(admin, 'POST', '/v1/audit/rotate', { why: 'T-1' })
  expect(rotated.body.shard).toMatch(/^\d{4}-2$/)
  await published()
  const whole = await front.call(admin, 'GET', '/v1/audit/entries?scope=install&type=log.closed')
  expect(whole.body.items[0].entry.shown).toMatchObject({ why: 'T-1', next: { origin: rotated.body.origin } })
  const old = whole.body.items[0].shard
  expect((await front.call(undefined, 'GET', `/v1/log/${old}/checkpoint`)).status).toBe(200)
  expect((await front.call(admin, 'GET', '/v1/audit/recovery')).status).toBe(404)
})
