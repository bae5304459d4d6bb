import { describe, expect, it } from 'vitest'
import { createRunWriter } from '../../src/event/runs.ts'
import type { NewBatch } from '../../src/records/batches.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOfType, issue, NOW } from './fixture.ts'

let journals = 1000

/** A batch over these numbers of writer 5. */
function batchOf(
  journal: number,
  tenantNo: number,
  [from, to]: readonly [number, number],
  seqs: readonly number[],
  writer = 5,
): NewBatch {
  const runs = createRunWriter()
  seqs.forEach((seq, i) => runs.add(writer + (writer === 5 ? 0 : i), seq))
  const counts = { rows: seqs.length, events: seqs.length * 2, accepted: seqs.length, rejected: 0 }
  const times = seqs.length === 0 ? { firstAt: null, lastAt: null } : { firstAt: NOW, lastAt: NOW + 5 }
  return { journal, tenantNo, from, to, ...counts, ...times, root: new Uint8Array(32).fill(from), runs: runs.runs() }
}

export function describeBatches(open: Open): void {
  describe('batches', () => {
    it('are recorded once, with totals that continue, and found by the number of an event', async () => {
      const { no } = await addTenant(open())
      const journal = (journals += 1)
      const [first, second] = [batchOf(journal, no, [0, 9], [1, 2, 3, 7]), batchOf(journal, no, [9, 12], [4, 8])]
      const recorded = await open().act('addBatches', { batches: [first, second] })
      expect(recorded).toMatchObject([
        { rowsTotal: 4, eventsTotal: 8 },
        { rowsTotal: 6, eventsTotal: 12 },
      ])
      expect(await open().act('addBatches', { batches: [second, batchOf(journal, no, [12, 13], [])] })).toMatchObject([
        recorded[1],
        { rows: 0, rowsTotal: 6, eventsTotal: 12 },
      ])
      const found = async (seq: number) => (await open().read.batchOf(no, { writer: 5, seq }))?.id
      expect([await found(3), await found(7), await found(4), await found(8)]).toEqual([
        recorded[0]?.id,
        recorded[0]?.id,
        recorded[1]?.id,
        recorded[1]?.id,
      ])
      expect([await found(5), await found(9), await open().read.batchOf(no + 1, { writer: 5, seq: 3 })]).toEqual([
        undefined,
        undefined,
        null,
      ])
      expect((await open().read.batches({ tenantNo: no }, { limit: 10 })).map(({ from, to }) => [from, to])).toEqual([
        [0, 9],
        [9, 12],
        [12, 13],
      ])
      expect((await open().read.lastBatches()).filter(({ tenantNo }) => tenantNo === no)).toMatchObject([{ from: 12, to: 13 }])
    })

    it('begin their totals anew where a restored backup took some away', async () => {
      const { no } = await addTenant(open())
      const journal = (journals += 1)
      const recorded = await open().act('addBatches', {
        batches: [batchOf(journal, no, [0, 9], [1]), batchOf(journal, no, [20, 21], [9])],
      })
      expect(recorded).toMatchObject([{ rowsTotal: 1 }, { rowsTotal: 1, eventsTotal: 2 }])
    })

    it('of very many writers are found by the number alone', async () => {
      const { no } = await addTenant(open())
      const numbers = Array.from({ length: 100 }, (_, i) => i)
      const [batch] = await open().act('addBatches', { batches: [batchOf((journals += 1), no, [0, 1], numbers, 700)] })
      expect((await open().read.batchOf(no, { writer: 750, seq: 50 }))?.id).toBe(batch?.id)
      expect(await open().read.batchOf(no, { writer: 750, seq: 51 })).toBeNull()
    })

    it('keep the hashes of erased rows, the first for each', async () => {
      const { no } = await addTenant(open())
      const leaves = [1, 2, 3].map((seq) => ({ writer: 5, seq, hash: new Uint8Array(32).fill(seq) }))
      expect(await open().act('keepLeaves', { tenantNo: no, leaves })).toBe(3)
      expect(await open().act('keepLeaves', { tenantNo: no, leaves: [{ writer: 5, seq: 2, hash: new Uint8Array(32) }] })).toBe(0)
      expect(await open().read.keptLeaves(no, { writer: 5, from: 2, to: 9 })).toEqual(leaves.slice(1))
      expect(await open().read.keptLeaves(no, { writer: 6, from: 0, to: 9 })).toEqual([])
    })
  })

  describe('denials', () => {
    it('enter once as a suspension with emergency, and stop the token', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const about = {
        tenantNo: tenant.no,
        tokenId: token.id,
        installTenantNo: tenant.no,
        deniedAt: NOW - 9,
        at: NOW,
        actor: ADMIN,
      }
      const key = `k-${token.no}-${tenant.id}`
      for (let round = 0; round < 2; round++)
        expect(await open().act('enterDenial', { ...about, key })).toMatchObject([
          { no: token.no, suspendedAt: NOW - 9, suspendedUntil: null },
        ])
      const events = await eventsOfType(open(), tenant, 'token.suspended')
      expect(events.map(({ tokenNo, actorNo, detail }) => ({ tokenNo, actorNo, ...JSON.parse(detail) }))).toEqual([
        { tokenNo: token.no, actorNo: ADMIN.no, until: null, emergency: true, deniedAt: NOW - 9 },
      ])
    })

    it('make a timed suspension one without an end', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      await open().act('suspendToken', { tenantNo: tenant.no, id: token.id, until: NOW + 9, at: NOW, actor: ADMIN })
      const about = { tenantNo: null, tokenId: token.id, installTenantNo: tenant.no, deniedAt: NOW, at: NOW, actor: ADMIN }
      expect(await open().act('enterDenial', { ...about, key: `t-${token.no}-${tenant.id}` })).toMatchObject([
        { suspendedUntil: null },
      ])
    })
  })
}
