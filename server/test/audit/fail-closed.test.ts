import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startPostgres } from '../../../test/postgres.ts'
import { TrailError } from '../../src/errors.ts'
import { openRecords } from '../../src/records/open.ts'
import { createLastKnown } from '../../src/access/last-known.ts'
import { addTenant, ADMIN, frozenClock, issue, newToken, NOW } from '../records/fixture.ts'
import { newPlace, openLog } from './support.ts'
import type { Identity } from '../../src/access/access.ts'
import type { Caller } from '../../src/access/caller.ts'
import type { TokenChange, Records, RecordActions } from '../../src/records/records.ts'

const log = { info() {}, warn() {}, error() {} }

/** Actions of records with a critical event, one for each row of the matrix that has one of its own. */
function criticalActions(records: Records, tenantNo: number, id: string): readonly Promise<unknown>[] {
  const who = { tenantNo, at: NOW, actor: ADMIN }
  const token = newToken({ no: tenantNo })
  const act = <Name extends keyof RecordActions>(name: Name, params: Parameters<RecordActions[Name]>[0]) =>
    records.act(name, params)
  return [
    act('issueToken', { token, ...who }),
    act('importTokens', { tokens: [token], ...who }),
    act('rotateToken', { ...who, id, successor: token, graceUntil: NOW, reason: 'by_hand' }),
    act('revokeToken', { ...who, id, reason: 'manual' }),
    act('suspendToken', { ...who, id }),
    act('changeToken', { ...who, id, change: { scopes: ['a'] } }),
    act('putOwner', { ...who, id: 'somebody', disabled: true }),
    act('putSetting', { ...who, name: 'x', value: 'y' }),
    act('consumeToken', { tenantNo, no: 1, at: NOW, facts: {} }),
    act('noteCritical', { tenantNo, type: 405, facts: {}, at: NOW }),
    act('requestApproval', { ...who, action: 'hold.set', params: '{}', ground: 'test' }),
    act('decideApproval', { ...who, id: 'apr_1', given: true }),
    act('enterDenial', { key: 'k', tokenId: id, installTenantNo: tenantNo, deniedAt: NOW, ...who }),
  ]
}

const codesOf = async (actions: readonly Promise<unknown>[]): Promise<readonly string[]> =>
  (await Promise.allSettled(actions)).map((each) => (each.status === 'rejected' ? (each.reason as TrailError).code : 'done'))

test('with PostgreSQL stopped every critical action is refused with a code', { timeout: 60_000 }, async () => {
  const postgres = await startPostgres()
  const records = await openRecords({ url: postgres.url, clock: frozenClock, log })
  onTestFinished(() => records.close())
  const tenant = await addTenant(records)
  const { id } = await issue(records, tenant)
  await postgres.stop()
  const codes = await codesOf(criticalActions(records, tenant.no, id))
  expect(codes).toEqual(codes.map(() => 'records_unavailable'))
})

test('while the log may not be continued, as after a restore, every critical action is refused with a code', async () => {
  const place = newPlace()
  onTestFinished(() => place.remove())
  const trail = await openLog(place)
  onTestFinished(() => trail.close())
  const [event = ''] = await trail.issue(1)
  const { id } = (await trail.records.read.tokens({ tenantNo: trail.tenant.no }, { limit: 1 }))[0] ?? { id: '' }
  trail.records.halt(new TrailError('log_halted', 'An old backup was restored.'))
  const actions = criticalActions(trail.records, trail.tenant.no, id)
  const codes = await codesOf(actions)
  // A second person may be asked and may agree: recovery itself needs two.
  expect(codes.filter((code) => code !== 'log_halted')).toEqual([expect.anything(), expect.anything()])
  expect(await trail.records.read.token(trail.tenant.no, id)).toMatchObject({ endedAt: null, suspendedAt: null })
  trail.records.halt(null)
  expect(event).toMatch(/^evt_/)
})

test(
  'with a folder of tiles that cannot be written actions go on, the state says why, and the checkpoint comes when it can',
  { timeout: 60_000 },
  async () => {
    const place = newPlace()
    onTestFinished(() => place.remove())
    const trail = await openLog(place)
    onTestFinished(() => trail.close())
    await trail.issue(2)
    await trail.audit.flush()
    const before = (await trail.audit.state()).checkpoint
    // A file in the place of the folder: nobody can write tiles there, not even root.
    const tiles = join(trail.dir, 'tile')
    renameSync(tiles, `${tiles}.aside`)
    writeFileSync(tiles, '')
    expect(await trail.issue(3)).toHaveLength(3)
    await vi.waitFor(async () => expect((await trail.audit.state()).failure).not.toBeNull(), 10_000)
    expect((await trail.audit.state()).checkpoint?.size).toBe(before?.size)
    rmSync(tiles)
    renameSync(`${tiles}.aside`, tiles)
    expect(await trail.issue(1)).toHaveLength(1)
    await trail.audit.flush(30_000)
    const after = await trail.audit.state()
    expect(after.failure).toBeNull()
    expect(after.checkpoint?.size).toBeGreaterThan(before?.size ?? 0)
  },
)

test('who was admitted lately is still known when records fail, for an hour, and not once their token has changed', async () => {
  let now = NOW
  let tell: (change: TokenChange) => void = () => undefined
  const onChange = (listener: typeof tell) => {
    tell = listener
    return () => undefined
  }
  const known = createLastKnown({ records: { onChange }, clock: { now: () => now, ticks: () => 0 } })
  const [credentials, caller] = [{ authorization: 'Bearer x', cookie: undefined }, { ip: '10.0.0.1' } as Caller]
  const identity = { principal: { tokenNo: 4 } } as Identity
  const down = (): Promise<Identity> => Promise.reject(new TrailError('records_unavailable', 'down'))
  await expect(known.orElse(credentials, caller, down)).rejects.toMatchObject({ code: 'records_unavailable' })
  known.keep(credentials, caller, identity)
  expect(await known.orElse(credentials, caller, down)).toEqual({ ...identity, remembered: true })
  await expect(known.orElse({ ...credentials, authorization: 'Bearer y' }, caller, down)).rejects.toMatchObject({
    code: 'records_unavailable',
  })
  await expect(known.orElse(credentials, { ...caller, ip: '10.0.0.2' }, down)).rejects.toMatchObject({
    code: 'records_unavailable',
  })
  const refused = (): Promise<Identity> => Promise.reject(new TrailError('not_authenticated', 'revoked'))
  await expect(known.orElse(credentials, caller, refused)).rejects.toMatchObject({ code: 'not_authenticated' })
  now += 3_600_001
  await expect(known.orElse(credentials, caller, down)).rejects.toMatchObject({ code: 'records_unavailable' })
  known.keep(credentials, caller, identity)
  tell({ no: 4, id: 'a', version: 2 })
  await expect(known.orElse(credentials, caller, down)).rejects.toMatchObject({ code: 'records_unavailable' })
})
