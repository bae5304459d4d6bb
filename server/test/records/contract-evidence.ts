import { describe, expect, it } from 'vitest'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOfType, issue, NOW } from './fixture.ts'

let made = 0
const pack = (more: object = {}) => ({
  id: `pck_${(made += 1)}${Math.floor(NOW / 1000)}`,
  name: 'access-review',
  params: '{}',
  level: 'pseudonymous' as const,
  recipient: 'Auditor',
  from: NOW - 1000,
  to: NOW,
  expiresAt: NOW + 5000,
  ...more,
})
const person = (no: number) => ({ no, kind: 'person' }) as const

/** Evidence packs, reviews, and what evidence asks of owners. */
export function describeEvidence(open: Open): void {
  describe('evidence packs and reviews', () => {
    const request = (tenantNo: number, more: object = {}, at = NOW) =>
      open().act('requestPack', { tenantNo, pack: pack(more), approval: null, at, actor: person(7) })

    it('keeps a pack from its request to its lapse, and its export as an event with its digest', async () => {
      const tenant = await addTenant(open())
      const asked = await request(tenant.no)
      expect(asked).toMatchObject({ state: 'making', requesterNo: 7, approval: null, digest: null, event: null })
      const noted = await open().act('notePack', {
        tenantNo: tenant.no,
        id: asked.id,
        digest: 'ab'.repeat(32),
        rows: 5,
        at: NOW + 1,
      })
      expect(noted).toMatchObject({ state: 'making', rows: 5, event: expect.stringMatching(/^evt_/) })
      const [event] = await eventsOfType(open(), tenant, 'report.exported')
      expect(JSON.parse(event!.detail)).toMatchObject({
        report: 'access-review',
        digest: 'ab'.repeat(32),
        redaction: 'pseudonymous',
        rows: 5,
      })
      const ready = await open().act('finishPack', { tenantNo: tenant.no, id: asked.id, bytes: 99, at: NOW + 2 })
      expect(ready).toMatchObject({ state: 'ready', bytes: 99, finishedAt: NOW + 2 })
      expect(await open().read.pack(tenant.no, asked.id)).toEqual(ready)
      expect(await open().read.pack(tenant.no + 1, asked.id)).toBeNull()
      const gone = await open().act('lapsePacks', { at: NOW + 5000, makingBefore: 0 })
      expect(gone.map(({ id }) => id)).toContain(asked.id)
      expect(await open().read.pack(tenant.no, asked.id)).toMatchObject({ state: 'lapsed', digest: 'ab'.repeat(32) })
    })

    it('gives up what was being made when its process ended', async () => {
      const tenant = await addTenant(open())
      const [old, fresh] = [await request(tenant.no, {}, NOW - 10), await request(tenant.no)]
      await open().act('lapsePacks', { at: NOW, makingBefore: NOW })
      const states = await Promise.all([old, fresh].map(({ id }) => open().read.pack(tenant.no, id)))
      expect(states.map((each) => each?.state)).toEqual(['failed', 'making'])
      await open().act('failPack', { tenantNo: tenant.no, id: fresh.id, failure: 'why', at: NOW })
      expect(await open().read.pack(tenant.no, fresh.id)).toMatchObject({ state: 'failed', failure: 'why' })
    })

    it('drops packs that hold rows, ready or in the making, and those for somebody who was erased; nothing is finished then', async () => {
      const tenant = await addTenant(open())
      const place = { tenantNo: tenant.no, at: NOW }
      const finish = (id: string) => open().act('finishPack', { ...place, id, bytes: 9 })
      const note = (id: string) => open().act('notePack', { ...place, id, digest: 'ab', rows: 1 })
      const [ready, making, noted] = [await request(tenant.no), await request(tenant.no), await request(tenant.no)]
      const figures = await request(tenant.no, { level: 'aggregate' })
      const addressed = await request(tenant.no, { level: 'aggregate', recipient: 'Erin erased-a1b2' })
      for (const { id } of [ready, figures, addressed]) await finish(id)
      await note(noted.id)
      const told: unknown[] = []
      const stop = open().onChange((change) => void told.push(change))
      const gone = await open().act('dropPacks', { tenantNo: tenant.no })
      stop()
      expect(gone.map(({ id }) => id).toSorted()).toEqual([ready, making, noted, addressed].map(({ id }) => id).toSorted())
      expect(told).toContain('all')
      for (const act of [() => note(making.id), () => finish(making.id), () => finish(noted.id)])
        await expect(act()).rejects.toMatchObject({ code: 'pack_dropped' })
      const states = await open().read.packStates([ready.id, figures.id, noted.id, 'pck_0'])
      expect(Object.fromEntries(states)).toEqual({ [ready.id]: 'lapsed', [figures.id]: 'ready', [noted.id]: 'lapsed' })
      const review = {
        ...place,
        id: `rev_${noted.id}`,
        kind: 'access',
        packId: noted.id,
        open: 0,
        note: null,
        actor: person(8),
      } as const
      await expect(open().act('signReview', review)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('lists packs newest first, by key', async () => {
      const tenant = await addTenant(open())
      const packs = []
      for (let i = 0; i < 5; i += 1) packs.push(await request(tenant.no, {}, NOW + Math.floor(i / 2)))
      const expected = packs.toSorted((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1)).map(({ id }) => id)
      const first = await open().read.packs(tenant.no, { limit: 3 })
      const last = first.at(-1)!
      const rest = await open().read.packs(tenant.no, { limit: 3, before: { at: last.requestedAt, id: last.id } })
      expect([...first, ...rest].map(({ id }) => id)).toEqual(expected)
    })

    it('with names spends the approval of a second person, in the same transaction', async () => {
      const tenant = await addTenant(open())
      const params = '{"pack":"access-review"}'
      const ask = { tenantNo: tenant.no, action: 'export.identified', params, ground: 'audit', at: NOW } as const
      const approval = await open().act('requestApproval', { ...ask, actor: person(7) })
      const named = (id: string, text: string) =>
        open().act('requestPack', {
          tenantNo: tenant.no,
          pack: pack({ level: 'identified' }),
          approval: { id, params: text, ground: '' },
          at: NOW,
          actor: person(7),
        })
      await expect(named(approval.id, params)).rejects.toMatchObject({ code: 'approval_missing' })
      await open().act('decideApproval', { tenantNo: tenant.no, id: approval.id, given: true, at: NOW, actor: person(8) })
      await expect(named(approval.id, '{"pack":"other"}')).rejects.toMatchObject({ code: expect.stringMatching(/^approval_/) })
      expect(await named(approval.id, params)).toMatchObject({ level: 'identified', approval: approval.id })
      await expect(named(approval.id, params)).rejects.toMatchObject({ code: 'approval_missing' })
    })

    it('is signed once by each person, with what was signed in the event', async () => {
      const tenant = await addTenant(open())
      const { id } = await request(tenant.no)
      const sign = (signer: number) =>
        open().act('signReview', {
          tenantNo: tenant.no,
          id: `rev_${signer}_${id}`,
          kind: 'access',
          packId: id,
          open: 3,
          note: 'seen',
          at: NOW + 3,
          actor: person(signer),
        })
      await expect(sign(8)).rejects.toMatchObject({ code: 'not_found' })
      await open().act('notePack', { tenantNo: tenant.no, id, digest: 'cd'.repeat(32), rows: 1, at: NOW })
      await open().act('finishPack', { tenantNo: tenant.no, id, bytes: 1, at: NOW })
      const review = await sign(8)
      expect(review).toMatchObject({
        kind: 'access',
        digest: 'cd'.repeat(32),
        makerNo: 7,
        signerNo: 8,
        waived: false,
        open: 3,
        note: 'seen',
      })
      await expect(sign(8)).rejects.toMatchObject({ code: 'review_exists' })
      expect(await sign(7)).toMatchObject({ waived: true })
      const details = (await eventsOfType(open(), tenant, 'review.signed')).map(({ detail }) => JSON.parse(detail))
      expect(details).toMatchObject([{ review: 'access', digest: 'cd'.repeat(32), open: 3 }, { waived: true }])
      expect(await open().read.review(tenant.no, review.id)).toEqual(review)
      expect(await open().read.reviews({ tenantNo: tenant.no, kind: 'daily' }, { limit: 5 })).toEqual([])
      expect(await open().read.reviews({ tenantNo: tenant.no, from: NOW, to: NOW + 9 }, { limit: 5 })).toHaveLength(2)
    })

    it('finds disabled owners and all tokens of an owner, by number', async () => {
      const tenant = await addTenant(open())
      const tokens = []
      for (let i = 0; i < 3; i += 1) tokens.push(await issue(open(), tenant, { ownerId: 'gone' }))
      await issue(open(), tenant, { ownerId: 'here' })
      await open().act('putOwner', { tenantNo: tenant.no, id: 'gone', disabled: true, at: NOW + 4, actor: ADMIN })
      const window = { from: NOW, to: NOW + 10 }
      const [owner] = await open().read.disabledOwners(tenant.no, window, { after: 0, limit: 9 })
      expect(owner).toMatchObject({ id: 'gone', disabledAt: NOW + 4 })
      expect(await open().read.disabledOwners(tenant.no, { from: NOW, to: NOW + 4 }, { after: 0, limit: 9 })).toEqual([])
      expect(await open().read.disabledOwners(tenant.no, window, { after: owner!.no, limit: 9 })).toEqual([])
      const found = await open().read.tokensOfOwner(tenant.no, owner!.no, { after: 0, limit: 2 })
      const rest = await open().read.tokensOfOwner(tenant.no, owner!.no, { after: found[1]!.no, limit: 2 })
      expect([...found, ...rest].map(({ no }) => no)).toEqual(tokens.map(({ no }) => no))
    })
  })
}
