import { describe, expect, test } from 'vitest'
import { eventId } from 'tokentrail'
import {
  accepted,
  consumed,
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
  refused,
  SECOND,
  spoke,
  START,
} from './events.ts'

const noon = START + 12 * HOUR

describe('replay', () => {
  const winner = consumed({ at: noon, network: 100n })
  const again = (wish: Parameters<typeof refused>[1]) =>
    refused('consumed', { kind: KINDS.action, tokenNo: 50, network: 200n, ...wish })

  test('a consumed link from another network names the winner, the gap and both networks', () => {
    const replayed = again({ at: noon + HOUR, endedByWriter: winner.writer, endedBySeq: winner.seq, sinceEndMs: HOUR })
    const [found, ...rest] = findIn([winner, replayed])
    expect(rest).toEqual([])
    expect(found).toMatchObject({
      tenant: 1,
      detector: 'replay',
      severity: 'high',
      confidence: 'certain',
      subject: { kind: 'token', key: '50' },
      detectedAt: noon + HOUR,
      facts: {
        token: { as: 'token', value: 50 },
        first: { as: 'time', value: noon },
        winnerNetwork: { as: 'network', value: '0000000000000064' },
        gap: { as: 'duration', value: HOUR },
        network: { as: 'network', value: '00000000000000c8' },
        winner: { as: 'event', value: eventId(winner.writer, winner.seq) },
      },
      evidence: [eventId(winner.writer, winner.seq), eventId(replayed.writer, replayed.seq)],
      evidenceCount: 1,
    })
    expect(found?.unless.length).toBeGreaterThan(0)
  })

  test('a replay whose winner comes later by the outbox is found all the same', () => {
    const found = findIn([again({ at: noon + MINUTE, endedByWriter: 9, endedBySeq: 4, sinceEndMs: MINUTE })])
    expect(found[0]?.facts['winner']).toEqual({ as: 'event', value: eventId(9, 4) })
    expect(found[0]?.facts['winnerNetwork']).toEqual({ as: 'text', value: 'an unknown network' })
  })

  test('a double click is silent; the same user a minute later is low', () => {
    const same = { flags: FLAGS.sameNetwork | FLAGS.sameClient, network: 100n }
    expect(findIn([winner, again({ ...same, at: noon + 2 * SECOND, sinceEndMs: 2 * SECOND })])).toEqual([])
    const [late] = findIn([winner, again({ ...same, at: noon + MINUTE, sinceEndMs: MINUTE })])
    expect(late?.severity).toBe('low')
  })

  test('a check does not count as a use', () => {
    expect(findIn([winner, again({ at: noon + HOUR, flags: FLAGS.check, sinceEndMs: HOUR })])).toEqual([])
  })

  /** A gateway opens five links within seconds; their owners click minutes later and are refused. */
  const scanned = (looks: readonly ReturnType<typeof consumed>[] = []) => [
    ...looks,
    ...[1, 2, 3, 4, 5].flatMap((no) => {
      const at = noon + no * HOUR
      const about = { kind: KINDS.action, tokenNo: 60 + no, ownerNo: 20 + no }
      return [
        fact('token.sent', { at, ...about }),
        consumed({ at: at + 5 * SECOND, ...about, network: 900n, client: 'other' }),
        refused('consumed', { at: at + 10 * MINUTE, ...about, network: BigInt(no) }),
      ]
    }),
  ]

  test('a mail gateway that uses links up is recognised after three, and is low from then on', () => {
    expect(findIn(scanned()).map(({ severity }) => severity)).toEqual(['high', 'high', 'low', 'low', 'low'])
  })

  test('a mail gateway that mostly looks, and sometimes uses a link up, is silent', () => {
    const looks = [1, 2, 3].flatMap((no) => [
      fact('token.sent', { at: noon, kind: KINDS.action, tokenNo: 80 + no }),
      accepted({
        at: noon + 5 * SECOND,
        kind: KINDS.action,
        tokenNo: 80 + no,
        network: 900n,
        client: 'other',
        flags: FLAGS.check,
      }),
    ])
    expect(findIn(scanned(looks))).toEqual([])
  })

  test('a look uses nothing up: who comes after it is the winner', () => {
    const look = accepted({ at: noon, kind: KINDS.action, tokenNo: 50, network: 900n, flags: FLAGS.check })
    const [found] = findIn([look, winner, again({ at: noon + HOUR, sinceEndMs: HOUR })])
    expect(found?.facts['winnerNetwork']).toEqual({ as: 'network', value: '0000000000000064' })
  })

  test('the same device that changed its network within two minutes is low', () => {
    const roaming = again({ at: noon + MINUTE, sinceEndMs: MINUTE, flags: FLAGS.sameClient })
    expect(findIn([winner, roaming])).toMatchObject([{ severity: 'low' }])
  })

  test('a thief who opens one link within two minutes is no mail gateway', () => {
    const events = [
      fact('token.issued', { at: noon, kind: KINDS.action, tokenNo: 50 }),
      consumed({ at: noon + MINUTE, network: 900n }),
      again({ at: noon + HOUR, sinceEndMs: HOUR }),
    ]
    expect(only(findIn(events), 'replay')).toMatchObject([{ severity: 'high' }])
  })
})

describe('use-after-end', () => {
  const end = START + 10 * DAY

  test('a revoked token from a network it never used is high, and says since when', () => {
    const found = findIn([
      ...learned(),
      refused('revoked', { at: end + HOUR, network: 300n, sinceEndMs: HOUR, endedByWriter: 3, endedBySeq: 9 }),
    ])
    expect(found).toMatchObject([
      {
        detector: 'use-after-end',
        severity: 'high',
        facts: {
          ending: { as: 'text', value: 'revoked' },
          endedAt: { as: 'time', value: end },
          uses: { as: 'number', value: 1 },
          network: { as: 'network', value: '000000000000012c' },
        },
      },
    ])
    expect(found[0]?.evidence[0]).toBe(eventId(3, 9))
  })

  test('a revoked token from its own network is low; a superseded or expired one there is hygiene', () => {
    const own = (reason: 'revoked' | 'superseded' | 'expired') => findIn([...learned(), refused(reason, { at: end + HOUR })])
    expect(own('revoked')).toMatchObject([{ severity: 'low' }])
    expect(own('superseded')).toEqual([])
    expect(own('expired')).toEqual([])
  })

  test('a token that always wandered, and a network where three others of the owner are, are no strangers', () => {
    const wanderer = Array.from({ length: 240 }, (_, i) => accepted({ at: START + i * HOUR, network: BigInt(1000 + i) }))
    expect(findIn([...wanderer, refused('expired', { at: end + HOUR, network: 5n })])).toEqual([])
    const peers = [2, 3, 4].map((tokenNo) => accepted({ at: end, tokenNo, network: 300n }))
    expect(
      only(findIn([...learned(), ...peers, refused('superseded', { at: end + HOUR, network: 300n })]), 'use-after-end'),
    ).toEqual([])
  })

  test('a stuck caller is told of at 1, 2, 4, 8 … refusals and not at each', () => {
    const stuck = Array.from({ length: 100 }, (_, i) => refused('revoked', { at: end + i * MINUTE }))
    expect(findIn([...learned(), ...stuck]).map(({ evidenceCount }) => evidenceCount)).toEqual([1, 2, 4, 8, 16, 32, 64])
  })

  test('an old link that is clicked late is nothing', () => {
    expect(findIn([refused('expired', { at: end, kind: KINDS.action, tokenNo: 51 })])).toEqual([])
  })
})

describe('accepted-after-revoke', () => {
  const revoked = fact('token.revoked', { at: START + DAY, tokenNo: 1, ownerNo: 11 })

  test('an acceptance later than two seconds is critical, whichever is journalled first', () => {
    const late = accepted({ at: START + DAY + 5 * SECOND })
    const before = accepted({ at: START })
    for (const events of [
      [before, revoked, late],
      [before, late, revoked],
    ]) {
      expect(only(findIn(events), 'accepted-after-revoke')).toMatchObject([
        { severity: 'critical', facts: { endedAt: { value: START + DAY }, gap: { value: 5 * SECOND }, uses: { value: 1 } } },
      ])
    }
  })

  test('where another system validates, clocks may differ by five minutes', () => {
    const use = (after: number) => [
      accepted({ at: START }),
      revoked,
      accepted({ at: START + DAY + after, flags: FLAGS.observed }),
    ]
    expect(spoke(findIn(use(4 * MINUTE)))).toEqual([])
    expect(spoke(findIn(use(6 * MINUTE)))).toEqual(['accepted-after-revoke'])
  })

  test('within the time a revocation takes, and after a resumption, it is silent', () => {
    expect(spoke(findIn([accepted({ at: START }), revoked, accepted({ at: START + DAY + SECOND })]))).toEqual([])
    const resumed = fact('token.resumed', { at: START + 2 * DAY, tokenNo: 1 })
    expect(spoke(findIn([accepted({ at: START }), revoked, resumed, accepted({ at: START + 3 * DAY })]))).toEqual([])
  })
})

test('a purged token is forgotten: what was known of its networks is gone', () => {
  const after = START + 10 * DAY
  const stranger = refused('revoked', { at: after + HOUR, network: 300n })
  expect(findIn([...learned(), stranger])).toMatchObject([{ severity: 'high' }])
  expect(findIn([...learned(), fact('token.purged', { at: after, tokenNo: 1 }), stranger])).toMatchObject([
    { severity: 'low', caveats: ['learning'] },
  ])
})

test('a clock that runs a year ahead does not make what follows late', () => {
  const ahead = accepted({ at: START + 375 * DAY, delayMs: -365 * DAY })
  const events = [...learned(), ahead, accepted({ at: START + 10 * DAY + 2 * HOUR, network: 300n, client: 'Go' })]
  expect(only(findIn(events), 'dormant-awake')).toEqual([])
  expect(only(findIn(events), 'new-network')).toMatchObject([{ severity: 'medium' }])
})

describe('canary and leaked-token', () => {
  test('a canary presented with its secret is critical at once; a wrong secret for it is not a canary', () => {
    const [found] = findIn([refused('canary', { at: START, tokenNo: 5, network: 9n, flags: FLAGS.canary })])
    expect(found).toMatchObject({
      detector: 'canary',
      severity: 'critical',
      facts: { token: { value: 5 }, network: { value: '0000000000000009' } },
    })
    expect(findIn([failed(1, { at: START, reason: 14, claimedNo: 5 })])).toEqual([])
  })

  test('a leaked token is high from known networks and critical from the first strange one', () => {
    const leaked = START + 10 * DAY + HOUR
    const events = [
      ...learned(),
      fact('leak.reported', { at: leaked, tokenNo: 1 }),
      accepted({ at: leaked + HOUR }),
      accepted({ at: leaked + 2 * DAY, network: 777n }),
    ]
    expect(only(findIn(events), 'leaked-token')).toMatchObject([
      { severity: 'high', facts: { exposedAt: { value: leaked }, uses: { value: 1 }, strangeUses: { value: 0 } } },
      { severity: 'critical', facts: { uses: { value: 2 }, strangeUses: { value: 1 } } },
    ])
  })

  test('the desk may say it, too, and an exposure in the future is waited for', () => {
    const uses = habit(3, HOUR, { at: START })
    expect(spoke(findIn(uses, {}, (detectors) => detectors.exposed(1, START + 90 * MINUTE)))).toEqual(['leaked-token'])
    expect(findIn(uses, {}, (detectors) => detectors.exposed(2, START))).toEqual([])
  })
})
