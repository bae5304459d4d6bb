import { describe, expect, test } from 'vitest'
import {
  accepted,
  DAY,
  fact,
  findIn,
  FLAGS,
  habit,
  HOUR,
  learned,
  MINUTE,
  only,
  refused,
  SECOND,
  spoke,
  START,
} from './events.ts'

const later = START + 10 * DAY

describe('new-network', () => {
  test('a learned token from a place nobody uses is low, and says how many it knew', () => {
    const [found] = only(findIn([...learned(), accepted({ at: later, network: 300n })]), 'new-network')
    expect(found).toMatchObject({
      severity: 'low',
      facts: { token: { value: 1 }, network: { value: '000000000000012c' }, known: { value: 1 }, days: { value: 10 } },
    })
    expect(found?.measured.score.unit).toBe('bits')
    expect(found?.measured.score.value).toBeGreaterThanOrEqual(12)
  })

  test('with a new client it is medium', () => {
    const found = findIn([...learned(), accepted({ at: later, network: 300n, client: 'Go' })])
    expect(only(found, 'new-network')).toMatchObject([{ severity: 'medium' }])
    expect(only(found, 'new-client')).toMatchObject([
      { severity: 'low', facts: { clients: { value: 'curl' }, client: { value: 'Go' } } },
    ])
  })

  test('in learning, at a known network, and where three others of the owner are, it is silent', () => {
    expect(findIn([...learned().slice(0, 100), accepted({ at: START + 5 * DAY, network: 300n })])).toEqual([])
    expect(findIn([...learned(), accepted({ at: later })])).toEqual([])
    const peers = [2, 3, 4].map((tokenNo) => accepted({ at: later - HOUR, tokenNo, network: 300n }))
    expect(only(findIn([...learned(), ...peers, accepted({ at: later, network: 300n })]), 'new-network')).toEqual([])
  })

  test('a token that always wanders is not told of for wandering', () => {
    const wanderer = Array.from({ length: 400 }, (_, i) => accepted({ at: START + i * HOUR, network: BigInt(1000 + i) }))
    expect(only(findIn(wanderer), 'new-network')).toEqual([])
  })

  test('a token without a network is judged by nothing', () => {
    expect(findIn([...learned({ network: 0n }), accepted({ at: later, network: 0n })])).toEqual([])
  })
})

describe('new-client', () => {
  test('alone it is a note; what three others of the owner use is none', () => {
    expect(
      only(findIn([...habit(600, HOUR, { at: START }), accepted({ at: START + 26 * DAY, client: 'Go' })]), 'new-client'),
    ).toMatchObject([{ severity: 'info' }])
    const peers = [2, 3, 4].map((tokenNo) => accepted({ at: START + 25 * DAY, tokenNo, client: 'Go' }))
    expect(
      only(
        findIn([...habit(600, HOUR, { at: START }), ...peers, accepted({ at: START + 26 * DAY, client: 'Go' })]),
        'new-client',
      ),
    ).toEqual([])
  })
})

describe('rare-scope', () => {
  const reader = habit(600, HOUR, { at: START, scope: 'orders:read' })
  const at = START + 26 * DAY

  test('a privileged scope from a new network is high', () => {
    const found = findIn([...reader, accepted({ at, scope: 'orders:delete', network: 300n })])
    expect(only(found, 'rare-scope')).toMatchObject([
      { severity: 'high', facts: { scope: { value: 'orders:delete' }, uses: { value: 600 } } },
    ])
  })

  test('from its own network it is low; after a change of scopes, or with a scope it used, silent', () => {
    expect(only(findIn([...reader, accepted({ at, scope: 'orders:delete' })]), 'rare-scope')).toMatchObject([{ severity: 'low' }])
    const granted = fact('token.scopes_changed', { at: at - DAY, tokenNo: 1, detail: '{"added":["orders:delete"],"removed":[]}' })
    expect(only(findIn([...reader, granted, accepted({ at, scope: 'orders:delete' })]), 'rare-scope')).toEqual([])
    expect(findIn([...reader, accepted({ at, scope: 'orders:read' })])).toEqual([])
  })
})

describe('impossible-travel', () => {
  const home = learned({ country: 'DE' })

  test('Germany to Japan in an hour is medium, with distance and speed, and says that it knows countries only', () => {
    const [found] = only(findIn([...home, accepted({ at: later, country: 'JP', network: 300n })]), 'impossible-travel')
    expect(found).toMatchObject({
      severity: 'medium',
      confidence: 'low',
      caveats: ['no geo file'],
      facts: { place: { value: 'DE' }, nextPlace: { value: 'JP' }, gap: { value: HOUR } },
    })
    expect(Number(found?.facts['speed']?.value)).toBeGreaterThan(1000)
  })

  test('a neighbour, a flight, a cloud and an event without country are silent', () => {
    const silent = [
      accepted({ at: later, country: 'FR', network: 300n }),
      accepted({ at: later + 14 * HOUR, country: 'JP', network: 300n }),
      accepted({ at: later, country: 'JP', network: 300n, flags: FLAGS.hostingNetwork }),
      accepted({ at: later, network: 300n }),
    ]
    for (const use of silent) expect(only(findIn([...home, use]), 'impossible-travel')).toEqual([])
  })
})

describe('concurrent-use', () => {
  const turns = (count: number, every = MINUTE, start = later) =>
    Array.from({ length: count }, (_, i) => accepted({ at: start + i * every, network: i % 2 === 0 ? 100n : 300n }))

  test('two networks that take turns are found at the third turn', () => {
    const found = only(findIn([...learned(), ...turns(10)]), 'concurrent-use')
    expect(found[0]).toMatchObject({
      severity: 'high',
      facts: { turns: { value: 3 }, network: { as: 'network' }, otherNetwork: { as: 'network' }, token: { value: 1 } },
    })
  })

  test('a move, a slow change, and a token that lives at two places are silent', () => {
    const move = [...turns(2), ...habit(20, MINUTE, { at: later + HOUR, network: 300n })]
    expect(only(findIn([...learned(), ...move]), 'concurrent-use')).toEqual([])
    expect(only(findIn([...learned(), ...turns(10, 10 * MINUTE)]), 'concurrent-use')).toEqual([])
    const twoHomes = Array.from({ length: 2000 }, (_, i) =>
      accepted({ at: START + i * 10 * MINUTE, network: i % 2 === 0 ? 100n : 300n }),
    )
    expect(only(findIn([...twoHomes, ...turns(20, MINUTE, START + 15 * DAY)]), 'concurrent-use')).toEqual([])
  })
})

describe('many-networks', () => {
  test('a published token is found when its networks pass ten', () => {
    const published = Array.from({ length: 80 }, (_, i) =>
      accepted({ at: later + i * SECOND, network: BigInt(2000 + i), asn: 60_000 + i }),
    )
    const found = only(findIn([...learned(), ...published]), 'many-networks')
    expect(found[0]).toMatchObject({
      severity: 'high',
      facts: { networks: { value: 10 }, span: { value: DAY }, max: { value: 1 } },
    })
  })

  test('without a geo file it takes twenty-five, is medium, and says so', () => {
    const unknown = (count: number) =>
      Array.from({ length: count }, (_, i) => accepted({ at: later + i * SECOND, network: BigInt(2000 + i) }))
    expect(only(findIn([...learned(), ...unknown(40)]), 'many-networks')[0]).toMatchObject({
      severity: 'medium',
      caveats: ['no geo file'],
    })
    expect(only(findIn([...learned(), ...unknown(20)]), 'many-networks')).toEqual([])
  })

  test('nine networks, one carrier, and what every day has are silent', () => {
    const few = (count: number, wish = {}) =>
      Array.from({ length: count }, (_, i) => accepted({ at: later + i * SECOND, network: BigInt(2000 + i), ...wish }))
    expect(only(findIn([...learned(), ...few(8, { asn: 1 })]), 'many-networks')).toEqual([])
    expect(only(findIn([...learned(), ...few(40, { asn: 65_000 })]), 'many-networks')).toEqual([])
    const daily = Array.from({ length: 10 * 15 }, (_, i) =>
      accepted({ at: START + Math.floor(i / 15) * DAY + (i % 15) * HOUR, network: BigInt(3000 + i), asn: 60_000 + i }),
    )
    expect(only(findIn(daily), 'many-networks').filter(({ detectedAt }) => detectedAt > START + DAY)).toEqual([])
  })
})

describe('many-tokens', () => {
  const owners = (count: number) =>
    Array.from({ length: count }, (_, i) => learned({ tokenNo: 10 + i, ownerNo: 200 + i, network: BigInt(100 + i) }))
  const harvest = (count: number, every: number) =>
    Array.from({ length: count }, (_, i) => accepted({ at: later + i * every, tokenNo: 10 + i, ownerNo: 200 + i, network: 900n }))

  test('one network with tokens of many owners is high', () => {
    const found = only(findIn([...owners(8).flat(), ...harvest(8, MINUTE)]), 'many-tokens')
    expect(found[0]).toMatchObject({
      severity: 'high',
      subject: { kind: 'source' },
      facts: { owners: { value: 5 }, tokens: { value: 5 }, max: { value: 0 } },
    })
  })

  test('one owner a day is found within the week', () => {
    expect(spoke(findIn([...owners(7).flat(), ...harvest(7, 20 * HOUR)]))).toContain('many-tokens')
  })

  test('four owners are silent, and so is a gateway that they always used', () => {
    expect(only(findIn([...owners(4).flat(), ...harvest(4, MINUTE)]), 'many-tokens')).toEqual([])
    const office = Array.from({ length: 8 }, (_, i) => learned({ tokenNo: 10 + i, ownerNo: 200 + i, network: 900n })).flat()
    expect(only(findIn([...office, ...harvest(8, MINUTE)]), 'many-tokens')).toEqual([])
  })
})

describe('scope-probing', () => {
  const probes = (count: number, every = MINUTE) =>
    Array.from({ length: count }, (_, i) => refused('scope_missing', { at: later + i * every, scope: `area${i}:read` }))

  test('five different scopes in an hour are found; one scope refused a hundred times is a misconfigured client', () => {
    expect(only(findIn([...learned(), ...probes(6)]), 'scope-probing')[0]).toMatchObject({
      severity: 'medium',
      facts: { scopes: { value: 5 }, span: { value: HOUR }, max: { value: 0 } },
    })
    expect(findIn([...learned(), ...probes(4)])).toEqual([])
    const stuck = Array.from({ length: 100 }, (_, i) => refused('scope_missing', { at: later + i * MINUTE, scope: 'admin' }))
    expect(findIn([...learned(), ...stuck])).toEqual([])
  })

  test('two a day are found within the week', () => {
    expect(spoke(findIn([...learned(), ...probes(14, 8 * HOUR)]))).toContain('scope-probing')
  })
})

describe('sleeper-awake', () => {
  const late = START + 30 * DAY
  const sleeper = (wish: object = {}) => accepted({ at: late, tokenNo: 700, ownerNo: 70, network: 900n, ...wish })

  test('a first use after four weeks, where no other token is used, is medium', () => {
    expect(only(findIn([...learned(), sleeper()]), 'sleeper-awake')).toMatchObject([
      { severity: 'medium', subject: { kind: 'token', key: '700' }, facts: { gap: { value: 30 * DAY } } },
    ])
  })

  test('one that was issued meanwhile, one beside another, an observed one and an early one are silent', () => {
    const silent = (events: readonly ReturnType<typeof accepted>[]) => only(findIn([...learned(), ...events]), 'sleeper-awake')
    expect(silent([fact('token.issued', { at: late - DAY, tokenNo: 700 }), sleeper()])).toEqual([])
    expect(silent([accepted({ at: late - DAY, network: 900n }), sleeper()])).toEqual([])
    expect(silent([sleeper({ flags: FLAGS.observed })])).toEqual([])
    expect(silent([sleeper({ at: START + 20 * DAY })])).toEqual([])
  })
})

describe('dormant-awake and steady-beat', () => {
  test('an hourly token that wakes after forty days is low at home and medium elsewhere', () => {
    const wake = START + 50 * DAY
    expect(only(findIn([...learned(), accepted({ at: wake })]), 'dormant-awake')).toMatchObject([
      { severity: 'low', facts: { token: { value: 1 } } },
    ])
    expect(only(findIn([...learned(), accepted({ at: wake, network: 300n })]), 'dormant-awake')).toMatchObject([
      { severity: 'medium' },
    ])
  })

  test('twenty days of silence, and a quarterly job, are silent', () => {
    expect(only(findIn([...learned(), accepted({ at: START + 29 * DAY })]), 'dormant-awake')).toEqual([])
    const quarterly = Array.from({ length: 12 }, (_, i) => habit(20, MINUTE, { at: START + i * 91 * DAY })).flat()
    expect(only(findIn(quarterly), 'dormant-awake').filter(({ detectedAt }) => detectedAt > START + 100 * DAY)).toEqual([])
  })

  test('a steady beat on a person’s token is told of only where it is asked for', () => {
    const lives = () => ({
      no: 1,
      tenantNo: 1,
      ownerNo: 11,
      kind: 1,
      issuedAt: null,
      scopes: [],
      predecessorNo: null,
      graceUntil: null,
      canary: false,
      personal: true,
    })
    const beat = habit(100, MINUTE, { at: START })
    expect(findIn(beat, { lives })).toEqual([])
    expect(findIn(beat, { lives, also: ['steady-beat'] })).toMatchObject([
      { detector: 'steady-beat', severity: 'info', facts: { gap: { value: MINUTE } } },
    ])
    const uneven = Array.from({ length: 100 }, (_, i) => accepted({ at: START + i * MINUTE + (i % 7) * 5 * SECOND }))
    expect(findIn(uneven, { lives, also: ['steady-beat'] })).toEqual([])
  })
})
