import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Found, Severity } from '../../../src/detect/finding.ts'
import { SEVERITIES } from '../../../src/detect/finding.ts'
import { EVIDENCE_MAX, foundOf } from '../../../src/detect/desk/quiet-time.ts'
import type { Suppression } from '../../../src/records/findings.ts'
import { AT, continued, DAY, emptyDocket, found, HOUR } from './found.ts'

const rowsOf = (docket: ReturnType<typeof emptyDocket>) => docket.changes().findings.map(({ row }) => row)
const incidentsOf = (docket: ReturnType<typeof emptyDocket>) => docket.changes().incidents.map(({ row }) => row)

function takeAll(some: readonly Found[], docket = emptyDocket()) {
  for (const each of some) docket.take(each, each.detectedAt)
  return docket
}

describe('identity and quiet time', () => {
  test('judging again changes nothing, in the same batch or after a restart', () => {
    const some = [
      found(),
      found({ detectedAt: AT + HOUR }),
      found({ detectedAt: AT + 2 * HOUR, subject: { kind: 'source', key: 'ff' } }),
    ]
    const once = takeAll(some)
    const twice = takeAll([...some, ...some])
    expect(rowsOf(twice)).toEqual(rowsOf(once))
    expect(incidentsOf(twice)).toEqual(incidentsOf(once))
    const again = takeAll(some, continued(once))
    expect(again.changes()).toMatchObject({ findings: [], incidents: [], credit: null })
  })

  test('the same detector on the same subject updates its finding for 24 hours, then opens another', () => {
    const [first, second, third] = [0, 23 * HOUR, 25 * HOUR].map((ms) => found({ detectedAt: AT + ms }))
    const rows = rowsOf(takeAll([first!, second!, third!]))
    expect(rows).toMatchObject([
      { repeats: 1, detectedAt: AT, seenAt: AT + 23 * HOUR, to: AT + 23 * HOUR },
      { repeats: 0, detectedAt: AT + 25 * HOUR },
    ])
    expect(foundOf(rows[0]!).evidence).toEqual([...first!.evidence, ...second!.evidence])
    expect(foundOf(rows[0]!).evidenceCount).toBe(2)
  })

  test('another detector, another subject or another tenant is another finding', () => {
    const docket = takeAll([found(), found({ detector: 'new-client' }), found({ subject: { kind: 'token', key: '8' } })])
    expect(new Set(rowsOf(docket).map(({ id }) => id)).size).toBe(3)
    expect(rowsOf(takeAll([found({ tenant: 2 })]))[0]?.id).not.toBe(rowsOf(takeAll([found()]))[0]?.id)
  })

  test('a period that is judged again only rises', () => {
    const point = (severity: Severity, score: number) =>
      found({ evidence: [], severity, measured: { observed: score, expected: null, score: { value: score, unit: '-log10 p' } } })
    const [row] = rowsOf(takeAll([point('medium', 5), point('low', 9), point('medium', 4)]))
    expect(row).toMatchObject({ severity: 'medium', repeats: 0 })
    expect(foundOf(row!).measured.observed).toBe(5)
    const [risen] = rowsOf(takeAll([point('medium', 5), point('high', 8)]))
    expect(risen).toMatchObject({ severity: 'high', repeats: 0 })
    expect(foundOf(risen!).measured.observed).toBe(8)
  })

  test('a detector that tells all of its period so far is not counted twice', () => {
    const growing = [1, 2, 4, 200].map((count) =>
      found({
        from: AT - HOUR,
        detectedAt: AT + count,
        evidence: Array.from({ length: Math.min(count, 40) }, (_, i) => `evt_1_${i}`),
        evidenceCount: count,
      }),
    )
    const [row] = rowsOf(takeAll(growing))
    expect(foundOf(row!)).toMatchObject({ evidenceCount: 200 })
    expect(foundOf(row!).evidence).toHaveLength(40)
  })

  test('evidence, touches and incidents keep to their bounds however much is found', () => {
    const many = Array.from({ length: 400 }, (_, i) =>
      found({ detectedAt: AT + i * 60_000, touches: [{ kind: 'source', key: i.toString(16) }] }),
    )
    const docket = takeAll(many)
    const [row] = rowsOf(docket)
    expect(foundOf(row!).evidence).toHaveLength(EVIDENCE_MAX)
    expect(foundOf(row!).evidenceCount).toBe(400)
    expect(row!.touches.length).toBeLessThanOrEqual(20)
    for (const { touches } of incidentsOf(docket)) expect(Object.keys(touches).length).toBeLessThanOrEqual(200)
  })

  test('new evidence opens a closed finding again, and the same evidence does not', () => {
    const first = found()
    const closed = continued(takeAll([first]), { incidents: [] }, (row) => ({
      ...row,
      state: 'closed',
      verdict: 'false_positive',
    }))
    closed.take(first, AT)
    expect(rowsOf(closed)).toEqual([])
    closed.take(found({ detectedAt: AT + HOUR }), AT + HOUR)
    expect(closed.changes().findings).toMatchObject([
      { row: { state: 'open', verdict: null, repeats: 1 }, event: 'changed', before: 1 },
    ])
  })
})

describe('incidents', () => {
  const touching = (key: string, differs: Partial<Found> = {}) => found({ touches: [{ kind: 'source', key }], ...differs })

  test('what shares a token, a source or an owner within 24 hours is one incident', () => {
    const docket = takeAll([
      touching('a'),
      touching('a', { subject: { kind: 'token', key: '8' }, detectedAt: AT + HOUR }),
      touching('b', { subject: { kind: 'token', key: '8' }, detector: 'new-client', detectedAt: AT + 2 * HOUR }),
      touching('c', { subject: { kind: 'token', key: '9' }, detectedAt: AT + 2 * HOUR }),
    ])
    expect(incidentsOf(docket).map(({ findings }) => findings)).toEqual([3, 1])
    expect(new Set(rowsOf(docket).map(({ incidentId }) => incidentId)).size).toBe(2)
  })

  test('a finding that joins two incidents makes them one: told once, its findings together, the other names it', () => {
    const token = { kind: 'token', key: '71' } as const
    const source = { kind: 'source', key: 'aa' } as const
    const of = (subject: Found['subject'], hours: number, differs: Partial<Found> = {}) =>
      found({ subject, touches: [subject], detectedAt: AT + hours * HOUR, ...differs })
    const apart = takeAll([of(token, 0), of(source, 1, { detector: 'new-client' })])
    expect(incidentsOf(apart)).toHaveLength(2)
    const both = of(token, 2, { detector: 'concurrent-use', touches: [token, source] })
    const together = takeAll([both], continued(apart))
    const [left, gone] = incidentsOf(together).toSorted((a, b) => a.firstAt - b.firstAt)
    expect(left).toMatchObject({ state: 'open', findings: 3, mergedInto: null, firstAt: AT })
    expect(Object.keys(left!.detectors)).toHaveLength(3)
    expect(gone).toMatchObject({ state: 'closed', findings: 0, mergedInto: left!.id })
    const atOnce = incidentsOf(takeAll([of(token, 0), of(source, 1, { detector: 'new-client' }), both]))
    expect(atOnce.filter(({ mergedInto }) => mergedInto === null)).toMatchObject([{ findings: 3 }])
  })

  test('a day of silence ends the joining', () => {
    const docket = takeAll([touching('a'), touching('a', { subject: { kind: 'token', key: '8' }, detectedAt: AT + DAY + 1 })])
    expect(incidentsOf(docket)).toHaveLength(2)
  })

  test('the tenant as a whole joins nothing', () => {
    const tenant = [{ kind: 'tenant', key: '1' }] as const
    const docket = takeAll([
      found({ touches: tenant }),
      found({ subject: { kind: 'token', key: '8' }, touches: tenant, detectedAt: AT + HOUR }),
    ])
    expect(incidentsOf(docket)).toHaveLength(2)
  })

  test('severity is the highest, one step more from three different detectors', () => {
    const by = (detector: Found['detector'], severity: Severity, ms: number) => found({ detector, severity, detectedAt: AT + ms })
    const two = [by('new-network', 'low', 0), by('new-client', 'medium', 1)]
    expect(incidentsOf(takeAll(two))).toMatchObject([{ severity: 'medium', title: 'Another program behind the same token' }])
    expect(incidentsOf(takeAll([...two, by('rare-scope', 'low', 2)]))).toMatchObject([{ severity: 'high', findings: 3 }])
  })

  test('none grows past seven days, whatever comes in whatever order', () => {
    const moments = fc.array(fc.record({ ms: fc.nat(20 * DAY), token: fc.nat(3), source: fc.nat(3) }), { maxLength: 60 })
    fc.assert(
      fc.property(moments, (some) => {
        const docket = takeAll(
          some.map(({ ms, token, source }) =>
            touching(String(source), { subject: { kind: 'token', key: String(token + 1) }, detectedAt: AT + ms }),
          ),
        )
        const incidents = incidentsOf(docket)
        for (const { firstAt, lastAt } of incidents) expect(lastAt - firstAt).toBeLessThanOrEqual(7 * DAY)
        for (const { incidentId } of rowsOf(docket)) expect(incidents.map(({ id }) => id)).toContain(incidentId)
      }),
      { numRuns: 200 },
    )
  })
})

describe('notices', () => {
  /** Incidents that share nothing. */
  const apart = (count: number, ms: number, differs: Partial<Found> = {}) =>
    Array.from({ length: count }, (_, i) =>
      found({ subject: { kind: 'token', key: `${i + 100}` }, detectedAt: AT + i * ms, ...differs }),
    )

  test('a tenant begins with a week of notices; the rest is held back and said', () => {
    const docket = takeAll(apart(8, 1))
    expect(docket.notices).toHaveLength(5)
    expect(rowsOf(docket).map(({ notice }) => notice)).toEqual([
      ...Array<string>(5).fill('sent'),
      ...Array<string>(3).fill('held back'),
    ])
    expect(incidentsOf(docket).filter(({ notice }) => notice === 'held back')).toHaveLength(3)
  })

  test('time earns notices, and the bucket holds two weeks', () => {
    const later = AT + 400 * DAY
    const spent = takeAll(apart(8, 1))
    expect(takeAll(apart(20, 1, { detectedAt: later }), continued(spent, { findings: [], incidents: [] })).notices).toHaveLength(
      10,
    )
  })

  test('any eight weeks of noise notify at most a bucket and what eight weeks earn', () => {
    const times = fc.array(fc.nat(56 * DAY), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(times, (some) => {
        const noise = some
          .toSorted((a, b) => a - b)
          .map((ms, i) => found({ subject: { kind: 'token', key: `${i + 1}` }, detectedAt: AT + ms }))
        expect(takeAll(noise).notices.length).toBeLessThanOrEqual(5 + 8 * 5)
      }),
      { numRuns: 50 },
    )
  })

  test('an exact detector of high or critical is told whatever the budget', () => {
    const docket = takeAll(apart(8, 1))
    docket.take(found({ detector: 'replay', subject: { kind: 'token', key: '999' } }), AT + 10)
    expect(docket.notices).toHaveLength(6)
    docket.take(found({ detector: 'replay', severity: 'medium', subject: { kind: 'token', key: '998' } }), AT + 11)
    expect(docket.notices).toHaveLength(6)
  })

  test('one notice for an incident, another only when it becomes graver', () => {
    const at = (ms: number, differs: Partial<Found>) => found({ detectedAt: AT + ms, ...differs })
    const docket = takeAll([
      at(0, { severity: 'medium' }),
      at(1, { severity: 'medium', detector: 'new-client' }),
      at(2, { severity: 'low', detector: 'new-client' }),
      at(3, { severity: 'high', detector: 'concurrent-use' }),
    ])
    expect(docket.notices.map(({ incident }) => incident.severity)).toEqual(['medium', 'critical'])
  })

  test.each([
    ['low severity', { severity: 'low' }, 0],
    ['a token that is still being learned', { caveats: ['learning'] }, 0],
    ['history that is read late', { detectedAt: AT - 8 * DAY }, 8 * DAY],
  ] as const)('%s is listed and tells nobody', (_name, differs, late) => {
    const docket = emptyDocket()
    const one = found(differs)
    docket.take(one, one.detectedAt + late + 1)
    expect(docket.notices).toEqual([])
    expect(incidentsOf(docket)).toHaveLength(1)
    expect(docket.changes().credit).toBeNull()
  })
})

describe('suppressions', () => {
  const suppression = (differs: Partial<Suppression> = {}): Suppression => ({
    id: 'sup_1',
    tenantNo: 1,
    findingId: 'fnd_1',
    detector: 'many-networks',
    subject: { kind: 'token', key: '7' },
    value: null,
    reason: 'a roaming team',
    endsAt: AT + DAY,
    needsApproval: false,
    authorNo: 1,
    approverNo: null,
    createdAt: AT - DAY,
    hits: 0,
    lastHitAt: null,
    ...differs,
  })
  const stateWith = (differs: Partial<Suppression>, given: Partial<Found> = {}) => {
    const docket = emptyDocket({ suppressions: [suppression(differs)] })
    docket.take(found(given), AT)
    return docket
  }

  test('what is suppressed is kept, counted and told to nobody', () => {
    const docket = stateWith({})
    docket.take(found({ detectedAt: AT + 1 }), AT + 1)
    expect(docket.changes()).toMatchObject({
      findings: [{ row: { state: 'suppressed', incidentId: null, notice: 'none', repeats: 1 }, event: null }],
      incidents: [],
      hits: [{ id: 'sup_1', count: 2 }],
      credit: null,
    })
  })

  test.each([
    ['of another detector', { detector: 'replay' }],
    ['of another subject', { subject: { kind: 'token', key: '8' } }],
    ['of another kind of subject', { subject: { kind: 'source', key: '7' } }],
    ['of another value', { value: 'networks=number:13' }],
    ['of the value under another name', { value: 'max=number:12' }],
    ['that has ended', { endsAt: AT }],
    ['that waits for approval', { needsApproval: true }],
  ] as const)('one %s covers nothing', (_name, differs) => {
    expect(rowsOf(stateWith(differs as Partial<Suppression>))).toMatchObject([{ state: 'open' }])
  })

  test.each([
    ['by value alone', { subject: null, value: 'networks=number:12' }],
    ['by both', { value: 'networks=number:12' }],
    ['once a second person agreed', { needsApproval: true, approverNo: 2 }],
  ] as const)('it covers %s', (_name, differs) => {
    expect(rowsOf(stateWith(differs as Partial<Suppression>))).toMatchObject([{ state: 'suppressed' }])
  })

  test.each(['open', 'acknowledged', 'closed'] as const)('what people left %s stays so, and nobody is told of more', (state) => {
    const docket = continued(takeAll([found({ severity: 'medium' })]), { suppressions: [suppression()] }, (row) => ({
      ...row,
      state,
    }))
    docket.take(found({ detectedAt: AT + HOUR, severity: 'critical' }), AT + HOUR)
    expect(docket.changes()).toMatchObject({
      findings: [{ row: { state, repeats: 1 }, event: null }],
      incidents: [],
      hits: [{ count: 1 }],
    })
    expect(docket.notices).toEqual([])
  })

  test('when it has ended, what comes again is opened', () => {
    const docket = continued(stateWith({}), { suppressions: [] })
    docket.take(found({ detectedAt: AT + HOUR }), AT + HOUR)
    expect(docket.changes()).toMatchObject({
      findings: [{ row: { state: 'open' }, event: 'changed' }],
      incidents: [{ event: 'opened' }],
    })
  })
})

test('severities only rise within a finding, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...SEVERITIES), { minLength: 1, maxLength: 12 }), (severities) => {
      const docket = takeAll(severities.map((severity, i) => found({ severity, detectedAt: AT + i })))
      const gravest = Math.max(...severities.map((each) => SEVERITIES.indexOf(each)))
      expect(rowsOf(docket)).toMatchObject([{ severity: SEVERITIES[gravest], repeats: severities.length - 1 }])
    }),
  )
})
