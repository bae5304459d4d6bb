import { describe, expect, test } from 'vitest'
import { ACTORS, OUTCOMES, reasonId } from 'tokentrail'
import { accepted, bracesOf, DAY, fact, findIn, HOUR, KINDS, learned, MINUTE, refused, SECOND, START } from './events.ts'
import { CATALOGUE } from '../../../src/detect/catalogue.ts'
import { ENTITY_STEPS } from '../../../src/detect/entity/detectors.ts'

const later = START + 10 * DAY
const first = accepted({ at: START, tokenNo: 999, ownerNo: 999 })
const many = (count: number, every: number, make: (at: number, i: number) => ReturnType<typeof fact>) =>
  Array.from({ length: count }, (_, i) => make(later + i * every, i))

describe('issue-burst', () => {
  const issued = (at: number, i: number) =>
    fact('token.issued', { at, tokenNo: 300 + i, ownerNo: 11, actorNo: 5, actorKind: ACTORS.person })

  test('ten tokens in an hour by one person are medium; widened ones make it high', () => {
    expect(findIn([first, ...many(10, MINUTE, issued)])).toMatchObject([
      {
        detector: 'issue-burst',
        severity: 'medium',
        subject: { kind: 'principal', key: '5' },
        facts: { issued: { value: 10 }, widened: { value: 0 }, span: { value: HOUR }, max: { value: 0 } },
      },
    ])
    const widened = (at: number, i: number) =>
      fact('token.scopes_changed', { at, tokenNo: 300 + i, actorNo: 5, detail: '{"added":["admin"],"removed":[]}' })
    expect(findIn([first, ...many(10, MINUTE, widened)])).toMatchObject([{ severity: 'high', facts: { widened: { value: 10 } } }])
  })

  test('nine, a first week, single-use tokens, and narrowed scopes are silent', () => {
    expect(findIn([first, ...many(9, MINUTE, issued)])).toEqual([])
    expect(findIn(many(50, MINUTE, issued))).toEqual([])
    expect(
      findIn([
        first,
        ...many(50, SECOND, (at, i) => fact('token.issued', { at, kind: KINDS.action, tokenNo: 400 + i, actorNo: 5 })),
      ]),
    ).toEqual([])
    expect(
      findIn([
        first,
        ...many(50, MINUTE, (at, i) =>
          fact('token.scopes_changed', { at, tokenNo: 300 + i, actorNo: 5, detail: '{"added":[],"removed":["admin"]}' }),
        ),
      ]),
    ).toEqual([])
  })

  test('a principal that issues as many each day is not told of', () => {
    const daily = Array.from({ length: 20 * 12 }, (_, i) =>
      fact('token.issued', { at: START + Math.floor(i / 12) * DAY + (i % 12) * MINUTE, tokenNo: 500 + i, actorNo: 5 }),
    )
    expect(findIn([first, ...daily]).filter(({ detectedAt }) => detectedAt > START + 8 * DAY)).toEqual([])
  })
})

describe('wide-grant', () => {
  const grown = START + 30 * DAY
  const given = (tokenNo: number, scopes: readonly string[], wish: object = {}) =>
    fact('token.issued', {
      at: grown,
      tokenNo,
      actorNo: 5,
      actorKind: ACTORS.person,
      detail: JSON.stringify({ scopes }),
      ...wish,
    })

  test('a right that no token had is told of once, whoever gives it', () => {
    const before = given(300, ['orders:read', 'orders:write'], { at: grown - 20 * DAY })
    const found = findIn([first, before, given(301, ['orders:write']), given(302, ['orders:read', 'admin:*'])])
    expect(found).toMatchObject([
      {
        detector: 'wide-grant',
        severity: 'low',
        subject: { kind: 'token', key: '302' },
        facts: { scope: { value: 'admin:*' } },
        touches: [
          { kind: 'token', key: '302' },
          { kind: 'principal', key: '5' },
        ],
      },
    ])
    expect(findIn([first, given(301, ['admin:*']), given(302, ['admin:*'])])).toHaveLength(1)
  })

  test('what only reads, the first three weeks, imports by the system and broken details are silent', () => {
    expect(findIn([first, given(301, ['reports:read'])])).toEqual([])
    expect(findIn([first, given(301, ['admin:*'], { at: START + 20 * DAY })])).toEqual([])
    expect(findIn([first, given(301, ['admin:*'], { actorKind: ACTORS.system })])).toEqual([])
    expect(findIn([first, given(301, [], { detail: '{"scopes":["admin' })])).toEqual([])
  })
})

test('revoke-burst: ten revocations in an hour are found, nine are not', () => {
  const revoked = (at: number, i: number) => fact('token.revoked', { at, tokenNo: 300 + i, actorNo: 5 })
  expect(findIn([first, ...many(10, MINUTE, revoked)])).toMatchObject([
    { detector: 'revoke-burst', severity: 'medium', facts: { revoked: { value: 10 }, span: { value: HOUR }, max: { value: 0 } } },
  ])
  expect(findIn([first, ...many(9, MINUTE, revoked)])).toEqual([])
})

test('send-flood: ten messages in an hour for one owner are found; nine, or one each for many owners, are not', () => {
  const sent = (ownerNo: (i: number) => number) => (at: number, i: number) =>
    fact('token.sent', { at, kind: KINDS.validation, tokenNo: 600 + i, ownerNo: ownerNo(i) })
  expect(
    findIn([
      first,
      ...many(
        10,
        MINUTE,
        sent(() => 11),
      ),
    ]),
  ).toMatchObject([
    {
      detector: 'send-flood',
      severity: 'medium',
      subject: { kind: 'owner', key: '11' },
      facts: { sends: { value: 10 }, owner: { value: 11 }, span: { value: HOUR } },
    },
  ])
  expect(
    findIn([
      first,
      ...many(
        9,
        MINUTE,
        sent(() => 11),
      ),
    ]),
  ).toEqual([])
  expect(
    findIn([
      first,
      ...many(
        200,
        SECOND,
        sent((i) => 1000 + i),
      ),
    ]),
  ).toEqual([])
})

test('limit-pressure: five episodes in a day where there were none are found, with how long they lasted', () => {
  const episode = (at: number) =>
    fact('limit.left', { at, tokenNo: 1, ownerNo: 11, spanMs: 60_000, limit: 'limit_token', reason: reasonId('limit_token') })
  expect(findIn([first, ...many(5, MINUTE, episode)])).toMatchObject([
    {
      detector: 'limit-pressure',
      severity: 'low',
      facts: { token: { value: 1 }, episodes: { value: 5 }, lasting: { value: 300_000 } },
    },
  ])
  expect(findIn([first, ...many(4, MINUTE, episode)])).toEqual([])
})

describe('reading-abuse', () => {
  const refusedReading = (wish: object) => (at: number) =>
    fact('reading.rejected', { at, outcome: OUTCOMES.rejected, reason: reasonId('role_missing'), ...wish })

  test('ten refused readings of a principal within ten minutes, and ten refused sign-ins of a network, are found', () => {
    expect(findIn([first, ...many(10, SECOND, refusedReading({ actorNo: 5 }))])).toMatchObject([
      {
        detector: 'reading-abuse',
        severity: 'medium',
        subject: { kind: 'principal', key: '5' },
        facts: { refusals: { value: 10 }, max: { value: 0 } },
      },
    ])
    const signIn = (at: number) =>
      fact('principal.sign_in_rejected', { at, outcome: OUTCOMES.rejected, reason: reasonId('unauthenticated'), network: 666n })
    expect(findIn([first, ...many(10, SECOND, signIn)])).toMatchObject([{ subject: { kind: 'source' } }])
  })

  test('three a day, every day of a week, are found', () => {
    const week = many(21, 8 * HOUR, refusedReading({ actorNo: 5 }))
    expect(findIn([first, ...week])[0]).toMatchObject({ facts: { span: { value: 7 * DAY } } })
  })

  test('nine, and ten over hours, are silent', () => {
    expect(findIn([first, ...many(9, SECOND, refusedReading({ actorNo: 5 }))])).toEqual([])
    expect(findIn([first, ...many(10, HOUR, refusedReading({ actorNo: 5 }))])).toEqual([])
    expect(findIn([first, ...many(14, 7 * HOUR, refusedReading({ actorNo: 5 }))])).toEqual([])
  })
})

test('blind: a declared loss is told with its count, its span and its reason; nothing lost is nothing', () => {
  const loss = (count: number) =>
    fact('loss.declared', {
      at: later,
      reason: reasonId('journal_full'),
      detail: JSON.stringify({ writer: 7, count, from: later - HOUR, to: later }),
    })
  expect(findIn([loss(12)])).toMatchObject([
    {
      detector: 'blind',
      severity: 'medium',
      facts: { count: { value: 12 }, since: { value: later - HOUR }, until: { value: later }, reason: { value: 'journal_full' } },
    },
  ])
  expect(findIn([loss(20_000)])).toMatchObject([{ severity: 'high' }])
  expect(findIn([loss(0), fact('gap.found', { at: later, detail: 'no JSON' })])).toEqual([])
})

test('every detector of the table is in the catalogue, and every finding tells every brace of its sentence', () => {
  const events = [
    ...learned({ country: 'DE', scope: 'orders:read' }),
    ...Array.from({ length: 30 }, (_, i) =>
      accepted({ at: later + i * SECOND, network: BigInt(3000 + i), country: 'JP', client: 'Go', scope: 'orders:delete' }),
    ),
    ...Array.from({ length: 6 }, (_, i) => refused('scope_missing', { at: later + i * SECOND, scope: `s${i}` })),
    refused('consumed', { at: later, kind: KINDS.action, tokenNo: 50 }),
    refused('revoked', { at: later, network: 5n }),
    refused('canary', { at: later, tokenNo: 5 }),
  ]
  const found = findIn(events)
  expect(found.length).toBeGreaterThan(6)
  for (const { detector, facts } of found)
    expect([detector, ...Object.keys(facts).sort()]).toEqual([detector, ...bracesOf(detector as keyof typeof CATALOGUE)])
  expect(ENTITY_STEPS.filter(({ name }) => !(name in CATALOGUE))).toEqual([])
})
