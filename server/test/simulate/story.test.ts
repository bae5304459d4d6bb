import { describe, expect, test } from 'vitest'
import { NOBODY, type Beat } from '../../src/simulate/beat.ts'
import { OWNERS, PLACES } from '../../src/simulate/cast.ts'
import { createErrands } from '../../src/simulate/errands.ts'
import { plantIncidents, type Incident } from '../../src/simulate/incidents.ts'
import { createRandom } from '../../src/simulate/random.ts'
import { createRhythm, HOUR_MS } from '../../src/simulate/rhythm.ts'
import { createStory, stateAt, type Story } from '../../src/simulate/story.ts'
import { createTraffic } from '../../src/simulate/traffic.ts'

/** A Wednesday, 10:30 in Berlin. */
const NOW = Date.UTC(2026, 10, 25, 9, 30)

interface Told {
  readonly story: Story
  readonly incidents: readonly Incident[]
  readonly beats: readonly Beat[]
}

function tell(seed: number, calls = 60_000): Told {
  const story = createStory({ seed, to: NOW, calls, surge: 1 })
  const incidents = plantIncidents(story)
  const traffic = createTraffic(story)
  const beats: Beat[] = []
  for (let from = story.from; from < story.to; from += HOUR_MS)
    beats.push(...traffic.between(from, Math.min(story.to, from + HOUR_MS)))
  return { story, incidents, beats }
}

const { story, incidents, beats } = tell(7)

function countOf(list: readonly Beat[], matches: (beat: Beat) => boolean): number {
  return list.filter(matches).length
}

describe('randomness', () => {
  test('is the same for a seed, and another for another', () => {
    const take = (seed: number): number[] => Array.from({ length: 50 }, createRandom(seed).next)
    expect(take(1)).toEqual(take(1))
    expect(take(1)).not.toEqual(take(2))
  })

  test('has the means it claims', () => {
    const random = createRandom('means')
    const mean = (draw: () => number): number =>
      Array.from({ length: 40_000 }, draw).reduce((sum, value) => sum + value, 0) / 40_000
    expect(mean(random.next)).toBeCloseTo(0.5, 1)
    expect(mean(random.normal)).toBeCloseTo(0, 1)
    expect(mean(() => random.exponential(3))).toBeCloseTo(3, 0)
    expect(mean(() => random.poisson(4))).toBeCloseTo(4, 0)
    expect(mean(() => random.poisson(80)) / 80).toBeCloseTo(1, 1)
  })
})

describe('a story', () => {
  test('is the same for a seed and a time, to the last beat', () => {
    const again = tell(7)
    expect(again.story.tokens).toEqual(story.tokens)
    expect(again.incidents).toEqual(incidents)
    expect(again.beats).toEqual(beats)
    expect(createErrands(again.story)).toEqual(createErrands(story))
  })

  test('is another for another seed', () => {
    expect(tell(8).story.tokens.map(({ id }) => id)).not.toEqual(story.tokens.map(({ id }) => id))
  })

  test('has about three hundred tokens of forty owners, each with an id of its own', () => {
    expect(OWNERS).toHaveLength(40)
    expect(story.tokens.length).toBeGreaterThan(280)
    expect(story.tokens.length).toBeLessThan(330)
    expect(new Set(story.tokens.map(({ id }) => id)).size).toBe(story.tokens.length)
  })

  test('no token is used before it was issued', () => {
    expect(beats.filter(({ token, at }) => token !== NOBODY && at < (story.tokens[token]?.issuedAt ?? 0))).toEqual([])
  })

  test('what a beat says of its token is what the token was at that moment', () => {
    const judged = beats.filter(({ token, reason }) => token !== NOBODY && reason !== 'scope_missing')
    expect(
      judged.filter(({ token, reason, at }) => stateAt(story.tokens[token] as Story['tokens'][number], at) !== reason),
    ).toEqual([])
    expect(new Set(judged.map(({ reason }) => reason)).size).toBeGreaterThanOrEqual(5)
  })

  test('a call that lacks a scope asks for one that the token lacks', () => {
    const overreaching = beats.filter(({ reason }) => reason === 'scope_missing')
    expect(overreaching.length).toBeGreaterThan(0)
    expect(overreaching.filter(({ token, scope }) => story.tokens[token]?.scopes.includes(scope))).toEqual([])
  })
})

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'seed %i: nothing that has ended is rotated, revoked or suspended',
  (seed) => {
    const told = createStory({ seed, to: NOW })
    plantIncidents(told)
    const late = told.tokens.filter(({ issuedAt, expiresAt, rotation, revocation, suspension }) => {
      const changes = [rotation?.at, revocation?.at, suspension?.at].filter((at) => at !== undefined)
      return changes.some((at) => at < issuedAt || (expiresAt !== null && at >= expiresAt)) || changes.length > 2
    })
    expect(late).toEqual([])
  },
)

describe('the rhythm', () => {
  test('of an office is busy in working hours and quiet at night and on weekends', () => {
    const rhythm = createRhythm('Europe/Berlin')
    const [noon, night, sunday] = [Date.UTC(2026, 10, 24, 10), Date.UTC(2026, 10, 24, 2), Date.UTC(2026, 10, 22, 10)]
    expect(rhythm('office', noon) / rhythm('office', night)).toBeGreaterThan(20)
    expect(rhythm('office', noon) / rhythm('office', sunday)).toBeGreaterThan(5)
    expect(rhythm('consumer', sunday)).toBeGreaterThan(rhythm('consumer', noon))
  })

  test.each(['steady', 'office', 'consumer', 'nightly'] as const)('%s has a mean of one over a week', (name) => {
    const rhythm = createRhythm('Europe/Berlin')
    const hours = Array.from({ length: 168 }, (_, i) => rhythm(name, Date.UTC(2026, 10, 16) + i * HOUR_MS))
    expect(hours.reduce((sum, value) => sum + value, 0) / 168).toBeCloseTo(1, 6)
  })

  test('follows the clock of its zone over the change to winter time', () => {
    const rhythm = createRhythm('Europe/Berlin')
    const nineInSummer = Date.UTC(2026, 9, 23, 7)
    const nineInWinter = Date.UTC(2026, 9, 30, 8)
    expect(rhythm('office', nineInSummer)).toBe(rhythm('office', nineInWinter))
  })

  test('shows in the traffic: days against nights, weekdays against weekends', () => {
    const hourOf = (at: number): number => new Date(at).getUTCHours()
    const days = countOf(beats, ({ at }) => hourOf(at) >= 9 && hourOf(at) < 15)
    const nights = countOf(beats, ({ at }) => hourOf(at) < 6)
    expect(days / nights).toBeGreaterThan(2.5)
    const isWeekend = (at: number): boolean => [0, 6].includes(new Date(at).getUTCDay())
    const weekends = countOf(beats, ({ at }) => isWeekend(at)) / 8
    const weekdays = countOf(beats, ({ at }) => !isWeekend(at)) / 22
    expect(weekdays / weekends).toBeGreaterThan(1.3)
  })

  test('a few callers do most', () => {
    const counts = new Map<number, number>()
    for (const { token } of beats) counts.set(token, (counts.get(token) ?? 0) + 1)
    const sorted = [...counts.values()].toSorted((a, b) => b - a)
    const top = sorted.slice(0, Math.ceil(sorted.length / 10)).reduce((sum, count) => sum + count, 0)
    expect(top / beats.length).toBeGreaterThan(0.35)
  })

  test('the size asked for is the size told, about', () => {
    const calls = countOf(beats, ({ token }) => token !== NOBODY)
    expect(calls).toBeGreaterThan(50_000)
    expect(calls).toBeLessThan(70_000)
  })

  test('a surge raises the last hours without a step', () => {
    const busier = createStory({ seed: 7, to: NOW, calls: 60_000, surge: 10 })
    expect(busier.growth(NOW)).toBeCloseTo(10, 5)
    expect(busier.growth(NOW - 4 * HOUR_MS)).toBeCloseTo(story.growth(NOW - 4 * HOUR_MS), 5)
    const quarters = Array.from(
      { length: 16 },
      (_, i) => busier.growth(NOW - (i * HOUR_MS) / 4) / busier.growth(NOW - ((i + 1) * HOUR_MS) / 4),
    )
    expect(Math.max(...quarters)).toBeLessThan(1.2)
  })
})

describe('incidents', () => {
  const byLabel = new Map(incidents.map((incident) => [incident.label, incident]))
  const reasonsOf = (label: string): Record<string, number> => {
    const counts: Record<string, number> = {}
    for (const { reason } of byLabel.get(label)?.beats ?? []) counts[reason] = (counts[reason] ?? 0) + 1
    return counts
  }

  test('all are there, inside the window, in order and labelled', () => {
    expect([...byLabel.keys()]).toEqual([
      'leaked-token',
      'credential-guessing',
      'forgotten-integration',
      'deploy-broke-a-scope',
      'rate-limit',
      'dormant-token',
      'canary-touched',
      'published-token',
      'harvested-tokens',
      'thief-next-door',
    ])
    for (const { label, from, to, beats: own } of incidents) {
      expect(own.every(({ at, incident }) => at >= from && at <= to && incident === label)).toBe(true)
      expect(from).toBeGreaterThan(story.from)
      expect(own.every((beat, i) => i === 0 || beat.at >= (own[i - 1]?.at ?? 0))).toBe(true)
    }
  })

  test('a leaked token is used from a strange network, revoked as leaked, and refused afterwards', () => {
    expect(reasonsOf('leaked-token')).toEqual({ valid: 420, scope_missing: 46, revoked: 260 })
    const [first] = byLabel.get('leaked-token')?.beats ?? []
    expect(story.tokens[first?.token ?? -1]?.revocation).toMatchObject({ reason: 'leaked' })
    expect(first?.ip).toBe(PLACES.stranger(17, Number(first?.ip.split('.')[3])))
  })

  test('guessing shows no token, and is limited in the end', () => {
    const guesses = byLabel.get('credential-guessing')?.beats ?? []
    expect(guesses).toHaveLength(5_400)
    expect(guesses.every(({ token }) => token === NOBODY)).toBe(true)
    expect(reasonsOf('credential-guessing').limit_source).toBeGreaterThan(2_000)
    expect(new Set(guesses.map(({ ip }) => ip)).size).toBe(3)
  })

  test('a forgotten integration is accepted in grace and refused ever since', () => {
    const { in_grace: accepted = 0, superseded = 0 } = reasonsOf('forgotten-integration')
    expect(accepted).toBeGreaterThan(400)
    expect(superseded).toBeGreaterThan(1_000)
  })

  test('a limited job is held by its own limit', () => {
    const limited = byLabel.get('rate-limit')
    expect(reasonsOf('rate-limit').limit_token).toBe(limited?.limits?.find(({ type }) => type === 'limit.left')?.rejected)
  })

  test('attacks of the simulator strike tokens that are otherwise in everyday use', () => {
    for (const label of ['published-token', 'thief-next-door']) {
      const own = byLabel.get(label)?.beats ?? []
      expect(new Set(own.map(({ token }) => token)).size).toBe(1)
      expect(own.every(({ reason }) => reason === 'valid')).toBe(true)
      expect(countOf(beats, ({ token }) => token === own[0]?.token)).toBeGreaterThan(20)
    }
    expect(new Set(byLabel.get('harvested-tokens')?.beats.map(({ token }) => token)).size).toBe(30)
    expect(reasonsOf('canary-touched')).toEqual({ canary: 6 })
  })

  test('a dormant token was not used before', () => {
    const token = byLabel.get('dormant-token')?.beats[0]?.token ?? NOBODY
    expect(countOf(beats, (beat) => beat.token === token)).toBe(0)
    expect(byLabel.get('dormant-token')?.beats).toHaveLength(45)
  })
})

describe('errands', () => {
  const errands = createErrands(story)

  test('come in order, with a replayed link among them', () => {
    expect(errands.every(({ issuedAt }, i) => i === 0 || issuedAt >= (errands[i - 1]?.issuedAt ?? 0))).toBe(true)
    const stolen = errands.find(({ incident }) => incident === 'action-replay')
    expect(stolen?.tries.map(({ reason }) => reason)).toEqual(['valid', ...Array.from({ length: 14 }, () => 'consumed')])
  })

  test('each token is well used once at most, and never tried after its attempts are spent', () => {
    for (const { tries, attemptsMax } of errands) {
      expect(tries.filter(({ reason }) => reason === 'valid').length).toBeLessThanOrEqual(1)
      expect(tries.length).toBeLessThanOrEqual(attemptsMax ?? 15)
    }
  })

  test('most are used, some are left', () => {
    const share = errands.filter(({ tries }) => tries.some(({ reason }) => reason === 'valid')).length / errands.length
    expect(share).toBeGreaterThan(0.7)
    expect(share).toBeLessThan(0.93)
  })
})
