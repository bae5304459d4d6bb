import { TYPES } from 'tokentrail'
import { describe, expect, it } from 'vitest'
import type { Tenant } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, NOW } from './fixture.ts'

const DAY = 86_400_000
const OWNER = 'erin.mustermann@example.org'

export function describeSubjects(open: Open): void {
  describe('people', () => {
    const begin = (tenant: Tenant, differs: object = {}) =>
      open().act('beginErasure', {
        tenantNo: tenant.no,
        ownerId: OWNER,
        approval: null,
        params: '{}',
        ground: 'they asked',
        endTokens: true,
        classes: ['identity', 'text'],
        keyIds: [],
        keyDigest: 'd',
        kept: [],
        deadFrom: NOW + 30 * DAY,
        at: NOW,
        actor: ADMIN,
        ...differs,
      })

    it('are taken out of owner, tokens and every text, and what is left is a surrogate', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, {
        ownerId: OWNER,
        name: 'laptop',
        metadata: { host: 'h' },
        cidrs: ['10.0.0.0/8'],
      })
      const other = await issue(open(), tenant, {
        ownerId: 'svc',
        name: `asked by ${OWNER}.`,
        metadata: { by: OWNER, near: `x${OWNER}` },
      })
      await open().act('putOwner', { tenantNo: tenant.no, id: OWNER, name: 'Erin', at: NOW, actor: ADMIN })
      await open().act('putSetting', { tenantNo: tenant.no, name: 'p', value: `{"by":"${OWNER}"}`, at: NOW, actor: ADMIN })
      const erasure = await begin(tenant)
      expect(erasure).toMatchObject({ state: 'begun', tokens: [token.no], terms: [OWNER, 'Erin'], ownerNo: token.ownerNo })
      expect(await open().read.owner(tenant.no, OWNER)).toBeNull()
      expect(await open().read.ownersByNo([token.ownerNo])).toMatchObject([{ id: erasure.surrogate, name: null }])
      expect(await open().read.token(tenant.no, token.id)).toMatchObject({
        ownerId: erasure.surrogate,
        name: null,
        metadata: {},
        cidrs: [],
        ending: 'revoked',
        endingReason: 'owner_left',
      })
      expect(await open().read.token(tenant.no, other.id)).toMatchObject({
        name: `asked by ${erasure.surrogate}.`,
        metadata: { by: erasure.surrogate, near: `x${OWNER}` },
      })
      expect(await open().read.setting(tenant.no, 'p')).toBe(`{"by":"${erasure.surrogate}"}`)
    })

    it('lose their second factor, and their names go from grounds of roles, recipients of packs and notes of reviews', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { ownerId: OWNER })
      const place = { tenantNo: tenant.no, at: NOW }
      await open().act('startFactor', { ...place, ownerNo: token.ownerNo, secret: new Uint8Array(8) })
      const id = `pck_${tenant.no}0`
      const asked = { id, name: 'retention', params: '{}', level: 'aggregate', recipient: `for ${OWNER}` } as const
      const pack = { ...asked, from: NOW - 1, to: NOW, expiresAt: NOW + DAY }
      await open().act('requestPack', { ...place, pack, approval: null, actor: ADMIN })
      await open().act('notePack', { ...place, id, digest: 'ab', rows: 0 })
      await open().act('finishPack', { ...place, id, bytes: 9 })
      const note = `seen with ${OWNER}`
      const signed = { ...place, id: `rev_${tenant.no}0`, kind: 'access', packId: id, open: 0, note } as const
      await open().act('signReview', { ...signed, actor: { no: ADMIN.no + 1, kind: 'person' } })
      const { surrogate } = await begin(tenant)
      expect(await open().read.secondFactor(token.ownerNo)).toBeNull()
      expect(await open().read.pack(tenant.no, id)).toMatchObject({ recipient: `for ${surrogate}` })
      expect(await open().read.review(tenant.no, signed.id)).toMatchObject({ note: `seen with ${surrogate}` })
      expect((await open().act('dropPacks', { tenantNo: tenant.no })).map((each) => each.id)).toEqual([id])
    })

    it('whose tokens work are not erased by mistake, and then nothing is changed', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { ownerId: OWNER })
      await expect(begin(tenant, { endTokens: false })).rejects.toMatchObject({ code: 'subject_active', input: 'endTokens' })
      expect(await open().read.token(tenant.no, token.id)).toMatchObject({ ownerId: OWNER, endedAt: null })
      await expect(begin(tenant, { ownerId: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
    })

    it('leave an event without identity, and an erasure that knows no name any more', async () => {
      const tenant = await addTenant(open())
      await issue(open(), tenant, { ownerId: OWNER })
      const { id } = await begin(tenant, { keyIds: ['k1', 'k2'], keyDigest: 'digest' })
      expect((await open().read.erasures({ state: 'begun', tenantNo: tenant.no, limit: 10 })).map((each) => each.id)).toEqual([
        id,
      ])
      const [first, again] = [
        await open().act('finishErasure', { id, at: NOW + 5 }),
        await open().act('finishErasure', { id, at: NOW + 9 }),
      ]
      expect(first).toMatchObject({ state: 'done', doneAt: NOW + 5, tokens: [], keyIds: [], terms: [] })
      expect(again).toEqual(first)
      const events = await eventsOfType(open(), tenant, 'subject.erased')
      expect(events).toMatchObject([{ ownerNo: 0, tokenNo: 0, actorNo: ADMIN.no }])
      expect(JSON.parse(events[0]!.detail)).toEqual({
        count: 0,
        classes: ['identity', 'text'],
        policy: [],
        digest: 'digest',
        keys: 2,
        deadInBackupsFrom: NOW + 30 * DAY,
      })
      const types = (await eventsOf(open(), tenant)).map(({ type }) => type)
      expect(types).toContain(TYPES['approval.given'].id)
    })

    it('whose class is kept by law are let go when its time is over', async () => {
      const tenant = await addTenant(open())
      await issue(open(), tenant, { ownerId: OWNER })
      const kept = [{ class: 'text', until: NOW + DAY, ground: 'tax law', keyIds: ['k9'] }]
      const { id } = await begin(tenant, { classes: ['identity'], kept })
      await open().act('finishErasure', { id, at: NOW })
      expect(await open().act('releaseKept', { id, classes: ['text'], keyDigest: 'later', at: NOW + DAY })).toMatchObject({
        kept: [],
      })
      const details = (await eventsOfType(open(), tenant, 'subject.erased')).map(({ detail }) => JSON.parse(detail))
      expect(details).toMatchObject([
        { policy: [{ class: 'text', keepUntil: NOW + DAY, ground: 'tax law' }] },
        { classes: ['text'], policy: [], digest: 'later', keys: 1 },
      ])
    })

    it('leave nothing behind in the write-ahead log', async () => {
      expect(await open().scrub()).toBe(true)
    })

    it('are restricted and freed again, each with its ground', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { ownerId: OWNER })
      const restrict = (restricted: boolean) =>
        open().act('restrictSubject', {
          tenantNo: tenant.no,
          ownerId: OWNER,
          restricted,
          ground: 'disputed',
          at: NOW,
          actor: ADMIN,
        })
      expect(await restrict(true)).toEqual({
        tenantNo: tenant.no,
        ownerNo: token.ownerNo,
        ground: 'disputed',
        setAt: NOW,
        setBy: ADMIN.no,
      })
      expect(await open().read.restrictions(tenant.no)).toHaveLength(1)
      expect(await restrict(false)).toBeNull()
      expect(await open().read.restrictions(tenant.no)).toEqual([])
      expect(await eventsOfType(open(), tenant, 'subject.restricted')).toHaveLength(2)
    })

    it('are looked up twenty times a day, each recorded; a sealed value takes a second person at once', async () => {
      const tenant = await addTenant(open())
      const actor = { no: 900_000 + tenant.no, kind: 'person' } as const
      const reveal = (action: 'pseudonym' | 'value', at: number) =>
        open().act('noteReveal', {
          tenantNo: tenant.no,
          action,
          max: 2,
          approval: null,
          params: '{}',
          ground: 'g',
          ownerNo: 0,
          at,
          actor,
          detail: { of: 'address' },
        })
      for (let i = 0; i < 3; i++) await reveal('pseudonym', NOW)
      expect(await open().read.revealsOf(tenant.no, actor.no, NOW)).toBe(3)
      const approvals = async () => (await eventsOfType(open(), tenant, 'approval.given')).length
      expect(await approvals()).toBe(1)
      await reveal('pseudonym', NOW + DAY)
      expect(await open().read.revealsOf(tenant.no, actor.no, NOW + DAY)).toBe(1)
      await reveal('value', NOW + DAY)
      expect(await approvals()).toBe(2)
      const details = (await eventsOfType(open(), tenant, 'pseudonym.revealed')).map(({ detail }) => JSON.parse(detail))
      expect(details.map(({ count }) => count)).toEqual([1, 2, 3, 1, 2])
    })
  })
}
