import { DECISION_REASONS, type DecisionReason } from 'tokentrail'
import { describe, expect, test } from 'vitest'
import type { TokenRecord } from '../../src/records/records.ts'
import { canonicalCidr, isInside } from '../../src/tokens/cidr.ts'
import type { ValidationRequest } from '../../src/tokens/door.ts'
import { CHECKS, judge } from '../../src/tokens/judge.ts'
import { NOON } from './support.ts'

type Case = { readonly token?: Partial<TokenRecord>; readonly request?: Partial<ValidationRequest> }

const REQUEST: ValidationRequest = { tenantNo: 1, token: '', action: 'pay', resource: 'order-1' }
/** What makes each reason apply. Endings that only a record's `ending` can say exclude each other. */
const CASES: Readonly<Partial<Record<DecisionReason, Case>>> = {
  wrong_audience: { request: { tenantNo: 2 } },
  wrong_kind: { request: { kind: 'access' } },
  canary: { token: { canary: true } },
  consumed: { token: { ending: 'consumed', endedAt: NOON - 1 } },
  revoked: { token: { ending: 'revoked', endedAt: NOON - 1 } },
  superseded: { token: { graceUntil: NOON, successorNo: 2 } },
  suspended: { token: { suspendedAt: NOON - 1 } },
  locked: { token: { ending: 'locked', endedAt: NOON - 1 } },
  exhausted: { token: { usesMax: 3, usesLeft: 0 } },
  expired: { token: { expiresAt: NOON } },
  not_yet_valid: { token: { notBefore: NOON + 1 } },
  owner_disabled: { token: { ownerDisabled: true } },
  wrong_action: { token: { action: 'refund' } },
  wrong_resource: { token: { resource: 'order-2' } },
  address_forbidden: { token: { cidrs: ['10.0.0.0/8'] }, request: { ip: '192.0.2.1' } },
  origin_forbidden: { token: { origins: ['https://a.example'] } },
  method_forbidden: { token: { methods: ['GET'] }, request: { method: 'POST' } },
  scope_missing: { request: { scopes: ['a', 'admin'] } },
}
const NAMES = Object.keys(CASES) as DecisionReason[]
const EXCLUSIVE = new Set<DecisionReason>(['consumed', 'revoked', 'locked'])

const verdictOf = (...cases: readonly Case[]) =>
  judge(
    token(...cases.map(({ token: change = {} }) => change)),
    Object.assign({}, REQUEST, ...cases.map(({ request = {} }) => request)),
    NOON,
  )

describe('precedence', () => {
  test('the checks stand in the order of the reasons', () => {
    const order = Object.keys(DECISION_REASONS)
    const places = CHECKS.map(([reason]) => order.indexOf(reason))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(CHECKS.map(([reason]) => reason).toSorted()).toEqual(NAMES.toSorted())
  })

  test('nothing wrong is valid, or in grace', () => {
    expect(verdictOf()).toBe('valid')
    expect(verdictOf({ token: { successorNo: 2, graceUntil: NOON + 1 } })).toBe('in_grace')
  })

  test.each(NAMES)('%s alone is the reason', (reason) => {
    expect(verdictOf(CASES[reason]!)).toBe(reason)
  })

  const order = Object.keys(DECISION_REASONS)
  const pairs = NAMES.flatMap((a) =>
    NAMES.filter((b) => a < b && !(EXCLUSIVE.has(a) && EXCLUSIVE.has(b))).map((b) => [a, b] as const),
  )
  test(`of every pair (${pairs.length}) the first of the table is the reason, in whichever order they came about`, () => {
    for (const [a, b] of pairs) {
      const first = order.indexOf(a) < order.indexOf(b) ? a : b
      expect([a, b, verdictOf(CASES[a]!, CASES[b]!)]).toEqual([a, b, first])
      expect([b, a, verdictOf(CASES[b]!, CASES[a]!)]).toEqual([b, a, first])
    }
  })

  test('revoked after it expired is rejected as revoked', () => {
    expect(verdictOf({ token: { expiresAt: NOON - 10, ending: 'revoked', endedAt: NOON - 5 } })).toBe('revoked')
  })

  test('another environment is another audience, only where both are named', () => {
    expect(verdictOf({ token: { environment: 'live' }, request: { environment: 'test' } })).toBe('wrong_audience')
    expect(verdictOf({ token: { environment: 'live' } })).toBe('valid')
    expect(verdictOf({ request: { environment: 'test' } })).toBe('valid')
  })

  test.each([
    ['the millisecond of expiry', { expiresAt: NOON }, 'expired'],
    ['a millisecond before', { expiresAt: NOON + 1 }, 'valid'],
    ['the millisecond it begins', { notBefore: NOON }, 'valid'],
    ['the end of grace', { graceUntil: NOON, successorNo: 2 }, 'superseded'],
    ['a suspension that just ended', { suspendedAt: 1, suspendedUntil: NOON }, 'valid'],
    ['one that has not', { suspendedAt: 1, suspendedUntil: NOON + 1 }, 'suspended'],
  ] as const)('%s decides', (_, change, reason) => {
    expect(verdictOf({ token: change })).toBe(reason)
  })
})

describe('address ranges', () => {
  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['::ffff:10.0.0.1/104', '10.0.0.0/8'],
    ['2001:db8::1/33', '2001:db8::/33'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['::1', '::1/128'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
  ])('%s is kept as %s', (text, canonical) => {
    expect(canonicalCidr(text)).toBe(canonical)
  })

  test.each([
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.1/8',
    '0x7f.1/8',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'fe80::1%eth0/64',
    '::ffff:1.2.3.4/95',
    'example.com/8',
    '10.0.0.0/8 ',
  ])('%j is none', (text) => {
    expect(canonicalCidr(text)).toBeUndefined()
  })

  test('hold addresses of their own kind, mapped ones as IPv4', () => {
    expect(isInside(['0.0.0.0/0'], '::1')).toBe(false)
    expect(isInside(['::/0'], '::ffff:10.0.0.1')).toBe(false)
    expect(isInside(['10.0.0.0/8'], '::ffff:10.0.0.1')).toBe(true)
    expect(isInside(['10.0.0.0/8'], undefined)).toBe(false)
    expect(isInside(['10.0.0.0/8'], '10.0.0.1, 10.0.0.2')).toBe(false)
  })
})

function token(...changes: readonly Partial<TokenRecord>[]): TokenRecord {
  const base: TokenRecord = {
    no: 1,
    tenantNo: 1,
    id: 'a',
    kind: 'action',
    prefix: 'tta',
    name: null,
    ownerNo: 1,
    ownerId: 'o',
    ownerDisabled: false,
    environment: null,
    scheme: 'sha256',
    digest: null,
    salt: null,
    scopes: ['a'],
    metadata: {},
    cidrs: [],
    origins: [],
    methods: [],
    issuedAt: 0,
    knownSince: 0,
    issuedAtKnown: true,
    notBefore: null,
    expiresAt: NOON + 60_000,
    usesMax: null,
    usesLeft: null,
    rateLimit: null,
    action: 'pay',
    resource: 'order-1',
    attemptsMax: null,
    attemptsUsed: 0,
    channel: null,
    sentAt: null,
    generation: 1,
    familyNo: 1,
    predecessorNo: null,
    successorNo: null,
    graceUntil: null,
    suspendedAt: null,
    suspendedUntil: null,
    throttle: null,
    endedAt: null,
    ending: null,
    endingReason: null,
    endedByWriter: 0,
    endedBySeq: 0,
    endedNetwork: 0n,
    endedClientHash: 0,
    canary: false,
    simulated: false,
    observed: false,
    role: null,
    version: 1,
  }
  return Object.assign({}, base, ...changes)
}
