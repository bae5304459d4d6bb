import { FLAGS, KINDS, POPULATIONS, reasonId, TYPES } from 'tokentrail'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AFTER_END_SQL } from '../../src/metrics/after-end.ts'
import { LAST_USES_SQL } from '../../src/metrics/last-uses.ts'
import { LIMITS_SQL } from '../../src/metrics/limits.ts'
import { RATES_SQL } from '../../src/metrics/rates.ts'
import { SERIES_SQL } from '../../src/metrics/series.ts'
import { SUSPICIOUS_SQL } from '../../src/metrics/suspicious.ts'
import { blankEvent, type EventRow } from '../../src/event/row.ts'
import { FRAME_SQL } from '../../src/query/frame.ts'
import { QUESTIONS } from '../../src/query/questions.ts'
import type { EventsParams, EventView } from '../../src/query/rows.ts'
import { ALL_ARMS } from '../../src/query/spans.ts'
import { TABLES } from '../../src/store/schema.ts'
import { anyHistory, rowsOf } from './histories.ts'
import { DAY, HOUR, NOW, useHouse } from './house.ts'
import { attemptsIn, classOfRow, newestFirst, reasonOf, sum } from './oracle.ts'

const house = useHouse()
const window = { from: NOW - DAY, to: NOW }

let seq = 0
const event = (tenant: number, fields: Partial<EventRow>): EventRow => ({
  ...blankEvent(),
  tenant,
  writer: 5,
  seq: seq++,
  type: TYPES['token.validated'].id,
  outcome: 1,
  reason: 1,
  kind: KINDS.access,
  population: POPULATIONS.attributed,
  occurredAt: NOW - HOUR,
  ...fields,
})

describe('scope', () => {
  const all = [
    ...Object.values(QUESTIONS).flatMap((question) => question.sql),
    ...FRAME_SQL,
    ...SUSPICIOUS_SQL,
    ...RATES_SQL,
    ...LIMITS_SQL,
    ...AFTER_END_SQL,
    ...LAST_USES_SQL,
    ...SERIES_SQL,
  ].map((sql) => (typeof sql === 'string' ? sql : sql(ALL_ARMS)))
  const tables = TABLES.map((table) => table.name).join('|')

  test('every table that a question reads is narrowed to the tenant', () => {
    for (const sql of all) {
      const reads = [...sql.matchAll(/FROM\s+([a-z_]+)\b(.{0,31})/gs)]
      expect(reads).not.toEqual([])
      for (const [, table, next] of reads)
        expect(`${table}${next}`).toMatch(new RegExp(`^(?:${tables}) WHERE tenant = \\{tenant:UInt32\\}$`))
    }
  })

  test('a token of another tenant is not there', async () => {
    const [mine, other] = [await house().tenant(), await house().tenant()]
    await house().token(other, { id: 'foreign' })
    const asked = house().ask(mine, 'places-of-token', { ...window, token: 'foreign' })
    await expect(asked).rejects.toMatchObject({ code: 'not_found', input: 'token' })
  })

  test('a tenant that there is not has nothing to ask', async () => {
    await expect(house().ask(987_654, 'totals', window)).rejects.toMatchObject({ code: 'not_found' })
  })
})

test.each([
  ['totals', {}, 'time_invalid', 'from'],
  ['totals', { from: 2, to: 2 }, 'time_invalid', 'to'],
  ['totals', { from: 'yesterday', to: 2 }, 'time_invalid', 'from'],
  ['totals', { from: -1, to: 2 }, 'time_invalid', 'from'],
  ['totals', { from: 0, to: 9e15 }, 'time_invalid', 'to'],
  ['totals', { from: 0, to: NOW }, 'time_invalid', 'from'],
  ['totals', { ...window, kind: 'none' }, 'parameter_invalid', 'kind'],
  ['totals', { ...window, tenant: 1 }, 'parameter_invalid', 'tenant'],
  ['totals', { ...window, kind: 'toString' }, 'parameter_invalid', 'kind'],
  ['validations-by-step', { ...window, step: 'second' }, 'parameter_invalid', 'step'],
  ['validations-by-step', { from: NOW - 90 * DAY, to: NOW, step: 'minute' }, 'parameter_invalid', 'step'],
  ['validations-by-step', { ...window, step: 'hour', by: 'owner' }, 'parameter_invalid', 'by'],
  ['top-tokens', { ...window, limit: 501 }, 'parameter_invalid', 'limit'],
  ['top-tokens', { ...window, limit: 0 }, 'parameter_invalid', 'limit'],
  ['top-tokens', { ...window, limit: 1.5 }, 'parameter_invalid', 'limit'],
  ['places-of-token', window, 'parameter_invalid', 'token'],
  ['events-page', { ...window, network: 'xyz' }, 'parameter_invalid', 'network'],
  ['events-page', { ...window, id: 'evt_1' }, 'parameter_invalid', 'id'],
  ['events-page', { ...window, cursor: 'MS4yLjM' }, 'cursor_invalid', 'cursor'],
  ['events-page', { ...window, type: 'token.eaten' }, 'parameter_invalid', 'type'],
  ['last-used-by-token', { tokens: [] }, 'parameter_invalid', 'tokens'],
  ['last-used-by-token', { tokens: Array.from({ length: 501 }, () => 'a') }, 'parameter_invalid', 'tokens'],
  ['constructor', window, 'not_found', 'name'],
])('%s refuses %j with %s', async (name, params, code, input) => {
  const tenant = await house().tenant()
  await expect(house().ask(tenant, name as 'totals', params as never)).rejects.toMatchObject({ code, input })
})

test('a question that is no longer wanted is given up', async () => {
  const tenant = await house().tenant()
  await expect(house().ask(tenant, 'totals', window, { signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow('left')
})

describe('events', () => {
  test('pages hold every event once, newest first, under any filter', async () => {
    const filters = fc.constantFrom<Partial<EventsParams>>(
      {},
      { class: 'invalid' },
      { outcome: 'accepted' },
      { reason: 'revoked' },
      { network: '1' },
      { service: 'api', kind: 'access' },
      { requestId: 'r-1' },
    )
    await fc.assert(
      fc.asyncProperty(anyHistory, filters, async (history, filter) => {
        const tenant = await house().tenant()
        const { no } = await house().token(tenant, { id: `p${tenant}` })
        const rows = rowsOf(history, tenant, [no, no, no])
        await house().load(rows)
        const span = { from: NOW - 41 * DAY, to: NOW - 3 * HOUR }
        const expected = newestFirst(
          rows.filter((row) => row.occurredAt >= span.from && row.occurredAt < span.to && passes(row, filter)),
        )
        const found = await allPages(tenant, { ...span, ...filter, limit: 97 })
        expect(found.map((view) => [view.at, view.count])).toEqual(expected.map((row) => [row.occurredAt, row.count]))
        expect(new Set(found.map((view) => view.id)).size).toBe(expected.length)
      }),
      { numRuns: 3, endOnFailure: true },
    )
  })

  function passes(row: EventRow, filter: Partial<EventsParams>): boolean {
    const { class: group, outcome, reason, network, service, kind, requestId } = filter
    return (
      (group === undefined || classOfRow({ ...row, type: 201 }) === group) &&
      (outcome === undefined || row.outcome === 1) &&
      (reason === undefined || (row.reason !== 0 && reasonOf(row) === reason)) &&
      (network === undefined || row.network === 1n) &&
      (service === undefined || row.service === service) &&
      (kind === undefined || row.kind === KINDS.access) &&
      (requestId === undefined || row.requestId === requestId)
    )
  }

  async function allPages(tenant: number, params: EventsParams): Promise<EventView[]> {
    const found: EventView[] = []
    for (let cursor: string | undefined; ;) {
      const page = await house().ask(tenant, 'events-page', { ...params, ...(cursor ? { cursor } : {}) })
      found.push(...page.rows)
      if (page.next === undefined) return found
      cursor = page.next
    }
  }

  test('numbers become names, and fields without a value are left out', async () => {
    const tenant = await house().tenant()
    const token = await house().token(tenant, { id: `n${tenant}`, name: 'build robot', ownerId: 'ci' })
    await house().load([
      event(tenant, {
        tokenNo: token.no,
        ownerNo: token.ownerNo,
        service: 'api',
        network: 10n,
        asn: 64_500,
        country: 'CH',
        outcome: 2,
        reason: reasonId('consumed'),
        endedByWriter: 5,
        endedBySeq: 61,
        sinceEndMs: 12,
        durationUs: 40,
        cache: 1,
        flags: FLAGS.sameClient,
        delayMs: 30,
        detail: '{"a":1}',
      }),
    ])
    const [view] = (await house().ask(tenant, 'events-page', window)).rows
    expect(view).toEqual({
      id: view?.id,
      type: 'token.validated',
      at: NOW - HOUR,
      receivedAt: NOW - HOUR + 30,
      outcome: 'rejected',
      reason: 'consumed',
      class: 'invalid',
      kind: 'access',
      token: { id: `n${tenant}`, kind: 'access', name: 'build robot', owner: 'ci', state: 'active' },
      owner: 'ci',
      service: 'api',
      network: '000000000000000a',
      asn: 64_500,
      country: 'CH',
      durationUs: 40,
      cache: 'hit',
      endedBy: 'evt_5_z',
      sinceEndMs: 12,
      flags: ['sameClient'],
      count: 1,
      detail: { a: 1 },
    })
    expect((await house().ask(tenant, 'events-page', { ...window, id: view!.id })).rows).toHaveLength(1)
    expect((await house().ask(tenant, 'events-page', { ...window, id: 'evt_5_ZZZZ' })).rows).toHaveLength(0)
  })

  test('a life line tells all but the single validations, oldest first', async () => {
    const tenant = await house().tenant()
    const { no: tokenNo } = await house().token(tenant, { id: `l${tenant}` })
    const at = (type: 'token.issued' | 'token.revoked' | 'token.suspended' | 'token.validated', ago: number): EventRow =>
      event(tenant, { tokenNo, type: TYPES[type].id, outcome: 0, reason: 0, occurredAt: NOW - ago })
    await house().load([
      at('token.revoked', 10),
      at('token.validated', 20),
      at('token.issued', 5 * DAY),
      at('token.suspended', DAY),
    ])
    const { rows } = await house().ask(tenant, 'token-life-line', { token: `l${tenant}` })
    expect(rows.map((row) => row.type)).toEqual(['token.issued', 'token.suspended', 'token.revoked'])
  })
})

test('the funnel follows each single-use token issued in the window', async () => {
  const tenant = await house().tenant()
  const of = (tokenNo: number, type: keyof typeof TYPES, fields: Partial<EventRow> = {}): EventRow =>
    event(tenant, { tokenNo, kind: KINDS.action, type: TYPES[type].id, outcome: 0, reason: 0, ...fields })
  await house().load([
    of(1, 'token.issued'),
    of(1, 'token.sent'),
    of(1, 'token.consumed', { outcome: 1, reason: 1 }),
    of(1, 'token.validated', { outcome: 2, reason: 17 }),
    of(2, 'token.issued'),
    of(2, 'token.sent'),
    of(2, 'token.undelivered'),
    of(2, 'token.expired'),
    of(3, 'token.issued'),
    of(3, 'token.validated', { outcome: 2, reason: 14 }),
    of(3, 'token.locked'),
    of(4, 'token.issued', { occurredAt: NOW - 3 * DAY }),
    of(5, 'token.issued', { kind: KINDS.validation }),
    of(6, 'token.issued', { flags: FLAGS.canary }),
  ])
  const { rows } = await house().ask(tenant, 'single-use-funnel', { ...window, kind: 'action' })
  expect(rows).toEqual([{ issued: 3, sent: 2, undelivered: 1, attempted: 2, succeeded: 1, expired: 1, locked: 1, replays: 1 }])
})

describe('what makes an answer believable', () => {
  test('a loss is charged in full to every window it touches, and to no other', async () => {
    const tenant = await house().tenant()
    const lost = (count: number, from: number, to: number): EventRow =>
      event(tenant, {
        type: TYPES['loss.declared'].id,
        outcome: 0,
        population: 0,
        reason: reasonId('journal_full'),
        occurredAt: to + 1000,
        detail: JSON.stringify({ writer: 5, count, from, to }),
      })
    await house().load([
      event(tenant, {}),
      event(tenant, { delayMs: 300_001 }),
      event(tenant, { delayMs: 300_000 }),
      lost(7, NOW - 2 * HOUR, NOW - HOUR),
      lost(90, NOW - 5 * DAY, NOW - 4 * DAY),
    ])
    const touched = await house().ask(tenant, 'totals', { from: NOW - 1.5 * HOUR, to: NOW })
    expect(touched.completeness).toEqual({ value: 0.3, received: 10, missing: 0, lost: { journal_full: 7 } })
    expect(touched).toMatchObject({ lateEvents: 1, watermark: NOW })
    const other = await house().ask(tenant, 'totals', { from: NOW - HOUR + 1, to: NOW })
    expect(other.completeness).toEqual({ value: null, received: 0, missing: 0, lost: {} })
  })

  test('completeness by minute of receipt: received is stored, coalesced and dropped', async () => {
    const tenant = await house().tenant()
    const minute = NOW - (NOW % 60_000) - HOUR
    await house().load([
      event(tenant, { occurredAt: minute - 500, delayMs: 900 }),
      event(tenant, { occurredAt: minute + 5, flags: FLAGS.coalesced, count: 40 }),
      event(tenant, {
        occurredAt: minute + 6,
        type: TYPES['loss.declared'].id,
        reason: reasonId('oversize'),
        detail: '{"count":3,"from":0,"to":1}',
      }),
    ])
    const { rows } = await house().ask(tenant, 'completeness', { from: minute, to: minute + 60_000 })
    expect(rows).toEqual([{ at: minute, received: 45, stored: 2, coalesced: 40, dropped: { oversize: 3 } }])
  })

  test('the answer names its question, parameters, window, method and cost', async () => {
    const tenant = await house().tenant()
    const answer = await house().ask(tenant, 'totals', window)
    expect(answer).toMatchObject({ question: 'totals', params: window, window, watermark: NOW, cost: { elapsedMs: 0 } })
    expect(answer.method).toContain('exact')
  })
})

test('beyond ten thousand attempts distinct counts come from the roll-ups and say so', async () => {
  const tenant = await house().tenant()
  const rows = Array.from({ length: 400 }, (_, i) =>
    event(tenant, {
      tokenNo: 1 + (i % 90),
      network: BigInt(1 + (i % 70)),
      durationUs: 100 + i,
      occurredAt: NOW - 1 - Math.floor((i * 9 * DAY) / 400),
      outcome: 1 + (i % 2),
      reason: i % 2 ? 18 : 1,
    }),
  )
  await house().load([
    ...rows,
    event(tenant, { outcome: 2, reason: 13, population: 2, count: 20_000, flags: FLAGS.coalesced, network: 71n }),
  ])
  for (const [days, uniques] of [
    [9.5, 'uniqCombined64(14)'],
    [1.2, 'uniqCombined64(12)'],
  ] as const) {
    const asked = { from: NOW - days * DAY, to: NOW }
    const [totals] = (await house().ask(tenant, 'totals', asked)).rows
    const attempts = attemptsIn([...rows], asked)
    expect(totals?.uniques).toContain(uniques)
    expect(totals?.attempts).toBe(sum(attempts) + 20_000)
    expect(totals?.networks).toBe(new Set(attempts.map((row) => row.network)).size + 1)
    expect(totals?.activeTokens).toBe(new Set(attempts.filter((row) => row.outcome === 1).map((row) => row.tokenNo)).size)
    const durations = attempts
      .filter((row) => row.outcome === 1)
      .map((row) => row.durationUs)
      .sort((a, b) => a - b)
    expect(rankOf(totals!.latency!.p50Us, durations)).toBeCloseTo(0.5, 1)
    expect(rankOf(totals!.latency!.p95Us, durations)).toBeCloseTo(0.95, 1)
  }
  const latency = await house().ask(tenant, 'latency-by-step', {
    from: NOW - 10 * DAY,
    to: NOW,
    step: 'week',
    outcome: 'rejected',
  })
  expect(latency.rows.reduce((total, row) => total + row.count, 0)).toBe(200)
})

function rankOf(value: number, sorted: readonly number[]): number {
  return sorted.filter((each) => each <= value).length / sorted.length
}

test('in a simulated tenant simulated events count; canaries never do', async () => {
  const flagged = (tenant: number): EventRow[] => [
    event(tenant, { flags: FLAGS.simulated }),
    event(tenant, { flags: FLAGS.canary }),
    event(tenant, {}),
  ]
  for (const [simulated, attempts] of [
    [false, 1],
    [true, 2],
  ] as const) {
    const tenant = await house().tenant(simulated)
    await house().load(flagged(tenant))
    expect((await house().ask(tenant, 'totals', window)).rows[0]?.attempts).toBe(attempts)
    expect((await house().ask(tenant, 'events-page', window)).rows).toHaveLength(3)
  }
})
