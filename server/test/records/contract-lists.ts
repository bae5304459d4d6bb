import { describe, expect, it } from 'vitest'
import { stateOf } from '../../src/records/token-state.ts'
import type { Records, Tenant, TokenRecord, TokenState } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, issue, newToken, NOW } from './fixture.ts'

const STATES: readonly TokenState[] = [
  'active',
  'in_grace',
  'suspended',
  'not_yet_valid',
  'consumed',
  'revoked',
  'superseded',
  'locked',
  'exhausted',
  'expired',
]

export function describeLists(open: Open): void {
  describe('lists', () => {
    it('pages newest first and shows each token of the tenant once', async () => {
      const [tenant, other] = [await addTenant(open()), await addTenant(open())]
      const ids: string[] = []
      for (let index = 0; index < 25; index += 1) {
        ids.push((await issue(open(), tenant)).id)
        await issue(open(), other)
      }
      const seen: TokenRecord[] = []
      for (;;) {
        const before = seen.at(-1)?.no
        const page = await open().read.tokens({ tenantNo: tenant.no }, { limit: 7, ...(before !== undefined && { before }) })
        seen.push(...page)
        if (page.length < 7) break
      }
      expect(seen.map(({ id }) => id)).toEqual(ids.toReversed())
      const lives = await open().read.lives(tenant.no, { after: 0, limit: 1_000 })
      expect(lives.map(({ id }) => id)).toEqual(ids)
      expect(await open().read.lives(tenant.no, { after: lives[23]!.no, limit: 1_000 })).toEqual([lives[24]])
    })

    it('filters by state exactly as a token alone is judged', async () => {
      const tenant = await addTenant(open())
      await everyState(open(), tenant)
      const all = await open().read.tokens({ tenantNo: tenant.no }, { limit: 1_000 })
      expect(new Set(all.map((token) => stateOf(token, NOW)))).toEqual(new Set(STATES))
      for (const state of STATES) {
        const listed = await open().read.tokens({ tenantNo: tenant.no, state }, { limit: 1_000 })
        expect({ state, ids: listed.map(({ id }) => id) }).toEqual({
          state,
          ids: all.filter((token) => stateOf(token, NOW) === state).map(({ id }) => id),
        })
      }
    })

    it('searches names, owners and beginnings of ids, and takes wildcards as they are', async () => {
      const tenant = await addTenant(open())
      const named = await issue(open(), tenant, { name: 'Nightly 100%_Export', ownerId: 'carol' })
      const plain = await issue(open(), tenant, { name: 'other', ownerId: 'dave', kind: 'action', simulated: true })
      const find = async (search: string) =>
        (await open().read.tokens({ tenantNo: tenant.no, search }, { limit: 10 })).map(({ id }) => id)
      expect(await find('nightly')).toEqual([named.id])
      expect(await find('%_e')).toEqual([named.id])
      expect(await find('%')).toEqual([named.id])
      expect(await find('DAV')).toEqual([plain.id])
      expect(await find(plain.id.slice(0, 9))).toEqual([plain.id])
      expect(await find("'; DROP TABLE token; --")).toEqual([])
      const some = async (filter: object) =>
        (await open().read.tokens({ tenantNo: tenant.no, ...filter }, { limit: 10 })).map(({ id }) => id)
      expect(await some({ kind: 'action' })).toEqual([plain.id])
      expect(await some({ ownerId: 'carol' })).toEqual([named.id])
      expect(await some({ simulated: true })).toEqual([plain.id])
      expect(await some({ simulated: false, kind: 'action' })).toEqual([])
    })
  })
}

async function everyState(records: Records, tenant: Tenant): Promise<void> {
  const about = (id: string) => ({ tenantNo: tenant.no, id, at: NOW, actor: ADMIN })
  const spend = async (differs: object, act: (no: number) => Promise<unknown>) => act((await issue(records, tenant, differs)).no)
  const facts = { tenantNo: tenant.no, at: NOW, facts: {} }
  await issue(records, tenant)
  await issue(records, tenant, { expiresAt: NOW + 1 })
  await issue(records, tenant, { expiresAt: NOW })
  await issue(records, tenant, { notBefore: NOW + 1 })
  await spend({}, (no) => records.act('consumeToken', { ...facts, no }))
  await spend({ usesMax: 1 }, (no) => records.act('useToken', { ...facts, no }))
  await spend({ attemptsMax: 1 }, (no) => records.act('attemptToken', { ...facts, no, succeeded: false }))
  await records.act('revokeToken', { ...about((await issue(records, tenant)).id), reason: 'idle' })
  for (const until of [null, NOW, NOW + 1])
    await records.act('suspendToken', { ...about((await issue(records, tenant)).id), at: NOW - 9, until })
  const suspendedAndExpired = await issue(records, tenant, { expiresAt: NOW })
  await records.act('suspendToken', { ...about(suspendedAndExpired.id), at: NOW - 9 })
  for (const graceUntil of [NOW, NOW + 1]) {
    const { id } = await issue(records, tenant)
    await records.act('rotateToken', { ...about(id), at: NOW - 9, successor: newToken(tenant), graceUntil, reason: 'by_hand' })
  }
  await issue(records, tenant, { expiresAt: NOW - 100 })
  await records.act('sweep', { at: NOW - 50, max: 1_000, purgeBefore: 0 })
}
