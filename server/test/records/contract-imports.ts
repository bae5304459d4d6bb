import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TokenChange } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, newToken, NOW } from './fixture.ts'

export function describeImports(open: Open): void {
  describe('importing and observing', () => {
    it('takes foreign hashes over, skips what exists, and finds them by what their text hashes to', async () => {
      const tenant = await addTenant(open())
      const digest = createHash('sha256').update('legacy-token').digest()
      const taken = await issue(open(), tenant)
      const tokens = [
        newToken(tenant, { id: 'legacy-1', scheme: 'sha256:hex', digest, issuedAt: NOW - 86_400_000, expiresAt: NOW + 1_000 }),
        newToken(tenant, { id: 'legacy-2', scheme: 'sha256:base64', issuedAtKnown: false }),
        newToken(tenant, { id: taken.id }),
      ]
      const heard: TokenChange[] = []
      const off = open().onChange((change) => heard.push(change))
      const result = await open().act('importTokens', { tokens, at: NOW, actor: ADMIN })
      off()
      expect(result.imported.map(({ id }) => id)).toEqual(['legacy-1', 'legacy-2'])
      expect(result.existing).toEqual([taken.id])
      expect(heard).toContain('all')
      expect(await open().read.tenant(tenant.no)).toMatchObject({ foreignTokens: true })
      const found = await open().read.tokenByDigest('sha256:hex', digest, tenant.no)
      expect(found).toMatchObject({ id: 'legacy-1', issuedAt: NOW - 86_400_000, knownSince: NOW })
      expect(await open().read.tokenByDigest('sha512-256', digest)).toBeNull()
      const events = await eventsOfType(open(), tenant, 'token.imported')
      expect(events.map(({ detail }) => JSON.parse(detail).issuedAt)).toEqual([NOW - 86_400_000, null])
    })

    it('imports nothing the second time', async () => {
      const tenant = await addTenant(open())
      const tokens = Array.from({ length: 200 }, (_, index) =>
        newToken(tenant, { id: `again-${index}`, scheme: 'sha256:hex', ownerId: `owner-${index % 7}` }),
      )
      const [one, two] = await Promise.all([
        open().act('importTokens', { tokens, at: NOW, actor: ADMIN }),
        open().act('importTokens', { tokens: tokens.toReversed(), at: NOW, actor: ADMIN }),
      ])
      expect(one.imported.length + two.imported.length).toBe(200)
      expect(one.existing.length + two.existing.length).toBe(200)
      expect(await eventsOfType(open(), tenant, 'token.imported')).toHaveLength(200)
      expect(await open().read.lives(tenant.no, { after: 0, limit: 1_000 })).toHaveLength(200)
    })

    it('refuses more than one call may hold', async () => {
      const tenant = await addTenant(open())
      const tokens = Array.from({ length: 10_001 }, (_, index) => newToken(tenant, { id: `many-${index}`, digest: null }))
      await expect(open().act('importTokens', { tokens, at: NOW, actor: ADMIN })).rejects.toMatchObject({
        code: 'too_many_items',
      })
    })

    it('numbers the tokens of another system once, without an event, and remembers the earliest sight', async () => {
      const tenant = await addTenant(open())
      const seen = (seenAt: number) => ({ id: 'AKIAEXAMPLE', kind: 'access', ownerId: 'arn:alice', seenAt }) as const
      const events = await eventsOf(open(), tenant)
      const [first, same] = await open().act('observeTokens', {
        tenantNo: tenant.no,
        tokens: [seen(NOW), seen(NOW + 5)],
        at: NOW,
      })
      expect(first).toEqual(same)
      expect(first).toMatchObject({ observed: true, scheme: 'observed', digest: null, issuedAtKnown: false, knownSince: NOW })
      const [earlier] = await open().act('observeTokens', { tenantNo: tenant.no, tokens: [seen(NOW - 9)], at: NOW })
      expect(earlier).toMatchObject({ no: first!.no, knownSince: NOW - 9, issuedAt: NOW - 9 })
      expect(await eventsOf(open(), tenant)).toEqual(events)
    })

    it('keeps the earliest ending that another system reports', async () => {
      const tenant = await addTenant(open())
      const tokens = [{ id: 'AKIADELETED', kind: 'access', ownerId: 'bob', seenAt: NOW }] as const
      await open().act('observeTokens', { tenantNo: tenant.no, tokens, at: NOW })
      const ended = (endedAt: number, seq: number) =>
        open().act('noteObserved', {
          tenantNo: tenant.no,
          id: 'AKIADELETED',
          change: { endedAt, ending: 'revoked', endingReason: 'unspecified' },
          endedBy: { writer: 3, seq },
        })
      await ended(NOW + 10, 1)
      expect(await ended(NOW + 20, 2)).toMatchObject({ endedAt: NOW + 10, endedBySeq: 1 })
      expect(await ended(NOW + 5, 3)).toMatchObject({ endedAt: NOW + 5, endedBySeq: 3, ending: 'revoked' })
      const known = await open().act('noteObserved', {
        tenantNo: tenant.no,
        id: 'AKIADELETED',
        change: { issuedAt: NOW - 1, suspendedAt: NOW },
      })
      expect(known).toMatchObject({ issuedAt: NOW - 1, issuedAtKnown: true, suspendedAt: NOW })
      expect(await open().act('noteObserved', { tenantNo: tenant.no, id: 'nobody', change: {} })).toBeNull()
    })
  })
}
