import * as fc from 'fast-check'
import { KINDS, POPULATIONS } from 'tokentrail'
import { expect, test } from 'vitest'
import { blankEvent, type EventRow } from '../../src/event/row.ts'
import type { TokenMetrics } from '../../src/metrics/token-metrics.ts'
import { DAY, HOUR, NOW, useHouse } from '../query/house.ts'
import { anyHistory, rowsOf } from '../query/histories.ts'
import * as plain from '../query/oracle.ts'
import * as oracle from './oracle.ts'

const house = useHouse()
const SYSTEM = { no: 0, kind: 'system' } as const
const REASONS = { security: 'leaked', hygiene: 'idle', unspecified: 'manual' } as const

/** Few days, so that events meet few partitions; ages in any hour. */
const past = fc
  .record({ days: fc.constantFrom(1, 5, 20, 60, 110), ms: fc.nat(DAY - 1) })
  .map(({ days, ms }) => NOW - days * DAY + Math.min(ms, DAY / 2))
const spec = fc.record({
  kind: fc.constantFrom('access', 'access', 'access', 'action' as const),
  imported: fc.constantFrom(false, false, false, true),
  ageKnown: fc.constantFrom(true, true, true, false),
  issuedAt: past,
  heldFor: fc.constantFrom(0, 3 * DAY, 40 * DAY),
  lives: fc.option(fc.constantFrom(HOUR / 2, 2 * DAY, 30 * DAY, 45 * DAY, 200 * DAY), { freq: 2 }),
  revoked: fc.option(past, { freq: 3 }),
  group: fc.constantFrom('security', 'hygiene', 'unspecified' as const),
  canary: fc.constantFrom(false, false, false, false, false, false, false, true),
})
type Spec = typeof spec extends fc.Arbitrary<infer T> ? T : never

interface Planted {
  readonly tenant: number
  readonly told: readonly oracle.Told[]
  readonly rows: readonly EventRow[]
}

/** Issues, imports and revokes through the records, and puts what they noted into the store. */
async function plant(specs: readonly Spec[], history: Parameters<typeof rowsOf>[0]): Promise<Planted> {
  const tenant = await house().tenant()
  const told: oracle.Told[] = []
  const numbers: number[] = []
  for (const [i, each] of specs.entries()) {
    const done = await enact(tenant, `t${tenant}-${i}`, each)
    numbers.push(done.no)
    told.push(done.told)
  }
  const rows = rowsOf(history, tenant, numbers.slice(0, 6))
  const noted = await drain()
  await house().load([...rows, ...noted])
  return { tenant, told: told.filter((each) => !each.hidden), rows }
}

async function enact(tenantNo: number, id: string, each: Spec): Promise<{ no: number; told: oracle.Told }> {
  const { records } = house()
  const cameAt = each.imported ? Math.min(NOW - HOUR, each.issuedAt + each.heldFor) : each.issuedAt
  const ageKnown = !each.imported || each.ageKnown
  const expiresAt = each.lives === null ? null : each.issuedAt + each.lives
  const token = {
    tenantNo,
    id,
    kind: each.kind,
    prefix: 'ttk',
    ownerId: 'alice',
    scheme: each.imported ? 'sha256:hex' : 'sha256',
    digest: new Uint8Array(32).fill(1),
    issuedAt: each.issuedAt,
    knownSince: cameAt,
    issuedAtKnown: ageKnown,
    expiresAt,
    canary: each.canary,
    ...(each.kind === 'action' ? { action: 'pay', resource: 'r' } : {}),
  } as const
  const record = each.imported
    ? (await records.act('importTokens', { tokens: [unlike(token, id)], at: cameAt, actor: SYSTEM })).imported[0]!
    : (await records.act('issueToken', { token: unlike(token, id), at: cameAt, actor: SYSTEM })).token
  const revokedAt = each.revoked !== null && each.revoked >= cameAt ? each.revoked : null
  if (revokedAt !== null)
    await records.act('revokeToken', { tenantNo, id, reason: REASONS[each.group], at: revokedAt, actor: SYSTEM })
  const { kind, imported, issuedAt, group, canary: hidden } = each
  return { no: record.no, told: { kind, imported, ageKnown, issuedAt, cameAt, expiresAt, revokedAt, group, hidden } }
}

/** Digests are unique. */
function unlike<T extends { readonly digest: Uint8Array }>(token: T, id: string): T {
  return { ...token, digest: new Uint8Array(32).map((_, i) => id.charCodeAt(i % id.length) + i) }
}

/** Takes what the records have noted since the last time. */
async function drain(): Promise<readonly EventRow[]> {
  const { records } = house()
  const rows: EventRow[] = []
  for (;;) {
    const page = await records.outbox(500)
    if (page.length === 0) return rows
    rows.push(...page.map(({ writer, seq, event }) => ({ ...event, writer, seq })))
    await records.act('forgetOutbox', { events: page.map(({ writer, seq }) => ({ writer, seq })) })
  }
}

test('the token metrics say what the plain reading of lives and events says', { timeout: 60_000 }, async () => {
  expect.hasAssertions()
  const windows = fc.constantFrom(
    { from: NOW - 30 * DAY, to: NOW - HOUR },
    { from: NOW - 70 * DAY, to: NOW },
    { from: NOW - 120 * DAY, to: NOW - 3 * DAY },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(spec, { minLength: 60, maxLength: 90, size: 'max' }),
      anyHistory,
      windows,
      async (specs, history, window) => {
        const planted = await plant(specs, history)
        const [all, action] = await Promise.all([
          house().metrics.generateTokenMetrics(planted.tenant, window),
          house().metrics.generateTokenMetrics(planted.tenant, { ...window, kind: 'action' }),
        ])
        checkStock(all, planted, window)
        checkLifecycle(all, planted, 'access', window)
        checkLifecycle(action, planted, 'action', window)
        checkValidations(all, planted, window)
        checkLimits(all, planted, window)
      },
    ),
    { numRuns: 3, endOnFailure: true },
  )
})

type Window = { readonly from: number; readonly to: number }

function checkStock({ tokens, totalTokensGenerated }: TokenMetrics, { told }: Planted, { from, to }: Window): void {
  const expected = oracle.stock(told, from, to)
  const { issued, imported, endings } = tokens
  expect({ from: tokens.from.active, to: tokens.to.active, issued, imported, endings }).toEqual(expected)
  expect(tokens.closes).toBe(true)
  expect(totalTokensGenerated).toBe(expected['issued'])
}

function checkLifecycle(
  { tokenLifecycle }: TokenMetrics,
  planted: Planted,
  kind: 'access' | 'action',
  { from, to }: Window,
): void {
  const { lifespan, revocation, averageLifespan, revocationRate } = tokenLifecycle
  const told = planted.told.filter((each) => each.kind === kind)
  const [unit, usual] = kind === 'access' ? [HOUR, 90 * 24] : [1000, 1800]
  const studies = oracle.studies(told, from, to, unit)
  const mean = oracle.restrictedMean(studies, usual)
  close(averageLifespan, mean.value === null ? null : mean.value * unit)
  close(lifespan.restrictedMean?.error ?? null, mean.error === null ? null : mean.error * unit)
  expect(lifespan.tau).toBe(mean.tau === null ? null : mean.tau * unit)
  for (const [cause, share] of Object.entries(mean.incidence)) close(lifespan.byCause[cause as 'expired'] ?? 0, share)
  if (mean.tau !== null)
    close((lifespan.surviving ?? 0) + Object.values(lifespan.byCause).reduce((sum, share) => sum + share, 0), 1)
  const ended = studies.filter((each) => each.cause !== null).length
  expect(lifespan).toMatchObject({ atRisk: studies.length, ended, censored: studies.length - ended })
  const expected = oracle.revocation(told, from, to)
  expect(revocation.shareOfExposed ?? { numerator: 0, denominator: 0 }).toMatchObject({
    numerator: expected.revoked,
    denominator: expected.exposed,
  })
  close(revocation.per1000TokenDays?.exposure ?? 0, expected.tokenDays)
  close(revocationRate, expected.exposed === 0 ? null : expected.revoked / expected.exposed)
}

function checkValidations(
  { validationAttempts: { rates, ...counts }, completeness, tokens }: TokenMetrics,
  { rows }: Planted,
  window: Window,
): void {
  const attempts = plain.attemptsIn(rows, window)
  expect(counts).toEqual({
    successful: plain.sum(attempts, plain.isClass('accepted')),
    failed: plain.sum(attempts, plain.isFailed),
    throttled: plain.sum(attempts, plain.isClass('throttled')),
    unavailable: plain.sum(attempts, plain.isClass('unavailable')),
  })
  const unknown = attempts.filter((row) => row.population === POPULATIONS.unattributed && row.outcome === 2)
  expect(rates.pressure.perMinute?.events).toBe(plain.sum(unknown))
  expect(rates.pressure.networks).toBe(plain.distinct(unknown.filter((row) => row.network !== 0n).map((row) => row.network)))
  const early = unknown.filter((row) =>
    ['too_long', 'malformed', 'bad_checksum', 'limit_source', 'limit_global'].includes(plain.reasonOf(row)),
  )
  expect(rates.pressure.beforeLookup?.numerator ?? 0).toBe(plain.sum(early))
  const replays = attempts.filter((row) => row.outcome === 2 && plain.reasonOf(row) === 'consumed')
  expect(rates.replays).toMatchObject({
    count: plain.sum(replays),
    sameClientWithin10s: plain.sum(replays, (row) => (row.flags & 64) !== 0 && row.sinceEndMs <= 10_000),
    otherNetwork: plain.sum(replays, (row) => (row.flags & 32) === 0),
    concurrent: plain.sum(replays, (row) => (row.flags & 16) !== 0),
  })
  expect(rates.failedOpen).toBe(plain.sum(attempts, (row) => row.outcome === 1 && row.reason === 3))
  expect(rates.errorShare?.numerator ?? 0).toBe(plain.sum(attempts, plain.isClass('unavailable')))
  expect(rates.successRateByToken?.median ?? null).toEqual(medianRate(attempts))
  expect(completeness).toMatchObject({ value: 1, missing: 0, lost: {} })
  expect(tokens.to.neverUsed).not.toBeNull()
}

function medianRate(attempts: readonly EventRow[]): number | null {
  const rates = [
    ...Map.groupBy(
      attempts.filter((row) => row.tokenNo !== 0),
      (row) => row.tokenNo,
    ).values(),
  ]
    .filter((some) => plain.sum(some) >= 20)
    .map((some) => [plain.sum(some, plain.isClass('accepted')), plain.sum(some, plain.isFailed)] as const)
    .filter(([accepted, failed]) => accepted + failed > 0)
    .map(([accepted, failed]) => accepted / (accepted + failed))
    .sort((a, b) => a - b)
  if (rates.length === 0) return null
  return (rates[Math.floor((rates.length - 1) / 2)]! + rates[Math.floor(rates.length / 2)]!) / 2
}

function checkLimits(
  { securityEvents: { limits, rateLimit, suspiciousAttempts, suspicious } }: TokenMetrics,
  { rows }: Planted,
  window: Window,
): void {
  const attempts = plain.attemptsIn(rows, window)
  const throttled = attempts.filter(plain.isClass('throttled'))
  expect([suspiciousAttempts, suspicious.statement]).toEqual([0, 'no detectors yet'])
  expect(rateLimit).toBe(plain.sum(throttled))
  expect(limits).toMatchObject({ evaluated: plain.sum(attempts), episodes: episodesOf(throttled) })
}

/** Runs of one limit and subject whose silences are shorter than a minute. */
function episodesOf(throttled: readonly EventRow[]): number {
  const subject = (row: EventRow): string => {
    const reason = plain.reasonOf(row)
    return `${reason} ${reason === 'limit_token' ? row.tokenNo : reason === 'limit_source' ? row.network : ''}`
  }
  let episodes = 0
  for (const some of Map.groupBy(throttled, subject).values()) {
    let until = -Infinity
    for (const row of some.toSorted((a, b) => a.occurredAt - b.occurredAt)) {
      if (row.occurredAt - until >= 60_000) episodes++
      until = Math.max(until, row.occurredAt + row.spanMs)
    }
  }
  return episodes
}

function close(actual: number | null, expected: number | null): void {
  if (expected === null || actual === null) expect(actual).toBe(expected)
  else expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)))
}

test('a revocation takes hold when the last acceptance comes', async () => {
  const tenant = await house().tenant()
  const at = NOW - 2 * DAY
  const tokens = []
  for (const id of ['x', 'y']) {
    const { no } = await house().token(tenant, { id: `${id}${tenant}`, issuedAt: NOW - 9 * DAY })
    await house().records.act('revokeToken', { tenantNo: tenant, id: `${id}${tenant}`, reason: 'leaked', at, actor: SYSTEM })
    tokens.push(no)
  }
  const accepted = (tokenNo: number, after: number, seq: number): EventRow => ({
    ...blankEvent(),
    tenant,
    writer: 9,
    seq,
    type: 201,
    outcome: 1,
    reason: 1,
    kind: KINDS.access,
    population: 1,
    tokenNo,
    occurredAt: at + after,
  })
  const refused = { ...accepted(tokens[1]!, 5000, 4), outcome: 2, reason: 18, network: 5n, ownerNo: 3 }
  await house().load([accepted(tokens[0]!, -50, 1), accepted(tokens[0]!, 40, 2), accepted(tokens[0]!, 2500, 3), refused])
  const { tokenLifecycle } = await house().metrics.generateTokenMetrics(tenant, { from: NOW - 5 * DAY, to: NOW })
  expect(tokenLifecycle.revocation.latency).toEqual({ p50: 2500, p99: 2500, max: 2500, revocations: 2 })
  expect(tokenLifecycle.revocation.acceptedAfterRevoke).toBe(1)
  expect(tokenLifecycle.revocation.useAfterEnd).toEqual({
    count: 1,
    revoked: 1,
    superseded: 0,
    expired: 0,
    tokens: 1,
    networks: 1,
    owners: 1,
  })
  expect(tokenLifecycle.revocation.byGroup).toEqual({ security: 2, hygiene: 0, unspecified: 0 })
})
