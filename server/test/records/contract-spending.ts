import { OUTCOMES, reasonId } from 'tokentrail'
import { describe, expect, it } from 'vitest'
import type { NewToken } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, NOW } from './fixture.ts'

export function describeSpending(open: Open): void {
  describe('spending', () => {
    it('lets exactly one of 1,000 parallel consumers win, and names the winner to the others', async () => {
      const tenant = await addTenant(open())
      const { no } = await issue(open(), tenant, { kind: 'action', expiresAt: NOW + 1 })
      const consume = (_: unknown, index: number) =>
        open().act('consumeToken', {
          tenantNo: tenant.no,
          no,
          at: NOW,
          facts: { network: 2n ** 64n - 1n - BigInt(index), clientHash: index },
        })
      const results = await Promise.all(Array.from({ length: 1_000 }, consume))
      const winners = results.filter((result) => !('refused' in result))
      expect(winners).toHaveLength(1)
      const [{ token, event }] = winners as [Extract<(typeof results)[number], { event: unknown }>]
      expect(token).toMatchObject({ ending: 'consumed', endedAt: NOW, endedByWriter: event.writer, endedBySeq: event.seq })
      expect(token.endedNetwork).toBe(2n ** 64n - 1n - BigInt(token.endedClientHash))
      for (const result of results) expect(result.token).toEqual(token)
      const consumed = await eventsOfType(open(), tenant, 'token.consumed')
      expect(consumed).toHaveLength(1)
      expect(consumed[0]).toMatchObject({
        ...event,
        outcome: OUTCOMES.accepted,
        reason: reasonId('valid'),
        network: token.endedNetwork,
      })
    })

    const unspendable: readonly [string, Partial<NewToken>][] = [
      ['has expired', { expiresAt: NOW }],
      ['is not yet valid', { notBefore: NOW + 1 }],
    ]
    it.each(unspendable)('refuses to consume a token that %s', async (_, differs) => {
      const tenant = await addTenant(open())
      const { no } = await issue(open(), tenant, { kind: 'action', ...differs })
      expect(await open().act('consumeToken', { tenantNo: tenant.no, no, at: NOW, facts: {} })).toMatchObject({ refused: true })
    })

    it('refuses to consume a token that is suspended, and takes it again when a timed suspension is over', async () => {
      const tenant = await addTenant(open())
      const { no, id } = await issue(open(), tenant, { kind: 'action' })
      await open().act('suspendToken', { tenantNo: tenant.no, id, until: NOW + 10, at: NOW, actor: ADMIN })
      const consume = (at: number) => open().act('consumeToken', { tenantNo: tenant.no, no, at, facts: {} })
      expect(await consume(NOW + 9)).toMatchObject({ refused: true, token: { suspendedAt: NOW, endedAt: null } })
      expect(await consume(NOW + 10)).toMatchObject({ token: { ending: 'consumed' } })
    })

    it('refuses to consume a token whose owner is disabled', async () => {
      const tenant = await addTenant(open())
      const { no } = await issue(open(), tenant, { kind: 'action', ownerId: 'gone' })
      await open().act('putOwner', { tenantNo: tenant.no, id: 'gone', disabled: true, at: NOW, actor: ADMIN })
      const consume = () => open().act('consumeToken', { tenantNo: tenant.no, no, at: NOW, facts: {} })
      expect(await consume()).toMatchObject({ refused: true, token: { ownerDisabled: true } })
      await open().act('putOwner', { tenantNo: tenant.no, id: 'gone', disabled: false, at: NOW, actor: ADMIN })
      expect(await consume()).toMatchObject({ token: { ending: 'consumed' } })
    })

    it("does not touch another tenant's token", async () => {
      const [one, two] = [await addTenant(open()), await addTenant(open())]
      const token = await issue(open(), one, { kind: 'action', usesMax: 1, attemptsMax: 1 })
      const about = { tenantNo: two.no, no: token.no, at: NOW, facts: {} }
      await expect(open().act('consumeToken', about)).rejects.toMatchObject({ code: 'not_found' })
      await expect(open().act('useToken', about)).rejects.toMatchObject({ code: 'not_found' })
      await expect(open().act('attemptToken', { ...about, succeeded: false })).rejects.toMatchObject({ code: 'not_found' })
      const named = { tenantNo: two.no, id: token.id, at: NOW, actor: ADMIN }
      await expect(open().act('revokeToken', { ...named, reason: 'manual' })).rejects.toMatchObject({ code: 'not_found' })
      await expect(open().act('suspendToken', named)).rejects.toMatchObject({ code: 'not_found' })
      await expect(open().act('changeToken', { ...named, change: { name: 'mine' } })).rejects.toMatchObject({ code: 'not_found' })
      expect(await open().read.token(one.no, token.id)).toEqual(token)
    })

    it('gives out exactly as many uses as there are, and the last one ends the token', async () => {
      const tenant = await addTenant(open())
      const { no, id } = await issue(open(), tenant, { usesMax: 7 })
      const uses = Array.from({ length: 50 }, () =>
        open().act('useToken', { tenantNo: tenant.no, no, at: NOW, facts: { reason: reasonId('valid') } }),
      )
      const taken = (await Promise.all(uses)).flatMap((result) => ('refused' in result ? [] : [result.usesLeft]))
      expect(new Set(taken)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]))
      expect(taken).toHaveLength(7)
      const [exhausted, ...more] = await eventsOfType(open(), tenant, 'token.exhausted')
      expect(more).toEqual([])
      expect(exhausted).toMatchObject({ outcome: OUTCOMES.none, reason: reasonId('none') })
      const token = await open().read.token(tenant.no, id)
      expect(token).toMatchObject({
        ending: 'exhausted',
        usesLeft: 0,
        endedByWriter: exhausted!.writer,
        endedBySeq: exhausted!.seq,
      })
    })

    it('lets nobody guess more often than allowed, however many guess at once', async () => {
      const tenant = await addTenant(open())
      const { no } = await issue(open(), tenant, { kind: 'validation', attemptsMax: 5 })
      const attempt = (succeeded: boolean) =>
        open().act('attemptToken', { tenantNo: tenant.no, no, succeeded, at: NOW, facts: {} })
      const results = await Promise.all(Array.from({ length: 40 }, () => attempt(false)))
      const taken = results.flatMap((result) => ('refused' in result ? [] : [result]))
      expect(new Set(taken.map(({ attemptsUsed }) => attemptsUsed))).toEqual(new Set([1, 2, 3, 4, 5]))
      expect(taken).toHaveLength(5)
      expect(taken.filter(({ locked }) => locked)).toHaveLength(1)
      const [locked] = await eventsOfType(open(), tenant, 'token.locked')
      expect(taken.find((result) => result.locked)).toMatchObject({
        event: { writer: locked!.writer, seq: locked!.seq },
        token: { ending: 'locked' },
      })
      expect(await attempt(true)).toMatchObject({ refused: true, token: { ending: 'locked', attemptsUsed: 5 } })
    })

    it('ends a validation token with its first success', async () => {
      const tenant = await addTenant(open())
      const { no } = await issue(open(), tenant, { kind: 'validation', attemptsMax: 3 })
      const attempt = (succeeded: boolean) =>
        open().act('attemptToken', { tenantNo: tenant.no, no, succeeded, at: NOW, facts: {} })
      expect(await attempt(false)).toMatchObject({ attemptsUsed: 1, locked: false, event: null, token: { endedAt: null } })
      const success = await attempt(true)
      expect(success).toMatchObject({ attemptsUsed: 2, locked: false, token: { ending: 'consumed' } })
      const [consumed] = await eventsOfType(open(), tenant, 'token.consumed')
      expect(success).toMatchObject({ event: { writer: consumed!.writer, seq: consumed!.seq } })
      expect(await attempt(true)).toMatchObject({ refused: true })
    })

    it('notes when a token was handed over, and takes it back when it bounced', async () => {
      const tenant = await addTenant(open())
      const { id } = await issue(open(), tenant, { kind: 'validation', channel: 'email' })
      const before = await eventsOf(open(), tenant)
      expect(await open().act('noteSent', { tenantNo: tenant.no, id, at: NOW, delivered: true })).toMatchObject({ sentAt: NOW })
      expect(await open().act('noteSent', { tenantNo: tenant.no, id, at: NOW, delivered: false })).toMatchObject({
        sentAt: null,
        version: 3,
      })
      expect(await eventsOf(open(), tenant)).toEqual(before)
    })
  })
}
