import { describe, expect, it } from 'vitest'
import { ACTORS } from 'tokentrail'
import type { FindingRecord, NewSuppression, Write } from '../../src/records/findings.ts'
import type { RecordActions, Tenant } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { findingOf, incidentOf } from './finding-fixture.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, NOW } from './fixture.ts'

const SECOND = { no: 8, kind: 'person' } as const
const DAY = 86_400_000

const opened = <Row>(row: Row): Write<Row> => ({ row, before: null, event: 'opened' })

export function describeFindings(open: Open): void {
  const keep = (
    tenant: Tenant,
    findings: readonly Write<FindingRecord>[],
    more: Partial<Parameters<RecordActions['keepFindings']>[0]> = {},
  ) => open().act('keepFindings', { tenantNo: tenant.no, findings, incidents: [], hits: [], credit: null, at: NOW, ...more })
  const suppression = (differs: Partial<NewSuppression> = {}): NewSuppression => ({
    detector: 'replay',
    subject: { kind: 'source', key: '00000000000000ff' },
    value: null,
    reason: 'link scanner',
    endsAt: NOW + 90 * DAY,
    needsApproval: false,
    ...differs,
  })

  describe('findings', () => {
    it('keeps a finding and its incident with their events, and gives them back whole', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { canary: true })
      const subject = { kind: 'token', key: String(token.no) } as const
      const incident = incidentOf(tenant)
      const finding = findingOf(tenant, { subject, touches: [subject], incidentId: incident.id })
      await keep(tenant, [opened(finding)], { incidents: [opened(incident)] })
      expect(await open().read.finding(tenant.no, finding.id)).toEqual(finding)
      expect(await open().read.incident(tenant.no, incident.id)).toEqual(incident)
      expect(await open().read.latestFinding(tenant.no, 'replay', subject)).toEqual(finding)
      const [event] = await eventsOfType(open(), tenant, 'finding.opened')
      expect(event).toMatchObject({ tokenNo: token.no, actorKind: ACTORS.system, flags: 1 })
      expect(JSON.parse(event!.detail)).toMatchObject({ finding: finding.id, severity: 'high', incident: incident.id })
      expect(await eventsOfType(open(), tenant, 'incident.opened')).toHaveLength(1)
    })

    it('moves the findings of an incident that was merged, and lists the one that is left', async () => {
      const tenant = await addTenant(open())
      const [left, gone] = [incidentOf(tenant), incidentOf(tenant)]
      const finding = findingOf(tenant, { incidentId: gone.id })
      await keep(tenant, [opened(finding)], { incidents: [opened(left), opened(gone)] })
      const merged = { ...gone, state: 'closed', mergedInto: left.id, findings: 0, version: 2 } as const
      await keep(tenant, [], { incidents: [{ row: merged, before: 1, event: 'closed' }] })
      const { read } = open()
      expect((await read.finding(tenant.no, finding.id))?.incidentId).toBe(left.id)
      expect((await read.incidents({ tenantNo: tenant.no }, { limit: 5 })).map(({ id }) => id)).toEqual([left.id])
      expect(await read.incident(tenant.no, gone.id)).toEqual(merged)
    })

    it('is not there for another tenant, by any read', async () => {
      const [tenant, other] = [await addTenant(open()), await addTenant(open())]
      const incident = incidentOf(tenant)
      const finding = findingOf(tenant, { incidentId: incident.id })
      await keep(tenant, [opened(finding)], { incidents: [opened(incident)] })
      const { read } = open()
      const window = { from: 0, to: NOW + 1 }
      expect([await read.finding(other.no, finding.id), await read.incident(other.no, incident.id)]).toEqual([null, null])
      expect(await read.latestFinding(other.no, 'replay', finding.subject)).toBeNull()
      expect(await read.findings({ tenantNo: other.no, touches: finding.subject }, { limit: 5 })).toEqual([])
      expect(await read.incidents({ tenantNo: other.no }, { limit: 5 })).toEqual([])
      expect(await read.findingCounts(other.no, window)).toEqual([])
      expect(await read.findingsInSpan(other.no, window, { after: '', limit: 5 })).toEqual([])
      const triage = open().act('triageFinding', {
        tenantNo: other.no,
        id: finding.id,
        change: { state: 'acknowledged' },
        at: NOW,
        actor: ADMIN,
      })
      await expect(triage).rejects.toMatchObject({ code: 'not_found' })
    })

    it('changes nothing at all where one row is no longer as it was read', async () => {
      const tenant = await addTenant(open())
      const finding = findingOf(tenant)
      await keep(tenant, [opened(finding)])
      await expect(keep(tenant, [opened(findingOf(tenant)), opened(finding)])).rejects.toMatchObject({ code: 'finding_changed' })
      const stale = { row: { ...finding, repeats: 1, version: 3 }, before: 2, event: 'changed' } as const
      await expect(keep(tenant, [opened(findingOf(tenant)), stale])).rejects.toMatchObject({ code: 'finding_changed' })
      expect(await open().read.findings({ tenantNo: tenant.no }, { limit: 10 })).toEqual([finding])
      expect(await eventsOfType(open(), tenant, 'finding.opened')).toHaveLength(1)
    })

    it('of many that change the same finding at once exactly one wins', async () => {
      const tenant = await addTenant(open())
      const finding = findingOf(tenant)
      await keep(tenant, [opened(finding)])
      const change = (repeats: number) =>
        keep(tenant, [{ row: { ...finding, repeats, version: 2 }, before: 1, event: 'changed' }])
      const done = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => change(i + 1)))
      expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await eventsOfType(open(), tenant, 'finding.changed')).toHaveLength(1)
    })

    it('the credit of notices is spent once, whoever comes at once', async () => {
      const tenant = await addTenant(open())
      const spend = (before: { creditMs: number; at: number } | null, creditMs: number) =>
        keep(tenant, [], { credit: { before, after: { creditMs, at: NOW } } })
      const first = await Promise.allSettled([spend(null, 9), spend(null, 9), spend(null, 9)])
      expect(first.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      await spend({ creditMs: 9, at: NOW }, 4)
      await expect(spend({ creditMs: 9, at: NOW }, 3)).rejects.toMatchObject({ code: 'finding_changed' })
      expect(await open().read.noticeCredit(tenant.no)).toEqual({ creditMs: 4, at: NOW })
    })

    it('pages newest first under every filter and shows each once', async () => {
      const tenant = await addTenant(open())
      const all = Array.from({ length: 23 }, (_, i) =>
        findingOf(tenant, {
          detectedAt: NOW + Math.floor(i / 3),
          severity: (['low', 'medium', 'critical'] as const)[i % 3]!,
          detector: i % 2 === 0 ? 'replay' : 'guessing',
          touches: [{ kind: 'token', key: String(i % 4) }],
        }),
      )
      await keep(tenant, all.map(opened))
      const listed = async (filter: object) => {
        const ids: string[] = []
        for (let before: { at: number; id: string } | undefined; ;) {
          const page = await open().read.findings({ tenantNo: tenant.no, ...filter }, { limit: 4, ...(before && { before }) })
          ids.push(...page.map(({ id }) => id))
          const last = page.at(-1)
          if (!last) return ids
          before = { at: last.detectedAt, id: last.id }
        }
      }
      const newest = all.toSorted((a, b) => b.detectedAt - a.detectedAt || (a.id < b.id ? 1 : -1))
      const expectIds = (holds: (finding: FindingRecord) => boolean) => newest.filter(holds).map(({ id }) => id)
      expect(await listed({})).toEqual(expectIds(() => true))
      expect(await listed({ severity: 'medium' })).toEqual(expectIds(({ severity }) => severity !== 'low'))
      expect(await listed({ detector: 'guessing' })).toEqual(expectIds(({ detector }) => detector === 'guessing'))
      expect(await listed({ touches: { kind: 'token', key: '3' } })).toEqual(expectIds(({ touches }) => touches[0]?.key === '3'))
      expect(await listed({ from: NOW + 2, to: NOW + 4 })).toEqual(
        expectIds(({ detectedAt: at }) => at >= NOW + 2 && at < NOW + 4),
      )
      expect(await listed({ state: 'closed' })).toEqual([])
      const counts = await open().read.findingCounts(tenant.no, { from: NOW, to: NOW + 100 })
      expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(23)
      expect(counts.find(({ detector, severity }) => detector === 'replay' && severity === 'low')?.count).toBe(
        all.filter(({ detector, severity }) => detector === 'replay' && severity === 'low').length,
      )
      const streamed = await open().read.findingsInSpan(tenant.no, { from: NOW - 5, to: NOW }, { after: '', limit: 10_000 })
      expect(streamed).toHaveLength(23)
      expect(await open().read.findingsInSpan(tenant.no, { from: NOW + 1, to: NOW + 5 }, { after: '', limit: 9 })).toEqual([])
    })

    it('closes with a verdict, and an incident with its last finding', async () => {
      const tenant = await addTenant(open())
      const incident = incidentOf(tenant, { findings: 2 })
      const [one, two] = [findingOf(tenant, { incidentId: incident.id }), findingOf(tenant, { incidentId: incident.id })]
      await keep(tenant, [opened(one), opened(two)], { incidents: [opened(incident)] })
      const triage = (id: string, change: object, at = NOW + 5) =>
        open().act('triageFinding', { tenantNo: tenant.no, id, change, at, actor: ADMIN })
      await expect(triage(one.id, { state: 'closed' })).rejects.toMatchObject({ code: 'parameter_invalid', input: '/verdict' })
      expect(await triage(one.id, { state: 'closed', verdict: 'true_positive', note: 'ours' })).toMatchObject({
        state: 'closed',
        verdict: 'true_positive',
        note: 'ours',
        changedAt: NOW + 5,
        version: 2,
      })
      expect((await open().read.incident(tenant.no, incident.id))?.state).toBe('open')
      expect(await triage(two.id, { state: 'acknowledged', assignee: 'erin' })).toMatchObject({ verdict: null, assignee: 'erin' })
      await triage(two.id, { state: 'closed', verdict: 'benign' })
      expect(await open().read.incident(tenant.no, incident.id)).toMatchObject({ state: 'closed', version: 2 })
      expect(await triage(two.id, { state: 'open' })).toMatchObject({ state: 'open', verdict: null, assignee: 'erin' })
      expect((await open().read.incident(tenant.no, incident.id))?.state).toBe('open')
      const types = (await eventsOf(open(), tenant)).map(({ type }) => type).filter((type) => type > 300 && type < 400)
      expect(types).toEqual([311, 301, 301, 303, 302, 303, 313, 302, 312])
      const [, closedEvent] = await eventsOfType(open(), tenant, 'finding.closed')
      expect(closedEvent).toMatchObject({ actorNo: ADMIN.no, actorKind: ACTORS.person })
      expect(JSON.parse(closedEvent!.detail)).toMatchObject({ was: 'acknowledged', verdict: 'benign' })
    })

    it('a verdict of a finding that is not closed is not kept', async () => {
      const tenant = await addTenant(open())
      const finding = findingOf(tenant)
      await keep(tenant, [opened(finding)])
      const change = { state: 'acknowledged', verdict: 'benign' } as const
      expect(
        await open().act('triageFinding', { tenantNo: tenant.no, id: finding.id, change, at: NOW, actor: ADMIN }),
      ).toMatchObject({
        state: 'acknowledged',
        verdict: null,
      })
    })

    it('a suppression puts its finding to rest, is counted and ends', async () => {
      const tenant = await addTenant(open())
      const finding = findingOf(tenant)
      await keep(tenant, [opened(finding)])
      const done = await open().act('suppressFinding', {
        tenantNo: tenant.no,
        id: finding.id,
        suppression: suppression(),
        at: NOW,
        actor: ADMIN,
      })
      expect(done.finding.state).toBe('suppressed')
      await keep(tenant, [], { hits: [{ id: done.suppression.id, count: 3, at: NOW + 7 }] })
      expect(await open().read.suppressions(tenant.no, NOW)).toEqual([{ ...done.suppression, hits: 3, lastHitAt: NOW + 7 }])
      const end = () => open().act('endSuppression', { tenantNo: tenant.no, id: done.suppression.id, at: NOW + 9, actor: ADMIN })
      expect(await open().read.suppressions(tenant.no, NOW + 91 * DAY)).toEqual([])
      expect([await end(), await end()]).toEqual([true, false])
      expect(await open().read.suppressions(tenant.no, NOW + 9)).toEqual([])
      expect(await eventsOfType(open(), tenant, 'finding.changed')).toHaveLength(1)
      expect(await eventsOfType(open(), tenant, 'config.changed')).toHaveLength(1)
    })

    it('one that needs approval rests nothing until a second person agrees', async () => {
      const tenant = await addTenant(open())
      const finding = findingOf(tenant)
      await keep(tenant, [opened(finding)])
      const asked = await open().act('suppressFinding', {
        tenantNo: tenant.no,
        id: finding.id,
        suppression: suppression({ needsApproval: true }),
        at: NOW,
        actor: ADMIN,
      })
      expect(asked.finding.state).toBe('open')
      const approve = (actor: typeof ADMIN) =>
        open().act('approveSuppression', { tenantNo: tenant.no, id: asked.suppression.id, at: NOW, actor })
      await expect(approve(ADMIN)).rejects.toMatchObject({ code: 'not_permitted' })
      expect(await approve(SECOND)).toMatchObject({ approverNo: SECOND.no })
      expect((await open().read.finding(tenant.no, finding.id))?.state).toBe('suppressed')
      expect(await eventsOfType(open(), tenant, 'approval.requested')).toHaveLength(1)
      expect(await eventsOfType(open(), tenant, 'approval.given')).toMatchObject([{ actorNo: SECOND.no }])
    })

    it('gives the marks that meet a window', async () => {
      const tenant = await addTenant(open())
      const put = (from: number, to: number) =>
        open().act('putMark', {
          tenantNo: tenant.no,
          mark: { kind: 'deploy', name: 'v2', service: 'shop', from, to },
          at: NOW,
          actor: ADMIN,
        })
      const [, met] = [await put(NOW - 500 * DAY, NOW - 499 * DAY), await put(NOW, NOW + 10)]
      expect(await open().read.marks(tenant.no, { from: NOW + 10, to: NOW + 20 })).toEqual([met])
      expect(await open().read.marks(tenant.no, { from: NOW + 11, to: NOW + 20 })).toEqual([])
      expect(await open().read.marks(tenant.no, { from: 0, to: NOW })).toEqual([])
      expect(await eventsOfType(open(), tenant, 'config.changed')).toHaveLength(2)
    })

    it('finds the incidents that touch any of some subjects since a time', async () => {
      const [tenant, other] = [await addTenant(open()), await addTenant(open())]
      const put = async (of: Tenant, kind: 'token' | 'owner', key: string, at: number) => {
        const incident = incidentOf(of, { lastAt: at })
        const touches = [{ kind, key } as const]
        await keep(of, [opened(findingOf(of, { touches, incidentId: incident.id, seenAt: at }))], {
          incidents: [opened(incident)],
        })
        return incident.id
      }
      const seven = await put(tenant, 'token', '7', NOW)
      const eight = await put(tenant, 'token', '8', NOW + 1)
      const owner = await put(tenant, 'owner', '7', NOW + 2)
      await put(tenant, 'token', '7', NOW - 100)
      await put(other, 'token', '7', NOW)
      const touching = async (...subjects: FindingRecord['touches']) =>
        (await open().read.incidentsTouching(tenant.no, subjects, NOW - 50, 10)).map(({ id }) => id)
      const [tokenSeven, tokenEight, ownerSeven] = [
        { kind: 'token', key: '7' },
        { kind: 'token', key: '8' },
        { kind: 'owner', key: '7' },
      ] as const
      expect(await touching(tokenSeven)).toEqual([seven])
      expect(await touching(tokenSeven, tokenEight)).toEqual([eight, seven])
      expect(await touching(ownerSeven, tokenSeven)).toEqual([owner, seven])
      expect([await touching(), await touching({ kind: 'source', key: '7' })]).toEqual([[], []])
    })

    it('forgets findings and incidents that nothing changed for long', async () => {
      const tenant = await addTenant(open())
      const [old, young] = [findingOf(tenant, { changedAt: NOW - 401 * DAY }), findingOf(tenant)]
      const [past, present] = [incidentOf(tenant, { lastAt: NOW - 401 * DAY, changedAt: NOW - 401 * DAY }), incidentOf(tenant)]
      await keep(tenant, [opened(old), opened(young)], { incidents: [opened(past), opened(present)] })
      await keep(tenant, [])
      expect(await open().read.incidents({ tenantNo: tenant.no }, { limit: 9 })).toEqual([present])
      expect(await open().read.findings({ tenantNo: tenant.no }, { limit: 9 })).toEqual([young])
      expect(await open().read.findings({ tenantNo: tenant.no, touches: young.subject }, { limit: 9 })).toEqual([young])
    })
  })
}
