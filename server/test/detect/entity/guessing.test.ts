import { describe, expect, test } from 'vitest'
import { reasonId } from 'tokentrail'
import {
  accepted,
  DAY,
  fact,
  failed,
  findIn,
  FLAGS,
  habit,
  HOUR,
  KINDS,
  learned,
  MINUTE,
  only,
  SECOND,
  spoke,
  START,
} from './events.ts'

const guesses = (count: number, every: number, at: number, wish: Partial<Parameters<typeof failed>[1]> = {}) =>
  Array.from({ length: count }, (_, i) => failed(i, { at: at + i * every, ...wish }))

describe('guessing', () => {
  test('twenty different credentials within a minute are found with the twentieth', () => {
    const found = only(findIn(guesses(20, SECOND, START)), 'guessing')
    expect(found).toMatchObject([
      {
        severity: 'low',
        subject: { kind: 'source', key: '000000000000029a' },
        detectedAt: START + 19 * SECOND,
        facts: { distinct: { value: 20 }, span: { value: MINUTE }, hits: { value: 0 } },
      },
    ])
    expect(found[0]?.evidence).toHaveLength(5)
  })

  test('nineteen are silent, and so is one bad credential however often', () => {
    expect(findIn(guesses(19, SECOND, START))).toEqual([])
    expect(findIn(Array.from({ length: 5000 }, (_, i) => failed(1, { at: START + i * SECOND })))).toEqual([])
  })

  test('a client with three bad credentials in turn is stuck, not guessing', () => {
    expect(findIn(Array.from({ length: 3000 }, (_, i) => failed(i % 3, { at: START + i * MINUTE })))).toEqual([])
  })

  test('one try in ten minutes is found within the day', () => {
    const found = only(findIn(guesses(144, 10 * MINUTE, START)), 'guessing')
    expect(found[0]?.facts['span']).toEqual({ as: 'duration', value: DAY })
    expect(found[0]?.detectedAt).toBeLessThan(START + 10 * HOUR)
  })

  test('an office where people mistype now and then is silent for months', () => {
    const typos = Array.from({ length: 600 }, (_, i) => failed(i, { at: START + i * 3 * HOUR }))
    expect(findIn(typos)).toEqual([])
  })

  test('a coalesced row counts for all that it stands for, and says so', () => {
    const flood = failed(1, { at: START, count: 5000, distinct: 4800, flags: FLAGS.coalesced, spanMs: 1000 })
    expect(findIn([flood])).toMatchObject([
      { detector: 'guessing', evidenceCount: 5000, caveats: ['coalesced'], facts: { distinct: { value: 4800 } } },
    ])
  })

  test('beyond what the filter can tell apart the number stays about right', () => {
    const found = only(findIn(guesses(2000, 100, START)), 'guessing')
    const distinct = Number(found.at(-1)?.facts['distinct']?.value)
    expect(distinct).toBeGreaterThan(1000 / 2)
    expect(distinct).toBeLessThan(2000 * 1.4)
  })
})

describe('guess-then-hit', () => {
  const attack = guesses(30, SECOND, START + 10 * DAY)
  const hit = (wish: Partial<Parameters<typeof accepted>[0]> = {}) =>
    accepted({ at: START + 10 * DAY + HOUR, network: 666n, ...wish })

  test('a known token accepted from a guessing network is critical', () => {
    expect(only(findIn([...learned(), ...attack, hit()]), 'guess-then-hit')).toMatchObject([
      { severity: 'critical', subject: { kind: 'token', key: '1' }, facts: { failures: { value: 30 }, owner: { value: 11 } } },
    ])
  })

  test('a token that lives at that network, and a network that failed a few times only, are silent', () => {
    expect(only(findIn([...learned({ network: 666n }), ...attack, hit()]), 'guess-then-hit')).toEqual([])
    expect(only(findIn([...learned(), ...attack.slice(0, 5), hit()]), 'guess-then-hit')).toEqual([])
    expect(only(findIn([...learned(), ...attack, hit({ at: START + 13 * DAY })]), 'guess-then-hit')).toEqual([])
  })

  test('a token never seen before counts where nobody was ever accepted', () => {
    expect(spoke(findIn([...attack, hit({ tokenNo: 9, ownerNo: 12 })]))).toContain('guess-then-hit')
    const gateway = accepted({ at: START, network: 666n, tokenNo: 8 })
    expect(spoke(findIn([gateway, ...attack, hit({ tokenNo: 9, ownerNo: 12 })]))).not.toContain('guess-then-hit')
  })
})

describe('spraying', () => {
  const spray = (sources: number, every: number) =>
    Array.from({ length: sources }, (_, i) => failed(i, { at: START + 10 * DAY + i * every, network: BigInt(10_000 + i) }))

  test('many networks with one try each are found, with what they share', () => {
    const found = only(findIn([accepted({ at: START }), ...spray(40, 10 * SECOND)]), 'spraying')
    expect(found[0]).toMatchObject({
      severity: 'medium',
      facts: { trait: { value: 'the client Go' }, each: { value: 1 }, span: { value: 10 * MINUTE } },
    })
    expect(Number(found[0]?.facts['sources']?.value)).toBeGreaterThanOrEqual(10)
  })

  test('five networks a day are found within the month', () => {
    expect(spoke(findIn([accepted({ at: START }), ...spray(150, 5 * HOUR)]))).toContain('spraying')
  })

  test('nine networks, known clients, and a tenant in its first week are silent', () => {
    const old = accepted({ at: START, tokenNo: 99 })
    expect(findIn([old, ...spray(9, 10 * SECOND)])).toEqual([])
    const known = Array.from({ length: 40 }, (_, i) =>
      accepted({ at: START + 9 * DAY, network: BigInt(10_000 + i), tokenNo: 100 + i, ownerNo: 100 + i }),
    )
    expect(only(findIn([old, ...known, ...spray(40, 10 * SECOND)]), 'spraying')).toEqual([])
    expect(findIn(spray(40, 10 * SECOND))).toEqual([])
  })

  test('a hit from one of the spraying networks is a hit', () => {
    const hit = accepted({ at: START + 10 * DAY + HOUR, network: 10_039n, client: 'Go' })
    expect(spoke(findIn([...learned(), ...spray(40, 10 * SECOND), hit]))).toContain('guess-then-hit')
  })
})

describe('known-id-guessing', () => {
  const wrong = (count: number, every = MINUTE) =>
    guesses(count, every, START + DAY, { reason: reasonId('wrong_secret'), claimedNo: 5 })

  test('five wrong secrets in an hour are found; four, and five within a day of a rotation, are not', () => {
    expect(findIn(wrong(5))).toMatchObject([
      {
        detector: 'known-id-guessing',
        severity: 'low',
        facts: { attempts: { value: 5 }, token: { value: 5 }, span: { value: HOUR } },
      },
    ])
    expect(findIn(wrong(4))).toEqual([])
    expect(findIn([fact('token.rotated', { at: START + DAY - HOUR, tokenNo: 5 }), ...wrong(5)])).toEqual([])
  })

  test('it never touches the record of the token: a stranger cannot make a token look bad', () => {
    const threat = [...learned(), ...wrong(500, SECOND).map((event) => ({ ...event, claimedNo: 1 }))]
    const later = accepted({ at: START + 11 * DAY })
    expect(spoke(findIn([...threat, later]))).toEqual(['guessing', 'known-id-guessing'])
  })
})

describe('code-guessing', () => {
  const codes = (tokens: number, each: number) =>
    Array.from({ length: tokens * each }, (_, i) =>
      failed(i, {
        at: START + i * SECOND,
        reason: reasonId('wrong_secret'),
        kind: KINDS.validation,
        claimedNo: 70 + (i % tokens),
      }),
    )

  test('codes over several tokens are high and count what was locked', () => {
    const locked = fact('token.locked', { at: START + MINUTE, kind: KINDS.validation, tokenNo: 70, network: 666n })
    const found = only(findIn([...codes(4, 4).slice(0, 9), locked, ...codes(4, 4).slice(9)]), 'code-guessing')
    expect(found[0]).toMatchObject({
      severity: 'high',
      facts: { attempts: { value: 10 }, tokens: { value: 4 }, locked: { value: 1 } },
    })
  })

  test('one person who cannot find the code is silent', () => {
    expect(only(findIn(codes(1, 15)), 'code-guessing')).toEqual([])
    expect(only(findIn(codes(3, 3)), 'code-guessing')).toEqual([])
  })
})

describe('forged-shape', () => {
  const forged = (count: number, shape: string) =>
    guesses(count, SECOND, START + 10 * DAY, { shape }).map((event, i) => ({ ...event, network: BigInt(500 + (i % 3)) }))

  test('good checksums without a token are found; wrong ones are typing mistakes', () => {
    const before = accepted({ at: START })
    expect(only(findIn([before, ...forged(12, 'known/33-64/base62/good')]), 'forged-shape')).toMatchObject([
      { severity: 'medium', facts: { attempts: { value: 10 }, sources: { value: 3 }, span: { value: HOUR } } },
    ])
    expect(only(findIn([before, ...forged(12, 'known/33-64/base62/bad')]), 'forged-shape')).toEqual([])
    expect(only(findIn([before, ...forged(9, 'known/33-64/base62/good')]), 'forged-shape')).toEqual([])
    const purged = Array.from({ length: 60 }, (_, i) =>
      failed(1, { at: START + 10 * DAY + i * SECOND, shape: 'known/33-64/base62/good' }),
    )
    expect(only(findIn([before, ...purged]), 'forged-shape')).toEqual([])
  })
})

test('ordinary traffic of a month is silent', () => {
  const tokens = Array.from({ length: 20 }, (_, i) =>
    habit(24 * 30, HOUR, {
      at: START + i * MINUTE,
      tokenNo: 1 + i,
      ownerNo: 100 + (i % 5),
      network: BigInt(100 + (i % 4)),
      scope: 'orders:read',
    }),
  )
  const events = tokens.flat().sort((a, b) => a.occurredAt - b.occurredAt)
  expect(findIn(events)).toEqual([])
})
