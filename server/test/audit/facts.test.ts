import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkFacts } from '../../src/audit/facts/check.ts'
import { ADMIN, issue } from '../records/fixture.ts'
import { newPlace, openLog } from './support.ts'

/** A log of what people did with tokens, settings and roles; and a hand on its database. */
async function openHouse() {
  const place = newPlace()
  const log = await openLog(place)
  onTestFinished(async () => {
    await log.close()
    place.remove()
  })
  const { records, tenant } = log
  const at = Date.now()
  const about = { tenantNo: tenant.no, at, actor: ADMIN }
  const token = await issue(records, tenant, { scopes: ['read', 'write'], expiresAt: at + 86_400_000 })
  const revoked = await issue(records, tenant)
  const suspended = await issue(records, tenant)
  const auditor = await issue(records, tenant)
  await records.act('changeToken', { ...about, id: token.id, change: { scopes: ['read', 'list'], expiresAt: at + 7_200_000 } })
  await records.act('revokeToken', { ...about, id: revoked.id, reason: 'leaked' })
  await records.act('suspendToken', { ...about, id: suspended.id })
  await records.act('putSetting', { ...about, tenantNo: 0, name: 'limits', value: '{"a":1}' })
  await records.act('putSetting', { ...about, name: 'policy', value: 'strict' })
  const wish = { tokenId: auditor.id, role: 'viewer', scope: 'tenant', scopeOwnerId: null, ground: 'audit', until: null } as const
  const more = { period: null, breakGlass: false, approval: null, params: '{}' }
  const grant = await records.act('grantRole', { ...about, ...wish, ...more, actor: { no: 999, kind: 'person' } })
  await log.audit.flush(30_000)
  const check = () => checkFacts({ read: records.read, keys: log.keys })
  const wrong = async () => (await check()).flatMap((each) => each.wrong)
  const tamper = (sql: string): void => {
    const raw = new DatabaseSync(join(place.folder, 'records.db'), { timeout: 20_000 })
    raw.exec(sql)
    raw.close()
  }
  return { log, token, revoked, suspended, auditor, grant, check, wrong, tamper, about }
}

test('records that people changed through the server are what the log proves', async () => {
  const { check, log } = await openHouse()
  expect(await check()).toMatchObject([
    { name: 'facts', state: 'holds', says: expect.stringContaining('3 tokens in force') },
    { name: 'setup', state: 'holds', says: expect.stringContaining('2 settings and 1 roles') },
  ])
  await log.audit.rotate('test')
  expect((await check()).map(({ state }) => state)).toEqual(['holds', 'holds'])
})

describe('what somebody changed in the database is named', () => {
  test.each([
    [
      'scopes',
      `UPDATE token SET scopes = '["read","admin"]' WHERE id = ?`,
      'has scopes admin read in the records, and list read in',
    ],
    ['expiry', 'UPDATE token SET expires_at = NULL WHERE id = ?', 'has expiresAt none in the records'],
    ['grace', 'UPDATE token SET grace_until = 9 WHERE id = ?', 'has graceUntil 9 in the records, and none'],
  ])('%s of a token', async (_, sql, said) => {
    const { token, tamper, wrong } = await openHouse()
    tamper(sql.replace('?', `'${token.id}'`))
    expect(await wrong()).toEqual([expect.stringContaining(said)])
    expect((await wrong())[0]).toContain(`token ${token.id}`)
  })

  test('the owner of a token', async () => {
    const { token, tamper, wrong } = await openHouse()
    tamper(`INSERT INTO owner (no, tenant_no, id) VALUES (777, ${token.tenantNo}, 'svc-mallory')`)
    tamper(`UPDATE token SET owner_no = 777 WHERE no = ${token.no}`)
    expect(await wrong()).toEqual([expect.stringContaining('has owner svc-mallory in the records')])
  })

  test('a token that was revoked and lives again', async () => {
    const { revoked, tamper, wrong } = await openHouse()
    tamper(`UPDATE token SET ended_at = NULL, ending = NULL, ended_by_writer = 0, ended_by_seq = 0 WHERE no = ${revoked.no}`)
    expect(await wrong()).toEqual([
      expect.stringMatching(/works in the records, and the log ended it with token.revoked \(evt_.*revoke it again/),
    ])
  })

  test('a suspension that was lifted', async () => {
    const { suspended, tamper, wrong } = await openHouse()
    tamper(`UPDATE token SET suspended_at = NULL WHERE no = ${suspended.no}`)
    expect(await wrong()).toEqual([expect.stringContaining('is not suspended in the records')])
  })

  test('settings of the installation and of a tenant', async () => {
    const { tamper, wrong, about } = await openHouse()
    tamper(`UPDATE setting SET value = '{"a":2}' WHERE tenant_no = 0 AND name = 'limits'`)
    tamper(`DELETE FROM setting WHERE tenant_no = ${about.tenantNo} AND name = 'policy'`)
    tamper(`INSERT INTO setting (tenant_no, name, value) VALUES (0, 'planted', 'x')`)
    expect((await wrong()).toSorted()).toEqual([
      expect.stringContaining('setting limits of tenant 0 has another value'),
      expect.stringContaining('setting planted of tenant 0 is in the records, and no entry'),
      expect.stringContaining(`setting policy of tenant ${about.tenantNo} was set by the log, and is not`),
    ])
  })

  test.each([
    ['raised', "UPDATE role_grant SET role = 'admin'", 'role (the log gave viewer)'],
    ['removed', 'UPDATE role_grant SET removed_at = 5', 'is removed in the records'],
    ['deleted', 'DELETE FROM role_grant', 'is removed in the records'],
  ])('a role that was %s', async (_, sql, said) => {
    const { tamper, wrong } = await openHouse()
    tamper(sql)
    expect(await wrong()).toEqual([expect.stringContaining(said)])
  })

  test('a role that was planted, and one that was taken back and is there again', async () => {
    const { tamper, wrong, log, grant, about } = await openHouse()
    await log.records.act('removeRole', { ...about, id: grant.id, ground: 'over' })
    tamper('UPDATE role_grant SET removed_at = NULL')
    expect(await wrong()).toEqual([expect.stringContaining('the log did not give it or took it back')])
  })

  test('a sealed value that was exchanged for another one', async () => {
    const { tamper, wrong } = await openHouse()
    tamper(
      "UPDATE sealed_value SET sealed = zeroblob(length(sealed)) WHERE field = 'detail' AND event IN (SELECT id FROM log_entry WHERE type = 'role.granted')",
    )
    expect(await wrong()).toContainEqual(expect.stringContaining('does not give the commitment that the entry holds'))
  })
})

test('what waits for its place in the log is no deviation', async () => {
  const { log, check, about, token } = await openHouse()
  const changing = Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      log.records.act('changeToken', { ...about, id: token.id, change: { scopes: ['read', `s${i}`] } }),
    ),
  )
  expect((await check()).filter(({ state }) => state === 'fails')).toEqual([])
  await changing
  expect((await check()).map(({ state }) => state)).toEqual(['holds', 'holds'])
})
