import { describe, expect, it } from 'vitest'
import { TYPES } from 'tokentrail'
import type { OutboxEvent } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, issue, newToken, NOW } from './fixture.ts'

export function describeOutbox(open: Open): void {
  describe('outbox', () => {
    it('hands out every event exactly once while actions run, without a gap, also where actions fail', async () => {
      const tenant = await addTenant(open())
      await drain()
      const relayed: OutboxEvent[] = []
      const done = new AbortController()
      const relay = (async () => {
        while (!done.signal.aborted) relayed.push(...(await drain()))
        relayed.push(...(await drain()))
      })()
      const taken = await issue(open(), tenant)
      const actions = Array.from({ length: 300 }, (_, index) => {
        const token = newToken(tenant, index % 3 === 0 ? { id: taken.id } : {})
        return open().act('issueToken', { token, at: NOW, actor: ADMIN })
      })
      const settled = await Promise.allSettled(actions)
      done.abort()
      await relay
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(200)
      const ours = relayed.filter(({ event }) => event.tenant === tenant.no)
      expect(ours).toHaveLength(201)
      for (const [writer, events] of Map.groupBy(ours, (one) => one.writer)) {
        const seqs = events.map(({ seq }) => seq)
        expect({ writer, seqs }).toEqual({ writer, seqs: seqs.map((_, index) => seqs[0]! + index) })
      }
      expect(await open().outbox(10)).toEqual([])
    })

    it('tells of a commit that left something, and not of one that did not', async () => {
      const tenant = await addTenant(open())
      let told = 0
      const off = open().onOutbox(() => (told += 1))
      await issue(open(), tenant)
      expect(told).toBe(1)
      await open().act('leaseWriter', { purpose: 'journal', at: NOW })
      expect(told).toBe(1)
      off()
      await issue(open(), tenant)
      expect(told).toBe(1)
    })

    it('forgets only what is named', async () => {
      const tenant = await addTenant(open())
      await drain()
      for (let index = 0; index < 3; index += 1) await issue(open(), tenant)
      const [first, second, third] = await open().outbox(10)
      await open().act('forgetOutbox', { events: [second!] })
      expect(await open().outbox(10)).toEqual([first, third])
      expect(await open().outbox(1)).toEqual([first])
    })

    it('notes critical events that change nothing here, and refuses others', async () => {
      const tenant = await addTenant(open())
      const exported = {
        tenantNo: tenant.no,
        type: TYPES['report.exported'].id,
        facts: { actorNo: 3, detail: '{"rows":1}' },
        at: NOW,
      }
      const number = await open().act('noteCritical', exported)
      const noted = (await open().outbox(10_000)).find(({ writer, seq }) => writer === number.writer && seq === number.seq)
      expect(noted?.event).toMatchObject({
        ...number,
        tenant: tenant.no,
        type: exported.type,
        actorNo: 3,
        occurredAt: NOW,
        detail: '{"rows":1}',
      })
      const counted = { ...exported, type: TYPES['token.validated'].id }
      await expect(open().act('noteCritical', counted)).rejects.toBeInstanceOf(TypeError)
    })

    async function drain(): Promise<readonly OutboxEvent[]> {
      const events = await open().outbox(10_000)
      await open().act('forgetOutbox', { events })
      return events
    }
  })
}
