import { eventId } from 'tokentrail'
import { describe, expect, test } from 'vitest'
import { firstSeen, fixedThresholds } from '../../../../bench/detect/baselines.ts'
import { createCounts } from '../../../../bench/detect/counts.ts'
import { attackFigures, cleanFigures, proportion, rate } from '../../../../bench/detect/figures.ts'
import { createMatching } from '../../../../bench/detect/matching.ts'
import { shuffled } from '../../../../bench/detect/null-test.ts'
import { runWorld, type Detecting } from '../../../../bench/detect/run.ts'
import type { Found } from '../../../src/detect/finding.ts'
import type { EventRow } from '../../../src/event/row.ts'
import { createWorld, type World } from '../../../src/simulate/world/world.ts'

const OPTIONS = { seed: 4, tenants: 2, learnWeeks: 2, judgedWeeks: 1, callsPerDay: 60, geo: false } as const
const HOUR_MS = 3_600_000
const WEEK_MS = 168 * HOUR_MS

const world = (attacksPerTenant: number): World => createWorld({ ...OPTIONS, attacksPerTenant })

function foundAt(event: EventRow, more: Partial<Found> = {}): Found {
  return {
    tenant: event.tenant,
    detector: 'rule:test',
    severity: 'high',
    confidence: 'high',
    subject: { kind: 'source', key: `${event.writer} ${event.seq}` },
    from: event.occurredAt,
    to: event.occurredAt,
    detectedAt: event.occurredAt,
    measured: { observed: 1, expected: null, score: { value: 1, unit: 'exact' } },
    facts: {},
    features: [],
    unless: [],
    evidence: [eventId(event.writer, event.seq)],
    evidenceCount: 1,
    caveats: [],
    touches: [],
    ...more,
  }
}

/** Says something of the events that `suits`. */
function saying(suits: (event: EventRow) => boolean): Detecting {
  return { take: (events) => events.filter(suits).map((event) => foundAt(event)), pass: () => [] }
}

describe('a score', () => {
  test('is full for who names every attack and nothing else', () => {
    const judged = world(6)
    const hostile = new Set<EventRow>()
    const first = (event: EventRow): boolean => {
      const truth = judged.truths.find(({ rows }) => rows.includes(event))
      return truth !== undefined && !hostile.has(event) && truth.rows[0] === event
    }
    const figures = attackFigures([runWorld(judged, saying(first))])
    expect(figures.recall.overt.value).toBe(1)
    expect(figures.recall.slow.value).toBe(1)
    expect(figures.precision.incidents.value).toBe(1)
    expect(figures.afterMs).toEqual({ median: 0, p90: 0 })
  })

  test('is nothing for silence, and every word is noise where nobody attacks', () => {
    const silent = attackFigures([
      runWorld(
        world(6),
        saying(() => false),
      ),
    ])
    expect([silent.recall.overt.value, silent.recall.slow.value, silent.precision.incidents.value]).toEqual([0, 0, null])
    const noisy = cleanFigures(
      [
        runWorld(
          world(0),
          saying(({ seq }) => seq % 500 === 0),
        ),
      ],
      4,
    )
    expect(noisy.incidentsPerTenantWeek.count).toBeGreaterThan(10)
    expect(noisy.notifiedPerTenantWeek.value).toBeLessThanOrEqual(7.5)
  })

  test('does not count what is said while learning', () => {
    const judged = world(0)
    const early = cleanFigures(
      [
        runWorld(
          judged,
          saying(({ occurredAt }) => occurredAt < judged.judgedFrom),
        ),
      ],
      4,
    )
    expect(early.incidentsPerTenantWeek.count).toBe(0)
  })
})

describe('a finding over counts', () => {
  const judged = world(12)
  const counts = createCounts()
  for (const { rows } of judged.batches()) for (const row of rows) counts.add(row)
  const loud = judged.truths.toSorted((a, b) => b.rows.length - a.rows.length)[0]
  if (!loud) throw new Error('expected an attack')
  const matching = createMatching(judged.truths, counts)
  const [first, last] = [loud.rows[0] as EventRow, loud.rows.at(-1) as EventRow]
  const own = loud.rows.filter(({ service, outcome }) => service === first.service && outcome === first.outcome).length
  const measure = first.outcome === 1 ? 'accepted' : first.population === 2 ? 'invalidUnknown' : 'invalidKnown'
  const spike = (observed: number): Found =>
    foundAt(first, {
      subject: { kind: 'service', key: `service ${first.service} · ${measure}` },
      detector: 'volume-spike',
      to: last.occurredAt,
      measured: { observed, expected: { value: 10, low: 5, high: 15 }, score: { value: 9, unit: '-log10 p' } },
    })

  test('is about the attack that caused half of the excess, and not about one that caused less', () => {
    expect(matching.attacksOf(spike(10 + own))).toContain(loud.attack)
    expect(matching.attacksOf(spike(10 + own * 2.5))).not.toContain(loud.attack)
  })

  test('is not about an attack on another tenant or another stream', () => {
    expect(matching.attacksOf({ ...spike(10 + own), tenant: 99 })).toEqual([])
    expect(matching.attacksOf({ ...spike(10 + own), subject: { kind: 'tenant', key: 'exports' } })).toEqual([])
  })
})

describe('the null test', () => {
  const events = [...world(0).batches()].flatMap(({ rows }) => rows)
  const dealt = [...shuffled(world(0), 1).batches()].flatMap(({ rows }) => rows)

  test('loses no event and keeps each hour of the week', () => {
    const perHour = (rows: readonly EventRow[]): number[] => {
      const hours = Array.from({ length: 168 }, () => 0)
      for (const { occurredAt } of rows) {
        const hour = Math.floor((occurredAt % WEEK_MS) / HOUR_MS)
        hours[hour] = (hours[hour] ?? 0) + 1
      }
      return hours
    }
    expect(dealt.length).toBe(events.length)
    expect(perHour(dealt)).toEqual(perHour(events))
    expect(dealt.every(({ seq }, i) => seq === i + 1)).toBe(true)
  })

  test('leaves nothing in its week', () => {
    const loadTest = (rows: readonly EventRow[]): number =>
      Math.max(
        ...[...Map.groupBy(rows, ({ occurredAt }) => Math.floor(occurredAt / HOUR_MS)).values()].map(({ length }) => length),
      )
    expect(loadTest(dealt)).toBeLessThan(0.7 * loadTest(events))
  })
})

describe('baselines', () => {
  test('find the loud and miss the patient', () => {
    const figures = attackFigures([
      runWorld(createWorld({ ...OPTIONS, judgedWeeks: 2, attacksPerTenant: 24 }), fixedThresholds()),
    ])
    expect(figures.recall.overt.value).toBeGreaterThan(figures.recall.slow.value ?? 1)
    expect(figures.scenarios['guessing, overt']?.recall.value).toBe(1)
  })

  test('shout where everything first is strange', () => {
    const clean = (make: () => Detecting): number => cleanFigures([runWorld(world(0), make())], 2).incidentsPerTenantWeek.value
    expect(clean(firstSeen)).toBeGreaterThan(5)
  })
})

test('intervals are those of the tables', () => {
  expect(proportion(81, 263)).toMatchObject({ low: 0.255, high: 0.366 })
  const ten = rate(10, 1)
  expect(ten.low).toBeCloseTo(4.79, 1)
  expect(ten.high).toBeCloseTo(18.39, 1)
  expect(rate(0, 1)).toMatchObject({ low: 0 })
})
