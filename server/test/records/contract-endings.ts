import { ACTORS, reasonId } from 'tokentrail'
import { describe, expect, it } from 'vitest'
import { hasEnded } from '../../src/records/token-state.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOfType, issue, newToken, NOW } from './fixture.ts'
import type { Records, Tenant } from '../../src/records/records.ts'

export function describeEndings(open: Open): void {
  describe('ending', () => {
    it('revokes once, with reason and event', async () => {
      const tenant = await addTenant(open())
      const { id, no } = await issue(open(), tenant)
      const revoke = { tenantNo: tenant.no, id, reason: 'leaked', note: 'seen on a forum', at: NOW, actor: ADMIN } as const
      const revoked = await open().act('revokeToken', revoke)
      const [event] = await eventsOfType(open(), tenant, 'token.revoked')
      expect(event).toMatchObject({ tokenNo: no, reason: reasonId('leaked'), actorNo: ADMIN.no })
      expect(revoked).toMatchObject({
        event: { writer: event!.writer, seq: event!.seq },
        token: { endedAt: NOW, ending: 'revoked', endingReason: 'leaked', endedByWriter: event!.writer, endedBySeq: event!.seq },
      })
      expect(await open().act('revokeToken', revoke)).toMatchObject({ refused: true })
      expect(await eventsOfType(open(), tenant, 'token.revoked')).toHaveLength(1)
    })

    it('refuses to revoke, change, rotate and suspend what has ended by the clock', async () => {
      const tenant = await addTenant(open())
      const { id } = await issue(open(), tenant, { expiresAt: NOW })
      const about = { tenantNo: tenant.no, id, at: NOW, actor: ADMIN }
      expect(await open().act('revokeToken', { ...about, reason: 'manual' })).toMatchObject({ refused: true })
      expect(await open().act('changeToken', { ...about, change: { expiresAt: null } })).toMatchObject({ refused: true })
      expect(await open().act('suspendToken', about)).toMatchObject({ refused: true })
      const successor = newToken(tenant)
      const rotation = { ...about, successor, graceUntil: NOW + 1, reason: 'by_hand' } as const
      expect(await open().act('rotateToken', rotation)).toMatchObject({ refused: true })
    })

    it('revokes every living generation of a family', async () => {
      const tenant = await addTenant(open())
      const [first, second] = await twoGenerations(open(), tenant)
      await open().act('revokeToken', {
        tenantNo: tenant.no,
        id: second,
        reason: 'compromised',
        family: true,
        at: NOW,
        actor: ADMIN,
      })
      for (const id of [first, second]) expect(await open().read.token(tenant.no, id)).toMatchObject({ ending: 'revoked' })
      expect(await eventsOfType(open(), tenant, 'token.revoked')).toHaveLength(2)
    })

    it('sweeps each expiry and each end of grace once, and counts grace first at the same moment', async () => {
      const tenant = await addTenant(open())
      const expiring = await issue(open(), tenant, { expiresAt: NOW + 5 })
      const living = await issue(open(), tenant, { expiresAt: NOW + 1_000_000 })
      const [first] = await twoGenerations(open(), tenant, { expiresAt: NOW + 60_000 })
      const ours = (tokens: readonly { tenantNo: number; id: string }[]) =>
        tokens.filter(({ tenantNo }) => tenantNo === tenant.no).map(({ id }) => id)
      const sweep = () => open().act('sweep', { at: NOW + 60_000, max: 1_000, purgeBefore: 0 })
      const swept = await sweep()
      expect(ours(swept.expired)).toEqual([expiring.id])
      expect(ours(swept.superseded)).toEqual([first])
      expect(await open().read.token(tenant.no, expiring.id)).toMatchObject({ ending: 'expired', endedAt: NOW + 5, version: 2 })
      expect(await open().read.token(tenant.no, first)).toMatchObject({ ending: 'superseded', endedAt: NOW + 60_000 })
      expect(hasEnded(living, NOW + 60_000)).toBe(false)
      const again = await sweep()
      expect([...ours(again.expired), ...ours(again.superseded)]).toEqual([])
    })

    it('resumes by itself when a timed suspension is over', async () => {
      const tenant = await addTenant(open())
      const { id } = await issue(open(), tenant)
      await open().act('suspendToken', { tenantNo: tenant.no, id, until: NOW + 5, at: NOW, actor: ADMIN })
      const { resumed } = await open().act('sweep', { at: NOW + 5, max: 1_000, purgeBefore: 0 })
      expect(resumed.map((token) => token.id)).toContain(id)
      expect(await open().read.token(tenant.no, id)).toMatchObject({ suspendedAt: null, suspendedUntil: null })
      expect(await eventsOfType(open(), tenant, 'token.resumed')).toMatchObject([{ actorKind: ACTORS.schedule }])
    })

    it('keeps tombstones until their time is over, and notes each that it removes', async () => {
      const tenant = await addTenant(open())
      const { id, no } = await issue(open(), tenant)
      await open().act('revokeToken', { tenantNo: tenant.no, id, reason: 'manual', at: NOW - 1_000, actor: ADMIN })
      await open().act('sweep', { at: NOW, max: 1_000, purgeBefore: NOW - 1_000 })
      expect(await open().read.token(tenant.no, id)).not.toBeNull()
      const { purged } = await open().act('sweep', { at: NOW, max: 1_000, purgeBefore: NOW - 999 })
      expect(purged).toBeGreaterThanOrEqual(1)
      expect(await open().read.token(tenant.no, id)).toBeNull()
      expect(await eventsOfType(open(), tenant, 'token.purged')).toMatchObject([{ tokenNo: no, reason: reasonId('retention') }])
      expect((await issue(open(), tenant)).no).toBeGreaterThan(no)
    })

    it('says when more is left than one sweep may take', async () => {
      const tenant = await addTenant(open())
      for (let index = 0; index < 3; index += 1) await issue(open(), tenant, { expiresAt: NOW - 1 })
      const swept: string[] = []
      for (;;) {
        const { expired, more } = await open().act('sweep', { at: NOW, max: 2, purgeBefore: 0 })
        expect(expired.length).toBeLessThanOrEqual(2)
        swept.push(...expired.map(({ id }) => id))
        if (!more) break
      }
      expect(new Set(swept).size).toBe(swept.length)
      expect(swept.length).toBeGreaterThanOrEqual(3)
    })
  })
}

async function twoGenerations(
  records: Records,
  tenant: Tenant,
  differs: { expiresAt?: number } = {},
): Promise<readonly [string, string]> {
  const { id } = await issue(records, tenant, differs)
  const successor = newToken(tenant)
  const rotation = {
    tenantNo: tenant.no,
    id,
    successor,
    graceUntil: NOW + 60_000,
    reason: 'by_hand',
    at: NOW,
    actor: ADMIN,
  } as const
  await records.act('rotateToken', rotation)
  return [id, successor.id]
}
