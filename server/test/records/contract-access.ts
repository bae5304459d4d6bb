import { describe, expect, it } from 'vitest'
import type { FourEyes } from '../../src/records/approvals.ts'
import type { Tenant } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOfType, issue, NOW } from './fixture.ts'

const SECOND = { no: 8, kind: 'person' } as const
const DAY = 86_400_000
const WRAPPED = new Uint8Array(77).fill(3)

export function describeAccess(open: Open): void {
  const ask = (tenant: Tenant, action: FourEyes = 'hold.set', actor: typeof ADMIN = ADMIN) =>
    open().act('requestApproval', { tenantNo: tenant.no, action, params: '{"a":1}', ground: 'why', at: NOW, actor })
  const decide = (tenant: Tenant, id: string, given: boolean, actor: typeof ADMIN = SECOND, at = NOW + 1) =>
    open().act('decideApproval', { tenantNo: tenant.no, id, given, at, actor })
  const grant = (tenant: Tenant, tokenId: string, role: 'analyst' | 'auditor' | 'admin', differs: object = {}) =>
    open().act('grantRole', {
      tenantNo: tenant.no,
      tokenId,
      role,
      scope: 'tenant',
      scopeOwnerId: null,
      until: null,
      period: null,
      breakGlass: false,
      ground: 'needed',
      approval: null,
      params: '{}',
      at: NOW,
      actor: ADMIN,
      ...differs,
    })

  describe('approvals', () => {
    it('are asked for, decided once, and lapse', async () => {
      const tenant = await addTenant(open())
      const [first, second, late] = [await ask(tenant), await ask(tenant), await ask(tenant)]
      expect(first).toMatchObject({ state: 'requested', requesterNo: ADMIN.no, lapsesAt: NOW + DAY, selfApproved: false })
      expect(await decide(tenant, first.id, true)).toMatchObject({ state: 'given', deciderNo: SECOND.no })
      await expect(decide(tenant, first.id, false)).rejects.toMatchObject({ code: 'approval_state' })
      expect((await decide(tenant, second.id, false)).state).toBe('refused')
      await expect(decide(tenant, late.id, true, SECOND, NOW + DAY)).rejects.toMatchObject({ code: 'approval_lapsed' })
      const other = await addTenant(open())
      await expect(decide(other, late.id, true)).rejects.toMatchObject({ code: 'approval_missing' })
      expect(await open().read.approvals(tenant.no, { limit: 10 })).toHaveLength(3)
      expect(await open().read.approvals(tenant.no, { state: 'given', limit: 10 })).toHaveLength(1)
      expect(await eventsOfType(open(), tenant, 'approval.requested')).toHaveLength(3)
    })

    it('of two who decide at once one is late', async () => {
      const tenant = await addTenant(open())
      const { id } = await ask(tenant)
      const both = await Promise.allSettled([decide(tenant, id, true), decide(tenant, id, false)])
      expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('are recorded as own ones where separation is waived, and undone with what they were for', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { role: 'viewer' })
      const given = await grant(tenant, token.id, 'auditor')
      expect([given.waived, await open().read.approval(tenant.no, given.approval!)]).toMatchObject([
        true,
        { state: 'spent', selfApproved: true },
      ])
      const before = (await open().read.approvals(tenant.no, { limit: 10 })).length
      await expect(grant(tenant, token.id, 'admin', { until: NOW - 1 })).rejects.toMatchObject({ code: 'role_invalid' })
      expect((await open().read.approvals(tenant.no, { limit: 10 })).length).toBe(before)
    })
  })

  describe('grants', () => {
    it('begin with the role of a token, and its successor inherits them', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { role: 'viewer' })
      await grant(tenant, token.id, 'analyst', { until: NOW + DAY })
      const successor = { ...token, id: `next-${token.id}`, digest: new Uint8Array(32).fill(tenant.no % 200) }
      const rotate = { tenantNo: tenant.no, id: token.id, graceUntil: NOW, reason: 'by_hand', at: NOW, actor: ADMIN } as const
      const done = await open().act('rotateToken', { ...rotate, successor })
      if ('refused' in done) throw new Error('refused')
      const inherited = await open().read.grantsOf(done.successor.no)
      expect(new Map(inherited.map(({ role, until }) => [role, until]))).toEqual(
        new Map<string, number | null>([
          ['viewer', null],
          ['analyst', NOW + DAY],
        ]),
      )
    })

    it('change what every cache holds of the token', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { role: 'viewer' })
      const heard: unknown[] = []
      const stop = open().onChange((change) => void heard.push(change))
      const given = await grant(tenant, token.id, 'analyst')
      await open().act('removeRole', { tenantNo: tenant.no, id: given.id, ground: 'done', at: NOW, actor: ADMIN })
      stop()
      expect(heard).toMatchObject([{ no: token.no }, { no: token.no }])
      expect((await open().read.grantsOf(token.no)).map(({ role }) => role)).toEqual(['viewer'])
    })

    it('end when their time does, and the token then names the role that is left', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { role: 'viewer' })
      await grant(tenant, token.id, 'analyst', { until: NOW + 5 })
      const first = (await open().read.grantsOf(token.no)).find(({ role }) => role === 'viewer')
      await open().act('removeRole', { tenantNo: tenant.no, id: first!.id, ground: 'done', at: NOW, actor: ADMIN })
      expect((await open().read.tokenByNo(token.no))?.role).toBe('analyst')
      await open().act('lapseGrants', { at: NOW + 5, max: 1000 })
      expect((await open().read.tokenByNo(token.no))?.role).toBeNull()
    })

    it('of the last admin stay, also when two are removed at once', async () => {
      const tenant = await addTenant(open())
      const tokens = [
        await issue(open(), tenant, { role: 'admin', ownerId: 'a' }),
        await issue(open(), tenant, { role: 'admin', ownerId: 'b' }),
      ]
      const grants = (await Promise.all(tokens.map(({ no }) => open().read.grantsOf(no)))).flat()
      const remove = (id: string) => open().act('removeRole', { tenantNo: tenant.no, id, ground: 'left', at: NOW, actor: ADMIN })
      const done = await Promise.allSettled(grants.map(({ id }) => remove(id)))
      expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })
  })

  describe('second factors', () => {
    it('take a step once, whoever comes first, and stop after five failures', async () => {
      const tenant = await addTenant(open())
      const { ownerNo } = await issue(open(), tenant)
      await open().act('startFactor', { tenantNo: tenant.no, ownerNo, secret: WRAPPED, at: NOW })
      const prove = (step: number | null, at = NOW) =>
        open().act('proveFactor', { tenantNo: tenant.no, ownerNo, step, at, actor: ADMIN })
      const both = await Promise.all([prove(10), prove(10)])
      expect(both.filter(({ proven }) => proven)).toHaveLength(1)
      await expect(open().act('startFactor', { tenantNo: tenant.no, ownerNo, secret: WRAPPED, at: NOW })).rejects.toMatchObject({
        code: 'factor_exists',
      })
      for (let i = 0; i < 4; i++) await prove(null)
      expect(await prove(11)).toMatchObject({ proven: false, waitMs: 15 * 60_000 })
      expect(await prove(11, NOW + 15 * 60_000)).toEqual({ proven: true })
      expect(await open().read.secondFactor(ownerNo)).toMatchObject({ active: true, lastStep: 11, failures: 0 })
      expect(await open().act('removeFactor', { tenantNo: tenant.no, ownerNo, at: NOW, actor: ADMIN })).toBe(true)
      expect(await eventsOfType(open(), tenant, 'principal.changed')).toHaveLength(2)
    })

    it('are wrapped anew where they are still as they were read', async () => {
      const tenant = await addTenant(open())
      const { ownerNo } = await issue(open(), tenant)
      await open().act('startFactor', { tenantNo: tenant.no, ownerNo, secret: WRAPPED, at: NOW })
      const to = new Uint8Array(77).fill(4)
      expect(await open().act('rewrapFactors', { factors: [{ ownerNo, from: WRAPPED, to }] })).toBe(1)
      expect(await open().act('rewrapFactors', { factors: [{ ownerNo, from: WRAPPED, to }] })).toBe(0)
    })
  })
}
