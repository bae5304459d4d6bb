import { describe, expect, it } from 'vitest'
import type { Tenant, TokenRecord } from '../../src/records/records.ts'
import type { NewLeak, NewResponse } from '../../src/records/responses.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, newToken, NOW } from './fixture.ts'

const SECOND = { no: 8, kind: 'person' } as const
const THIRD = { no: 9, kind: 'person' } as const
const SYSTEM = { no: 0, kind: 'system' } as const
const HOUR = 3_600_000

let made = 0

function responseOf(tokens: readonly TokenRecord[], differs: Partial<NewResponse> = {}): NewResponse {
  return {
    id: `rsp_${(made += 1).toString(16).padStart(20, '0')}${Math.random().toString(16).slice(2, 8)}`,
    findingId: 'fnd_0001',
    detector: 'guess-then-hit',
    detectorVersion: 1,
    step: 'suspend',
    tokens: tokens.map(({ no }) => no),
    rate: null,
    until: NOW + HOUR,
    automatic: false,
    dryRun: false,
    approvalsNeeded: 0,
    because: [],
    radius: '[]',
    reason: null,
    ...differs,
  }
}

export function describeResponses(open: Open): void {
  const propose = (tenant: Tenant, response: NewResponse, actor: typeof ADMIN = ADMIN, at = NOW) =>
    open().act('proposeResponse', { tenantNo: tenant.no, response, at, actor })
  const apply = (tenant: Tenant, id: string, at = NOW + 1) => open().act('applyResponse', { tenantNo: tenant.no, id, at })
  const undo = (tenant: Tenant, id: string, at = NOW + 9) =>
    open().act('undoResponse', { tenantNo: tenant.no, id, at, actor: ADMIN })
  const approve = (tenant: Tenant, id: string, actor: typeof ADMIN) =>
    open().act('approveResponse', { tenantNo: tenant.no, id, at: NOW, actor })
  const tokenAt = async (token: TokenRecord) => (await open().read.tokenByNo(token.no)) as TokenRecord

  describe('responses', () => {
    it('suspends, and undo restores the exact former state', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token])
      expect(await propose(tenant, response)).toMatchObject({ state: 'approved', proposer: ADMIN, version: 1 })
      expect(await apply(tenant, response.id)).toMatchObject({ state: 'applied', appliedAt: NOW + 1 })
      expect(await tokenAt(token)).toMatchObject({ suspendedAt: NOW + 1, suspendedUntil: NOW + HOUR })
      expect((await undo(tenant, response.id)).state).toBe('undone')
      expect(await tokenAt(token)).toEqual({ ...token, version: token.version + 2 })
      const types = (await eventsOf(open(), tenant)).map(({ type }) => type)
      expect(types.slice(-5)).toEqual([321, 108, 324, 109, 325])
    })

    it('applied by many at once it is applied once', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token])
      await propose(tenant, response)
      const done = await Promise.all(Array.from({ length: 8 }, () => apply(tenant, response.id)))
      expect(new Set(done.map(({ state }) => state))).toEqual(new Set(['applied']))
      expect(await eventsOfType(open(), tenant, 'response.applied')).toHaveLength(1)
      expect(await eventsOfType(open(), tenant, 'token.suspended')).toHaveLength(1)
    })

    it('undo leaves alone what people changed since', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token])
      await propose(tenant, response)
      await apply(tenant, response.id)
      await open().act('resumeToken', { tenantNo: tenant.no, id: token.id, at: NOW + 2, actor: SECOND })
      await open().act('suspendToken', { tenantNo: tenant.no, id: token.id, at: NOW + 3, actor: SECOND })
      await undo(tenant, response.id)
      expect(await tokenAt(token)).toMatchObject({ suspendedAt: NOW + 3, suspendedUntil: null })
      const [event] = await eventsOfType(open(), tenant, 'response.undone')
      expect(JSON.parse(event!.detail)).toMatchObject({ restored: 0, leftAsItIs: 1 })
    })

    it('a throttle stands beside the own limit and goes back to what stood before it', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { rateLimit: { count: 9, windowMs: 1000 } })
      const first = responseOf([token], { step: 'throttle', rate: { count: 5, windowMs: 60_000 } })
      const second = responseOf([token], { step: 'throttle', rate: { count: 1, windowMs: 60_000 }, until: NOW + 2 * HOUR })
      for (const each of [first, second]) {
        await propose(tenant, each)
        await apply(tenant, each.id)
      }
      expect(await tokenAt(token)).toMatchObject({
        rateLimit: { count: 9, windowMs: 1000 },
        throttle: { count: 1, windowMs: 60_000, until: NOW + 2 * HOUR },
      })
      await undo(tenant, second.id)
      expect((await tokenAt(token)).throttle).toEqual({ count: 5, windowMs: 60_000, until: NOW + HOUR })
      await undo(tenant, first.id)
      expect((await tokenAt(token)).throttle).toBeNull()
    })

    it('a revocation is final', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token], { step: 'revoke', until: null, detector: 'leaked-token' })
      await propose(tenant, response)
      await apply(tenant, response.id)
      expect(await tokenAt(token)).toMatchObject({ ending: 'revoked', endingReason: 'leaked' })
      await expect(undo(tenant, response.id)).rejects.toMatchObject({ code: 'response_state' })
    })

    it('says failed where no token was in a state for it', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token])
      await propose(tenant, response)
      await open().act('revokeToken', { tenantNo: tenant.no, id: token.id, reason: 'manual', at: NOW, actor: ADMIN })
      expect(await apply(tenant, response.id)).toMatchObject({
        state: 'failed',
        results: [{ did: 'unchanged', found: 'revoked' }],
      })
      expect(await eventsOfType(open(), tenant, 'response.applied')).toHaveLength(0)
      expect(await eventsOfType(open(), tenant, 'response.failed')).toHaveLength(1)
    })

    it('a dry run is written down and nothing is done', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token], { dryRun: true })
      expect((await propose(tenant, response)).state).toBe('rehearsed')
      expect((await apply(tenant, response.id)).state).toBe('rehearsed')
      expect((await tokenAt(token)).suspendedAt).toBeNull()
    })

    it('its proposer cannot approve it, and one person counts once', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token], { approvalsNeeded: 2 })
      await propose(tenant, response)
      await expect(approve(tenant, response.id, ADMIN)).rejects.toMatchObject({ code: 'not_permitted' })
      expect((await approve(tenant, response.id, SECOND)).state).toBe('proposed')
      expect((await approve(tenant, response.id, SECOND)).approvers).toEqual([SECOND.no])
      expect((await apply(tenant, response.id)).state).toBe('proposed')
      expect((await approve(tenant, response.id, THIRD)).state).toBe('approved')
      expect((await apply(tenant, response.id)).state).toBe('applied')
      expect(await eventsOfType(open(), tenant, 'response.approved')).toHaveLength(2)
    })

    it('declined it is never applied', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token], { approvalsNeeded: 1 })
      await propose(tenant, response)
      const decline = { tenantNo: tenant.no, id: response.id, note: 'ours', at: NOW, actor: SECOND }
      expect((await open().act('declineResponse', decline)).state).toBe('declined')
      await expect(approve(tenant, response.id, THIRD)).rejects.toMatchObject({ code: 'response_state' })
      expect((await apply(tenant, response.id)).state).toBe('declined')
    })

    it('automatic steps stop at five tokens in an hour, also when all come at once', async () => {
      const tenant = await addTenant(open())
      const tokens: TokenRecord[] = []
      for (let i = 0; i < 12; i += 1) tokens.push(await issue(open(), tenant))
      await open().act('importTokens', {
        tokens: Array.from({ length: 700 }, () => newToken(tenant)),
        at: NOW,
        actor: ADMIN,
      })
      const done = await Promise.all(tokens.map((token) => propose(tenant, responseOf([token], { automatic: true }), SYSTEM)))
      expect(done.filter(({ state }) => state === 'approved')).toHaveLength(5)
      const held = done.filter(({ state }) => state === 'proposed')
      expect(held).toHaveLength(7)
      expect(held[0]).toMatchObject({ approvalsNeeded: 1, automatic: false })
      const later = await propose(tenant, responseOf([tokens[11]!], { automatic: true }), SYSTEM, NOW + HOUR + 1)
      expect(later.state).toBe('approved')
    })

    it('and at one percent of the active tokens in a day, at least one', async () => {
      const tenant = await addTenant(open())
      const [one, two] = [await issue(open(), tenant), await issue(open(), tenant)]
      expect((await propose(tenant, responseOf([one], { automatic: true }), SYSTEM)).state).toBe('approved')
      const second = await propose(tenant, responseOf([two], { automatic: true }), SYSTEM, NOW + 2 * HOUR)
      expect(second).toMatchObject({ state: 'proposed', because: [expect.stringContaining('1 %')] })
    })

    it('the same id again gives what is kept', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token])
      const first = await propose(tenant, response)
      expect(await propose(tenant, { ...response, step: 'revoke' })).toEqual(first)
      expect(await eventsOfType(open(), tenant, 'response.proposed')).toHaveLength(1)
    })

    it('failed it is due again, and given up at last', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const response = responseOf([token])
      await propose(tenant, response)
      const fail = (nextAt: number | null) =>
        open().act('failResponse', { tenantNo: tenant.no, id: response.id, failure: 'no answer', nextAt, at: NOW })
      expect(await fail(NOW + 5)).toMatchObject({ state: 'approved', tries: 1, nextAt: NOW + 5 })
      const isDue = async (at: number) => (await open().read.responsesDue(at, 100)).some(({ id }) => id === response.id)
      expect([await isDue(NOW + 4), await isDue(NOW + 5)]).toEqual([false, true])
      expect(await fail(null)).toMatchObject({ state: 'failed', tries: 2, failure: 'no answer' })
      expect(await isDue(NOW + HOUR)).toBe(false)
    })

    it("another tenant sees and touches none of it, nor does its response touch another's token", async () => {
      const [tenant, other] = [await addTenant(open()), await addTenant(open())]
      const token = await issue(open(), tenant)
      const response = responseOf([token])
      await propose(other, response)
      expect((await apply(other, response.id)).state).toBe('failed')
      expect((await tokenAt(token)).suspendedAt).toBeNull()
      expect(await open().read.response(tenant.no, response.id)).toBeNull()
      await expect(approve(tenant, response.id, SECOND)).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  describe('leaks', () => {
    const leakOf = (differs: Partial<NewLeak> = {}): NewLeak => ({
      tokenNo: null,
      sha256: (made += 1).toString(16).padStart(64, '0'),
      sha512: null,
      url: 'https://example.com/file',
      reporter: 'person',
      partner: null,
      proven: false,
      exposedAt: NOW - HOUR,
      note: null,
      ...differs,
    })
    const report = (tenant: Tenant, leak: NewLeak) =>
      open().act('reportLeak', { tenantNo: tenant.no, leak, at: NOW, actor: ADMIN })

    it('a proven one is confirmed at once, and the same again changes nothing', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const leak = leakOf({ tokenNo: token.no, proven: true })
      const first = await report(tenant, leak)
      expect(first).toMatchObject({ isNew: true, leak: { state: 'confirmed', proven: true, tokenNo: token.no, reports: 1 } })
      expect(await report(tenant, leak)).toMatchObject({ isNew: false, leak: { id: first.leak.id, reports: 2 } })
      expect((await eventsOf(open(), tenant)).map(({ type }) => type).slice(-2)).toEqual([331, 332])
      expect(await open().read.exposures(NOW, 1000)).toContainEqual({ tokenNo: token.no, at: NOW - HOUR })
    })

    it('one of a text that nobody knew is matched when the token is imported', async () => {
      const tenant = await addTenant(open())
      const token = newToken(tenant, { scheme: 'sha256:hex' })
      const sha256 = Buffer.from(token.digest!).toString('hex')
      const { leak } = await report(tenant, leakOf({ sha256 }))
      expect(leak).toMatchObject({ tokenNo: null, state: 'reported' })
      const { imported } = await open().act('importTokens', { tokens: [token], at: NOW + 5, actor: ADMIN })
      expect(await open().read.leak(tenant.no, leak.id)).toMatchObject({
        tokenNo: imported[0]!.no,
        state: 'confirmed',
        changedAt: NOW + 5,
      })
    })

    it("another tenant's report is not matched, a partner's is and moves", async () => {
      const [tenant, other] = [await addTenant(open()), await addTenant(open())]
      const token = newToken(tenant, { scheme: 'sha256:hex' })
      const sha256 = Buffer.from(token.digest!).toString('hex')
      const foreign = await report(other, leakOf({ sha256 }))
      const partner = await report(other, leakOf({ sha256, reporter: 'partner', partner: 'github' }))
      await open().act('importTokens', { tokens: [token], at: NOW, actor: ADMIN })
      expect((await open().read.leak(other.no, foreign.leak.id))?.tokenNo).toBeNull()
      expect((await open().read.leak(tenant.no, partner.leak.id))?.state).toBe('confirmed')
      expect(await open().read.leak(other.no, partner.leak.id)).toBeNull()
    })

    it('dismissed it exposes nothing', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const { leak } = await report(tenant, leakOf({ tokenNo: token.no, sha256: null }))
      await open().act('judgeLeak', {
        tenantNo: tenant.no,
        id: leak.id,
        state: 'dismissed',
        note: 'a fixture',
        at: NOW,
        actor: ADMIN,
      })
      expect((await open().read.exposures(0, 20_000)).some(({ tokenNo }) => tokenNo === token.no)).toBe(false)
      expect(await eventsOfType(open(), tenant, 'leak.dismissed')).toHaveLength(1)
    })

    it('pages newest first and shows each once', async () => {
      const tenant = await addTenant(open())
      const ids: string[] = []
      for (let i = 0; i < 7; i += 1) ids.push((await report(tenant, leakOf())).leak.id)
      const seen: string[] = []
      for (let before: { at: number; id: string } | undefined; ;) {
        const page = await open().read.leaks({ tenantNo: tenant.no }, { limit: 3, ...(before && { before }) })
        seen.push(...page.map(({ id }) => id))
        const last = page.at(-1)
        if (!last) break
        before = { at: last.reportedAt, id: last.id }
      }
      expect(seen.toSorted()).toEqual(ids.toSorted())
    })
  })
}
