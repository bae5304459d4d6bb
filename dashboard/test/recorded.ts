import type { Answer, EventView, QuestionName, ReasonClass, StepRow, TokenRef, TotalsRow } from '../src/api/types.ts'
import type { Token } from '../src/api/tokens.ts'

/**
 * Answers as a server gives them, for pages under test. They stand in for the network, never for our own code: the shapes are
 * held to the server's by `types.test.ts`. Everything follows from the window that is asked for, so tests can compute it too.
 */

const MINUTE = 60_000
const CLASSES = ['accepted', 'invalid', 'forbidden', 'throttled', 'unavailable'] as const

/** A busy day in the middle of which somebody guesses tokens for two hours. */
function stepRows(from: number, to: number, stepMs: number): readonly StepRow[] {
  const rows: StepRow[] = []
  for (let at = Math.floor(from / stepMs) * stepMs; at < to; at += stepMs) {
    const hour = (at / 3_600_000) % 24
    const rhythm = (1.2 + Math.sin(((hour - 9) / 24) * 2 * Math.PI)) * (stepMs / MINUTE)
    const noise = 1 + 0.12 * Math.sin(at / 977_000) + 0.08 * Math.cos(at / 331_000)
    const attack = at > to - (to - from) * 0.4 && at < to - (to - from) * 0.3 ? 1 : 0
    const counts: Record<ReasonClass, number> = {
      accepted: Math.round(46 * rhythm * noise),
      invalid: Math.round(2.2 * rhythm * noise + attack * 31 * (stepMs / MINUTE)),
      forbidden: Math.round(1.3 * rhythm * noise),
      throttled: Math.round(attack * 12 * (stepMs / MINUTE) + 0.2 * rhythm),
      unavailable: at % (stepMs * 37) === 0 ? 3 : 0,
    }
    for (const key of CLASSES) if (counts[key] > 0) rows.push({ at, key, count: counts[key] })
  }
  return rows
}

export function totals(): TotalsRow {
  return {
    attempts: 84_213,
    accepted: 78_940,
    invalid: 3_918,
    forbidden: 1_104,
    throttled: 246,
    unavailable: 5,
    successRate: { value: 0.9862, numerator: 78_940, denominator: 80_044, low: 0.9854, high: 0.987, method: 'wilson-95' },
    successRateAll: { value: 0.9402, numerator: 78_940, denominator: 83_962, low: 0.9386, high: 0.9418, method: 'wilson-95' },
    activeTokens: 412,
    networks: 187,
    unattributed: 3_371,
    replays: 14,
    latency: { p50Us: 184, p95Us: 912, p99Us: 4_410 },
    uniques: 'exact',
  }
}

const NAMES = [
  'billing bot',
  'checkout web',
  'ios app',
  'partner: northwind',
  null,
  'nightly export',
  'ci deploy',
  'support console',
] as const

export function tokenRef(index: number): TokenRef {
  return {
    id: `tok${String(index).padStart(13, '0')}`,
    kind: index % 11 === 10 ? 'action' : 'access',
    name: NAMES[index % NAMES.length] ?? null,
    owner: ['finance@example.org', 'web-team', 'mobile', 'northwind'][index % 4] ?? '',
    state: index % 7 === 6 ? 'revoked' : index % 13 === 12 ? 'in_grace' : 'active',
  }
}

export function token(index: number, now: number): Token {
  const ref = tokenRef(index)
  return {
    ...ref,
    state: ref.state === 'purged' ? 'active' : ref.state,
    environment: 'production',
    role: null,
    scopes: ['orders:read', 'orders:write', 'refunds:create'].slice(0, 1 + (index % 3)),
    metadata: { ticket: 'OPS-1182' },
    cidrs: index % 2 === 0 ? ['203.0.113.0/24', '2001:db8::/32'] : [],
    origins: [],
    methods: [],
    issuedAt: new Date(now - (40 + index) * 86_400_000).toISOString(),
    knownSince: new Date(now - (40 + index) * 86_400_000).toISOString(),
    notBefore: null,
    expiresAt: index % 3 === 0 ? null : new Date(now + (10 + index) * 86_400_000).toISOString(),
    usesMax: null,
    usesLeft: null,
    rateLimit: { count: 600, windowMs: 60_000 },
    action: null,
    resource: null,
    attemptsMax: null,
    attemptsUsed: 0,
    channel: null,
    generation: 2,
    graceUntil: null,
    suspendedAt: null,
    endedAt: ref.state === 'revoked' ? new Date(now - 3 * 86_400_000).toISOString() : null,
    ending: ref.state === 'revoked' ? 'revoked' : null,
    endingReason: ref.state === 'revoked' ? 'leaked' : null,
    canary: false,
    observed: false,
  }
}

const REASONS: readonly (readonly [string, ReasonClass, number])[] = [
  ['unknown', 'invalid', 2_810],
  ['scope_missing', 'forbidden', 871],
  ['expired', 'invalid', 640],
  ['revoked', 'invalid', 301],
  ['limit_source', 'throttled', 201],
  ['address_forbidden', 'forbidden', 233],
  ['bad_checksum', 'invalid', 167],
  ['limit_token', 'throttled', 45],
  ['timeout', 'unavailable', 5],
]

export function event(index: number, to: number): EventView {
  const rejected = index % 6 === 5
  const [reason, name] = REASONS[((index / 6) % REASONS.length) | 0] ?? ['unknown', 'invalid']
  return {
    id: `evt_7_${index.toString(36)}`,
    type: index % 29 === 28 ? 'token.rotated' : 'token.validated',
    at: to - index * 1_370 - 400,
    receivedAt: to - index * 1_370 - 392,
    outcome: index % 29 === 28 ? 'none' : rejected ? 'rejected' : 'accepted',
    ...(index % 29 === 28 ? {} : { reason: rejected ? reason : 'valid', class: rejected ? name : 'accepted' }),
    kind: 'access',
    ...(rejected && reason === 'unknown'
      ? { fingerprint: '9f2c41d07be85a3316fe02aa71c9d4e8' }
      : { token: tokenRef(index % 8), owner: tokenRef(index % 8).owner }),
    service: ['api', 'checkout', 'export'][index % 3],
    method: ['GET', 'POST'][index % 2],
    route: ['/orders/{id}', '/refunds', '/invoices/{id}/lines'][index % 3],
    network: ['51c2a90be1f04d77', '8e1f00aa52c3b916', 'c07d1e22f9ab3340'][index % 3],
    asn: [64_500, 64_511, 0][index % 3],
    country: ['DE', 'US', ''][index % 3] || undefined,
    client: ['node', 'curl', 'okhttp'][index % 3],
    durationUs: 120 + ((index * 37) % 900),
    flags: index % 10 === 0 ? ['firstUse'] : [],
    count: rejected && reason === 'unknown' ? 12 : 1,
  }
}

type Params = Readonly<Record<string, string>>
type Rows = (params: Params, from: number, to: number) => { readonly rows: readonly unknown[]; readonly next?: string }

const STEPS: Readonly<Record<string, number>> = { minute: 1, '5minutes': 5, hour: 60, '6hours': 360, day: 1440, week: 10_080 }
const stepOf = (params: Params) => (STEPS[params['step'] ?? 'hour'] ?? 60) * MINUTE

const ANSWERS: Readonly<Record<QuestionName, Rows>> = {
  totals: () => ({ rows: [totals()] }),
  'validations-by-step': (params, from, to) => ({ rows: stepRows(from, to, stepOf(params)) }),
  'latency-by-step': (params, from, to) => ({
    rows: stepRows(from, to, stepOf(params))
      .filter(({ key }) => key === 'accepted')
      .map(({ at, count }, index) => ({
        at,
        count,
        p50Us: 170 + (index % 9) * 4,
        p95Us: 840 + (index % 17) * 21,
        p99Us: 3_400 + (index % 23) * 140,
      })),
  }),
  'rejections-by-reason': () => ({
    rows: REASONS.map(([reason, name, count]) => ({ reason, class: name, count, tokens: 12, networks: 9 })),
  }),
  'top-tokens': (_params, _from, to) => ({
    rows: Array.from({ length: 8 }, (_, index) => ({
      token: tokenRef(index),
      attempts: 21_400 - index * 2_310,
      accepted: 21_100 - index * 2_320,
      failed: 290 + index * 6,
      throttled: 4,
      lastAt: to - index * 41_000,
      networks: 3 + index,
    })),
  }),
  'top-networks': () => ({
    rows: Array.from({ length: 8 }, (_, index) => ({
      network: (0x51c2a90be1f0 + index * 7_919_113).toString(16),
      asn: index % 3 === 2 ? 0 : 64_500 + index,
      country: ['DE', 'US', 'NL', ''][index % 4],
      attempts: 18_000 - index * 1_900,
      accepted: 17_800 - index * 1_950,
      failed: 180 + index * 40,
      throttled: 2,
      tokens: 40 - index * 3,
      credentials: index === 3 ? 2_744 : index,
    })),
  }),
  'events-page': (params, _from, to) => {
    const named = /^evt_7_(\w+)$/.exec(params['id'] ?? '')?.[1]
    if (named) return { rows: [event(parseInt(named, 36), to)] }
    const [start, limit] = [Number(params['cursor'] ?? 0), Number(params['limit'] ?? 50)]
    const all = Array.from({ length: limit }, (_, index) => event(start + index, to))
    const rows = all.filter((row) => !params['class'] || row.class === params['class'])
    return { rows, next: String(start + limit) }
  },
  'token-life-line': (_params, _from, to) => ({
    rows: [
      {
        ...event(0, to - 52 * 86_400_000),
        id: 'evt_1_1',
        type: 'token.issued',
        outcome: 'none',
        reason: 'new',
        class: undefined,
        actor: 'person',
      },
      {
        ...event(0, to - 9 * 86_400_000),
        id: 'evt_1_2',
        type: 'token.scopes_changed',
        outcome: 'none',
        reason: undefined,
        class: undefined,
        actor: 'person',
        detail: { added: ['orders:write'], removed: [] },
      },
      {
        ...event(0, to - 3 * 86_400_000),
        id: 'evt_1_3',
        type: 'token.suspended',
        outcome: 'none',
        reason: undefined,
        class: undefined,
        actor: 'person',
        detail: { note: 'looks odd' },
      },
    ],
  }),
  'places-of-token': (_params, from, to) => ({ rows: places(from, to) }),
  'uses-after-end': (_params, from, to) => ({ rows: places(from, to).slice(0, 2) }),
  'agents-of-token': (_params, from, to) => ({ rows: uses(['node', 'curl', 'okhttp'], from, to) }),
  'routes-of-token': (_params, from, to) => ({ rows: uses(['/orders/{id}', '/refunds', '/invoices/{id}/lines'], from, to) }),
  'services-of-token': (_params, from, to) => ({ rows: uses(['api', 'checkout'], from, to) }),
  'scopes-of-token': (_params, from, to) => ({
    rows: [
      ...uses(['orders:read', 'admin:all'], from, to).map((row) => ({ ...row, granted: row.name !== 'admin:all' })),
      { name: 'refunds:create', attempts: 0, accepted: 0, failed: 0, firstAt: null, lastAt: null, granted: true },
    ],
  }),
  'single-use-funnel': () => ({
    rows: [
      { issued: 1_200, sent: 1_180, undelivered: 12, attempted: 1_010, succeeded: 960, expired: 221, locked: 7, replays: 14 },
    ],
  }),
  'last-used-by-token': (params, _from, to) => ({
    rows: (params['tokens'] ?? '').split(',').map((id, index) => ({
      token: id,
      lastAcceptedAt: index % 9 === 8 ? null : to - index * 733_000,
      lastAttemptAt: to - index * 733_000,
      accepted30d: 48_000 - index * 411,
      failed30d: index * 3,
    })),
  }),
}

function places(from: number, to: number) {
  return Array.from({ length: 5 }, (_, index) => ({
    network: (0x51c2a90be1f0 + index * 7_919_113).toString(16),
    asn: 64_500 + index,
    country: ['DE', 'US'][index % 2],
    client: ['node', 'curl'][index % 2],
    attempts: 4_200 - index * 700,
    accepted: 4_100 - index * 700,
    failed: 100,
    firstAt: from + index * 60_000,
    lastAt: to - index * 600_000,
  }))
}

function uses(names: readonly string[], from: number, to: number) {
  return names.map((name, index) => ({
    name,
    attempts: 9_000 - index * 3_900,
    accepted: 8_900 - index * 3_900,
    failed: index * 40,
    firstAt: from,
    lastAt: to - index * 86_000,
  }))
}

/** The whole answer of a question. */
export function answer(name: QuestionName, query: URLSearchParams): Answer<unknown> {
  const params = Object.fromEntries(query)
  const [from, to] = [Number(query.get('from') ?? Date.now() - 86_400_000), Number(query.get('to') ?? Date.now())]
  const { rows, next } = ANSWERS[name](params, from, to)
  return {
    question: name,
    params,
    window: { from, to },
    watermark: to - 700,
    completeness: { value: 1, received: 84_213, missing: 0, lost: {} },
    lateEvents: 3,
    method: 'exact, from roll-ups',
    cost: { rowsRead: 14_400, elapsedMs: 12 },
    rows,
    ...(next ? { next } : {}),
  }
}
