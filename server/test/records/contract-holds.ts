import { describe, expect, it } from 'vitest'
import { SEPARATION } from '../../src/records/actions/separation.ts'
import type { HoldScope } from '../../src/records/holds.ts'
import type { Actor, Tenant } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, NOW } from './fixture.ts'

const SECOND: Actor = { no: 8, kind: 'person' }
const DAY = 86_400_000
const ALL: HoldScope = { ownerNo: null, tokenNo: null, from: null, to: null }
const PARAMS = '{"scope":"all"}'

export function describeHolds(open: Open): void {
  const set = (
    tenant: Tenant,
    scope: Partial<HoldScope> = {},
    o: { approval?: string | null; endsAt?: number; params?: string } = {},
  ) =>
    open().act('setHold', {
      tenantNo: tenant.no,
      scope: { ...ALL, ...scope },
      endsAt: o.endsAt ?? NOW + 90 * DAY,
      ground: 'case 7',
      approval: o.approval ?? null,
      params: o.params ?? PARAMS,
      at: NOW,
      actor: ADMIN,
    })
  const release = (tenant: Tenant, id: string, at = NOW + DAY) =>
    open().act('releaseHold', {
      tenantNo: tenant.no,
      id,
      ground: 'closed',
      approval: null,
      params: `{"hold":"${id}"}`,
      at,
      actor: ADMIN,
    })
  const heldBy = (tenant: Tenant, ownerNo: number) => open().read.heldBy(tenant.no, { ownerNo })

  describe('holds', () => {
    it('are set and released, each with its event, and keep an owner meanwhile', async () => {
      const tenant = await addTenant(open())
      const { ownerNo } = await issue(open(), tenant)
      expect(await heldBy(tenant, ownerNo)).toBeNull()
      const hold = await set(tenant, { ownerNo })
      expect(hold).toMatchObject({ ownerNo, tokenNo: null, releasedAt: null, setBy: ADMIN.no })
      expect(await heldBy(tenant, ownerNo)).toBe(hold.id)
      expect(await heldBy(tenant, ownerNo + 1)).toBeNull()
      expect(await release(tenant, hold.id)).toMatchObject({
        releasedAt: NOW + DAY,
        releasedBy: ADMIN.no,
        releaseGround: 'closed',
      })
      expect(await heldBy(tenant, ownerNo)).toBeNull()
      await expect(release(tenant, hold.id)).rejects.toMatchObject({ code: 'not_found' })
      const types = (await eventsOf(open(), tenant)).map(({ type }) => type)
      expect(types.filter((type) => type >= 712 && type <= 716)).toEqual([715, 716, 712, 715, 716, 713])
    })

    it('of a token keep its owner, and of a tenant everybody in it and nobody elsewhere', async () => {
      const [tenant, other] = [await addTenant(open()), await addTenant(open())]
      const [token, stranger] = [await issue(open(), tenant), await issue(open(), other)]
      const ofToken = await set(tenant, { tokenNo: token.no })
      expect(await heldBy(tenant, token.ownerNo)).toBe(ofToken.id)
      await release(tenant, ofToken.id)
      const ofTenant = await set(tenant, { from: NOW - DAY, to: NOW })
      expect(await heldBy(tenant, token.ownerNo)).toBe(ofTenant.id)
      expect(await heldBy(other, stranger.ownerNo)).toBeNull()
      await expect(set(tenant, { ownerNo: stranger.ownerNo })).rejects.toMatchObject({ code: 'not_found' })
      await expect(set(tenant, { tokenNo: stranger.no })).rejects.toMatchObject({ code: 'not_found' })
    })

    it('end by themselves, once, with an event', async () => {
      const tenant = await addTenant(open())
      const hold = await set(tenant, {}, { endsAt: NOW + DAY })
      expect(await open().read.holds({ tenantNo: tenant.no, at: NOW, limit: 5 })).toHaveLength(1)
      expect(await open().act('endHolds', { at: NOW + DAY })).toBeGreaterThanOrEqual(1)
      expect(await open().act('endHolds', { at: NOW + DAY })).toBe(0)
      expect(await open().read.hold(tenant.no, hold.id)).toMatchObject({ releasedBy: 0, releasedAt: NOW + DAY })
      expect(await open().read.holds({ tenantNo: tenant.no, at: NOW + DAY, limit: 5 })).toEqual([])
      expect(await eventsOfType(open(), tenant, 'hold.released')).toHaveLength(1)
    })

    it('refuse an erasure in its own transaction', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      await set(tenant, { ownerNo: token.ownerNo })
      const erase = open().act('beginErasure', {
        tenantNo: tenant.no,
        ownerId: token.ownerId,
        approval: null,
        params: '{}',
        ground: 'asked',
        endTokens: true,
        classes: ['text'],
        keyIds: [],
        keyDigest: '',
        kept: [],
        deadFrom: NOW,
        at: NOW,
        actor: ADMIN,
      })
      await expect(erase).rejects.toMatchObject({ code: 'subject_held' })
      expect(await open().read.owner(tenant.no, token.ownerId)).not.toBeNull()
    })

    it('keep tombstones and keys from going', async () => {
      const [held, free] = [await addTenant(open()), await addTenant(open())]
      const late = NOW + 401 * DAY
      for (const tenant of [held, free]) {
        const { id } = await issue(open(), tenant)
        await open().act('revokeToken', { tenantNo: tenant.no, id, reason: 'owner_left', at: NOW, actor: ADMIN })
        await open().act('putKey', {
          domain: 'address_day',
          tenantNo: tenant.no,
          epoch: 1,
          wrapped: new Uint8Array(8),
          destroyAfter: NOW + DAY,
        })
      }
      await set(held, {}, { endsAt: NOW + 500 * DAY })
      const countOf = (tenant: Tenant, found: readonly { tenantNo: number; count: number }[]) =>
        found.find(({ tenantNo }) => tenantNo === tenant.no)?.count ?? 0
      const due = await open().read.oldTombstones(late)
      expect([countOf(held, due), countOf(free, due)]).toEqual([0, 1])
      while ((await open().act('sweep', { at: late, max: 500, purgeBefore: late - 400 * DAY })).more);
      await open().act('destroyKeys', { before: late })
      const keys = (await open().read.keys()).map(({ tenantNo }) => tenantNo)
      expect([keys.includes(held.no), keys.includes(free.no)]).toEqual([true, false])
      const tokens = async (tenant: Tenant) => (await open().read.lives(tenant.no, { after: 0, limit: 10 })).length
      expect([await tokens(held), await tokens(free)]).toEqual([1, 0])
    })

    it('take two people once separation is enforced: missing, own and other approvals are refused', async () => {
      const tenant = await addTenant(open())
      const install =
        (await open().read.tenantById('default')) ??
        (await open().act('addTenant', { id: 'default', name: 'Default', at: NOW, actor: ADMIN }))
      const enforce = (value: string) =>
        open().act('putSetting', { tenantNo: install.no, name: SEPARATION, value, at: NOW, actor: ADMIN })
      await enforce('enforced')
      try {
        await expect(set(tenant)).rejects.toMatchObject({ code: 'approval_missing' })
        const asked = await open().act('requestApproval', {
          tenantNo: tenant.no,
          action: 'hold.set',
          params: PARAMS,
          ground: 'case 7',
          at: NOW,
          actor: ADMIN,
        })
        const give = (actor: typeof ADMIN) =>
          open().act('decideApproval', { tenantNo: tenant.no, id: asked.id, given: true, at: NOW, actor })
        await expect(give(ADMIN)).rejects.toMatchObject({ code: 'approval_own' })
        await give(SECOND)
        await expect(set(tenant, {}, { approval: asked.id, params: '{"scope":"more"}' })).rejects.toMatchObject({
          code: 'approval_differs',
        })
        expect(await set(tenant, {}, { approval: asked.id })).toMatchObject({ approval: asked.id })
        await expect(set(tenant, {}, { approval: asked.id })).rejects.toMatchObject({ code: 'approval_missing' })
      } finally {
        await enforce('waived')
      }
    })
  })

  describe('retention', () => {
    const change = (tenant: Tenant, o: { class?: number; sealedValues?: number; tombstones?: number }) =>
      open().act('changeRetention', {
        tenantNo: tenant.no,
        class: o.class ?? 1,
        approval: null,
        params: '{}',
        ground: 'less',
        at: NOW,
        actor: ADMIN,
        days: { sealedValues: o.sealedValues ?? 400, tombstones: o.tombstones ?? 400 },
      })

    it('becomes longer alone, and shorter with two', async () => {
      const tenant = await addTenant(open())
      await change(tenant, { class: 3, tombstones: 500 })
      expect(await open().read.tenant(tenant.no)).toMatchObject({ retention: 3 })
      expect(await open().read.retentionDays(tenant.no)).toEqual({ sealedValues: 400, tombstones: 500 })
      expect(await eventsOfType(open(), tenant, 'approval.given')).toEqual([])
      await change(tenant, { class: 2, tombstones: 500 })
      expect(await eventsOfType(open(), tenant, 'approval.given')).toHaveLength(1)
      expect((await open().read.retentionDaysOfAll()).get(tenant.no)).toEqual({ sealedValues: 400, tombstones: 500 })
    })

    it('writes down what went, in an event and in a row that says the same', async () => {
      const tenant = await addTenant(open())
      const run = {
        tenantNo: tenant.no,
        class: 'events',
        days: 30,
        cut: NOW,
        rows: 5,
        bytes: 70,
        keys: 0,
        held: 1,
        leaves: null,
        at: NOW,
      }
      const noted = await open().act('noteRetention', run)
      expect(await open().read.retentionRuns({ tenantNo: tenant.no }, { limit: 5 })).toEqual([noted])
      const [event] = await eventsOfType(open(), tenant, 'retention.applied')
      expect(JSON.parse(event?.detail ?? '')).toMatchObject({ class: 'events', days: 30, rows: 5, bytes: 70, held: 1 })
      expect(await open().read.retentionRuns({ tenantNo: tenant.no, to: NOW }, { limit: 5 })).toEqual([])
    })
  })
}
