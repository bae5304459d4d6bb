import { FLAGS, POPULATIONS, TYPES } from 'tokentrail'
import { describe, expect, test } from 'vitest'
import { createAggregateDetector, type AggregateDetector } from '../../../src/detect/aggregate.ts'
import { CATALOGUE } from '../../../src/detect/catalogue.ts'
import type { Found } from '../../../src/detect/finding.ts'
import { createProfile } from '../../../src/detect/series/profile.ts'
import { hourOfWeekIn } from '../../../src/detect/series/hour-of-week.ts'
import { createStream } from '../../../src/detect/series/stream.ts'
import { busy, DAY, decision, HOUR, MINUTE, MONDAY, poisson, randomFrom } from './support.ts'
import type { EventRow } from '../../../src/event/row.ts'

const RATE = 6
const STEP = 5 * MINUTE

interface Scene {
  readonly days: number
  /** Factor on ordinary traffic. */
  readonly traffic?: (at: number) => number
  readonly more?: (at: number) => readonly EventRow[]
  readonly detector?: AggregateDetector
  readonly from?: number
}

/** Ordinary traffic of one tenant in steps of five minutes, with what a scene adds. */
function play({ days, traffic = () => 1, more = () => [], detector = grown(), from = 30 }: Scene): Found[] {
  const findings: Found[] = []
  for (let at = MONDAY + from * DAY; at < MONDAY + days * DAY; at += STEP) {
    const random = randomFrom(at / STEP)
    for (let minute = at; minute < at + STEP; minute += MINUTE) {
      const [good, bad] = [poisson(RATE * busy(minute) * traffic(minute), random), poisson(0.15, random)]
      if (good > 0) detector.see(decision(minute + 1000, 'valid', good, { seq: minute / MINUTE }))
      if (bad > 0) detector.see(decision(minute + 2000, 'expired', bad, { seq: minute / MINUTE }))
    }
    for (const event of more(at)) detector.see(event)
    detector.pass(at + STEP + 10_000, (finding) => findings.push(finding))
  }
  return findings
}

/** What a month of ordinary traffic leaves behind, and what was found in it. */
const first = createAggregateDetector()
const FOUND_IN_MONTH = play({ days: 30, from: 0, detector: first })
const MONTH = first.snapshot()

function grown(): AggregateDetector {
  const detector = createAggregateDetector()
  detector.restore(structuredClone(MONTH))
  return detector
}

const START = MONDAY + 30 * DAY + 10 * HOUR
const within = (minutes: number) => (at: number) => at >= START && at < START + minutes * MINUTE
const DAYS = 30.75
const named = (findings: readonly Found[], detector: string) => findings.filter((finding) => finding.detector === detector)

/** Every brace of the sentence is a fact. */
function expectFacts({ detector, facts }: Found): void {
  const row = CATALOGUE[detector as keyof typeof CATALOGUE]
  const braces = [...row.sentence.matchAll(/\{(\w+)\}/g)].map(([, brace]) => brace)
  expect(new Set(Object.keys(facts))).toEqual(new Set(braces))
}

describe('a tenant of a month', () => {
  test('ordinary traffic with seasons raises nothing', () => {
    expect(FOUND_IN_MONTH).toEqual([])
    expect(play({ days: DAYS })).toEqual([])
  })

  test('a flood is a spike within two buckets, told in numbers', () => {
    const busyNow = within(20)
    const [finding, ...rest] = named(play({ days: DAYS, traffic: (at) => (busyNow(at) ? 12 : 1) }), 'volume-spike')
    expect(finding).toMatchObject({ tenant: 1, severity: 'medium', subject: { kind: 'tenant', key: 'accepted' } })
    expect(finding!.detectedAt - START).toBeLessThanOrEqual(10 * MINUTE + 10_000)
    expectFacts(finding!)
    expect(finding!.measured.observed).toBeGreaterThan(finding!.measured.expected!.high)
    expect(finding!.evidence[0]).toMatch(/^evt_1_/)
    expect(finding!.features[1]).toContain('billing')
    expect(finding!.unless[0]).toMatch(/fewer than \d+ accepted validations/)
    expect(rest).toEqual([])
  })

  test('a mark explains much, not everything, and only its own service', () => {
    const busyNow = within(20)
    const played = (factor: number, service?: string | null) => {
      const detector = grown()
      const mark = { tenantNo: 1, from: START - HOUR, to: START + HOUR }
      if (service !== undefined) detector.useMarks([{ ...mark, service }])
      return named(play({ days: DAYS, detector, traffic: (at) => (busyNow(at) ? factor : 1) }), 'volume-spike').length
    }
    expect([played(3), played(3, null), played(3, 'billing'), played(12, null)]).toEqual([1, 0, 0, 1])
    const other = grown()
    other.useMarks([{ tenantNo: 2, service: null, from: START - HOUR, to: START + HOUR }])
    expect(named(play({ days: DAYS, detector: other, traffic: (at) => (busyNow(at) ? 3 : 1) }), 'volume-spike')).toHaveLength(1)
  })

  test('a mark widens how far the share of a reason may move', () => {
    const more = (at: number) => (within(30)(at) ? [decision(at, 'scope_missing', 4, { service: 'orders' })] : [])
    const marked = grown()
    marked.useMarks([{ tenantNo: 1, service: null, from: START - HOUR, to: START + HOUR }])
    expect(named(play({ days: DAYS, more }), 'failure-shift')).toHaveLength(1)
    expect(named(play({ days: DAYS, more, detector: marked }), 'failure-shift')).toEqual([])
  })

  test('silence is a drop', () => {
    const silent = within(120)
    const [finding] = named(play({ days: DAYS, traffic: (at) => (silent(at) ? 0 : 1) }), 'volume-drop')
    expect(finding).toMatchObject({ severity: 'medium', measured: { observed: 0 }, subject: { key: 'accepted' } })
    expect(finding!.detectedAt - START).toBeLessThanOrEqual(10 * MINUTE + 10_000)
    expectFacts(finding!)
  })

  test('well-formed unknown tokens are forged, junk is not', () => {
    const tries = (shape: string) => (at: number) =>
      within(10)(at)
        ? [decision(at, 'unknown', 40, { shape, population: POPULATIONS.unattributed, network: BigInt(at) << 8n })]
        : []
    const [finding] = named(play({ days: DAYS, more: tries('known/65-128/base62/good') }), 'forged-shape')
    expect(finding).toMatchObject({ severity: 'medium', facts: { attempts: { value: 40 }, sources: { value: 1 } } })
    expectFacts(finding!)
    expect(named(play({ days: DAYS, more: tries('none/1-32/other/none') }), 'forged-shape')).toEqual([])
  })

  test('a reason that takes a larger share is a shift, with the service that carries it', () => {
    const more = (at: number) => (within(30)(at) ? [decision(at, 'scope_missing', 30, { service: 'orders' })] : [])
    const [finding] = named(play({ days: DAYS, more }), 'failure-shift')
    expect(finding).toMatchObject({
      facts: { reason: { value: 'scope_missing' }, service: { value: 'orders' }, part: { value: 1 } },
    })
    expect(finding!.detectedAt - START).toBeLessThanOrEqual(15 * MINUTE + 10_000)
    expectFacts(finding!)
  })

  test('many issued and widened tokens are a burst; successors of a rotation are not', () => {
    const issue = (reason: number) => (at: number) =>
      within(5)(at)
        ? [
            { ...decision(at, 'valid', 15), type: TYPES['token.issued'].id, outcome: 0, reason },
            {
              ...decision(at, 'valid', 3),
              type: TYPES['token.scopes_changed'].id,
              outcome: 0,
              reason: 0,
              detail: '{"added":["admin"]}',
            },
          ]
        : []
    const [finding] = named(play({ days: DAYS, more: issue(100) }), 'issue-burst')
    expect(finding).toMatchObject({
      severity: 'high',
      facts: { issued: { value: 15 }, widened: { value: 3 }, max: { value: 0 } },
    })
    expectFacts(finding!)
    expect(named(play({ days: DAYS, more: issue(101) }), 'issue-burst')).toEqual([])
  })

  test('mass revocation is a burst', () => {
    const more = (at: number) =>
      within(5)(at) ? [{ ...decision(at, 'valid', 25), type: TYPES['token.revoked'].id, outcome: 0, reason: 110 }] : []
    const [finding] = named(play({ days: DAYS, more }), 'revoke-burst')
    expect(finding).toMatchObject({ facts: { revoked: { value: 25 }, max: { value: 0 } } })
    expectFacts(finding!)
  })

  test('canaries are no traffic', () => {
    const more = (at: number) => (within(10)(at) ? [decision(at, 'canary', 500, { flags: FLAGS.canary })] : [])
    expect(play({ days: DAYS, more })).toEqual([])
  })

  test('growth by a tenth a day is drift, and no level afterwards', () => {
    const grown = (at: number) => 1.1 ** Math.max(0, (at - (MONDAY + 30 * DAY)) / DAY)
    const [finding] = named(play({ days: 39, traffic: grown }), 'slow-drift')
    expect(finding!.facts['change']).toMatchObject({ as: 'share' })
    expect(finding!.detectedAt - (MONDAY + 30 * DAY)).toBeLessThan(8 * DAY)
    expectFacts(finding!)
  })

  test('rows that come late judge their hour again, upwards only', () => {
    const more = (at: number) => (at === START + 6 * HOUR ? [decision(START + MINUTE, 'valid', 9000)] : [])
    const [finding] = named(play({ days: DAYS, more }), 'volume-spike')
    expect(finding).toMatchObject({ from: START, caveats: ['late'], subject: { key: 'accepted' } })
    expect(finding!.measured.observed).toBeGreaterThan(9000)
  })
})

test('a detector that was stopped and restored finds the same as one that was not', () => {
  const traffic = (at: number) => (within(20)(at) ? 12 : 1)
  const whole = grown()
  const findings = play({ days: 31, traffic, detector: whole })
  const [before, second] = [grown(), createAggregateDetector()]
  play({ days: 30.5, traffic, detector: before })
  second.restore(structuredClone(before.snapshot()))
  expect(play({ days: 31, from: 30.5, traffic, detector: second })).toEqual(
    findings.filter(({ detectedAt }) => detectedAt > MONDAY + 30.5 * DAY + 10_000),
  )
  expect(second.snapshot()).toEqual(whole.snapshot())
})

test('beyond the bound the smallest parts are left to their whole, and it is counted', () => {
  const detector = createAggregateDetector({ lanesMax: 60 })
  for (let i = 0; i < 15; i++)
    for (let no = 0; no < 40; no++) detector.see(decision(MONDAY + i, 'valid', 1, { service: `s${i}`, route: `/r${no}` }))
  expect(detector.state().lanes).toBeLessThanOrEqual(60)
  expect(detector.state().folded).toBeGreaterThan(0)
})

test('a stream learns for two weeks, and expects by the hour of the week in its own zone', () => {
  const zone = hourOfWeekIn('America/New_York')
  const profile = createProfile(zone)
  const stream = createStream({ bucketMs: HOUR, profile })
  const atWork = (at: number) => zone(at) % 24 >= 9 && zone(at) % 24 < 17 && zone(at) < 120
  // six weeks over the clock change of 8 March 2026
  const from = Date.UTC(2026, 1, 2, 5)
  for (let at = from; at < from + 42 * DAY; at += HOUR) {
    const { learning } = stream.judge({ at, value: atWork(at) ? 400 : 20 })
    expect(learning).toBe(at - from < 14 * DAY)
  }
  const monday = Date.UTC(2026, 2, 16, 13)
  expect(zone(monday)).toBe(9)
  expect(profile.expect(monday, HOUR)).toBeGreaterThan(250)
  expect(profile.expect(monday - HOUR, HOUR)).toBeLessThan(60)
  expect(profile.expect(monday + 5 * DAY, HOUR)).toBeLessThan(0.75 * profile.expect(monday, HOUR))
})

/** The month as if it had been learned by another clock than it was. */
function learnedIn(zone: string): unknown {
  const { tenants, ...rest } = structuredClone(MONTH) as { readonly tenants: readonly object[] }
  return { ...rest, tenants: tenants.map((tenant) => ({ ...tenant, zone })) }
}

describe('a tenant moves to the clock of another zone', () => {
  const TOKYO = new Map([[1, 'Asia/Tokyo']])

  test('what was learned of an hour stays with its moment, so that nothing is found that was not before', () => {
    const moved = grown()
    moved.useZones(TOKYO)
    expect(moved.snapshot()).not.toEqual(grown().snapshot())
    const found = play({ days: 37, detector: moved })
    const misled = createAggregateDetector()
    misled.restore(learnedIn('Asia/Tokyo'))
    expect(play({ days: 37, detector: misled })).not.toEqual([])
    expect(found.map(({ detector, from }) => [detector, from])).toEqual(
      play({ days: 37 }).map((each) => [each.detector, each.from]),
    )
  })

  test('also when it moved while detection was away, and back', () => {
    const moved = grown()
    moved.useZones(TOKYO)
    const [away, back] = [createAggregateDetector({ timeZoneOf: () => 'Asia/Tokyo' }), createAggregateDetector()]
    away.restore(structuredClone(MONTH))
    back.restore(structuredClone(moved.snapshot()))
    expect(away.snapshot()).toEqual(moved.snapshot())
    expect(back.snapshot()).toEqual(grown().snapshot())
  })
})
