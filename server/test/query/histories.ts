import * as fc from 'fast-check'
import { CACHE, DECISION_REASONS, FLAGS, KINDS, OUTCOMES, POPULATIONS, TYPES } from 'tokentrail'
import { blankEvent, type EventRow } from '../../src/event/row.ts'
import { DAY, HOUR, NOW } from './house.ts'

/** Days with events, so that an insert meets few partitions; the last is today. */
const DAYS_AGO = [0, 1, 2, 9, 16, 40] as const
const START_OF_TODAY = NOW - (NOW % DAY)

/** Times of day that lie on, and just off, the edges of steps, and any others. */
const timeOfDay = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 59_999, 60_000, HOUR - 1, HOUR, 6 * HOUR, 6 * HOUR - 1, DAY / 2, DAY - 1) },
  { weight: 3, arbitrary: fc.nat(DAY - 1) },
)
const time = fc
  .record({ ago: fc.constantFrom(...DAYS_AGO), of: timeOfDay })
  .map(({ ago, of }) => Math.min(NOW - 1, START_OF_TODAY - ago * DAY + of))

const reasons = Object.values(DECISION_REASONS)
const decision = fc.constantFrom(...reasons).map(({ id, class: group }) => ({
  outcome: group === 'accepted' ? OUTCOMES.accepted : OUTCOMES.rejected,
  reason: id,
}))
const bit = (flag: number): fc.Arbitrary<number> => fc.constantFrom(0, 0, 0, 0, 0, 0, flag)

/** One event; numbers of tokens are indexes into `tokens`, -1 is nobody. */
const spec = fc.record({
  at: time,
  decision: fc.oneof({ weight: 4, arbitrary: fc.constant({ outcome: 1, reason: 1 }) }, { weight: 5, arbitrary: decision }),
  type: fc.oneof(
    { weight: 12, arbitrary: fc.constant(TYPES['token.validated'].id) },
    { weight: 1, arbitrary: fc.constant(TYPES['token.consumed'].id) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        TYPES['token.changed'].id,
        TYPES['token.suspended'].id,
        TYPES['limit.entered'].id,
        TYPES['page.viewed'].id,
      ),
    },
  ),
  token: fc.integer({ min: -2, max: 5 }),
  kind: fc.constantFrom(...Object.values(KINDS)),
  delayMs: fc.oneof(
    { weight: 9, arbitrary: fc.nat(2000) },
    { weight: 1, arbitrary: fc.constantFrom(-4000, 300_000, 300_001, 3_000_000) },
  ),
  flags: fc.tuple(
    bit(FLAGS.canary),
    bit(FLAGS.simulated),
    bit(FLAGS.check),
    bit(FLAGS.sameClient),
    bit(FLAGS.sameNetwork),
    bit(FLAGS.concurrent),
  ),
  coalesced: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 3, 700),
  network: fc.constantFrom(0n, 1n, 0xffff_ffff_ffff_fffen, 0x1234_5678_9abcn),
  service: fc.constantFrom('', 'api', 'billing'),
  route: fc.constantFrom('', '/orders/{id}', '/ping'),
  scope: fc.constantFrom('', 'read', 'write'),
  client: fc.constantFrom('', 'curl', 'python'),
  durationUs: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 6, arbitrary: fc.integer({ min: 1, max: 90_000 }) }),
  print: fc.nat(4),
  requestId: fc.constantFrom('', '', '', 'r-1'),
  sinceEndMs: fc.constantFrom(0, 500, 9_999, 10_001, DAY),
})

/** A history of a tenant: what happened, in no order. */
export const anyHistory = fc.array(spec, { minLength: 250, maxLength: 450, size: 'max' })
export type Spec = (typeof anyHistory extends fc.Arbitrary<infer T> ? T : never)[number]

/** A window on, or off, the edges of steps. */
export const anyWindow = fc.record({ a: time, b: time, round: fc.constantFrom(1, 60_000, HOUR, DAY) }).map(({ a, b, round }) => {
  const [first, second] = [Math.min(a, b), Math.max(a, b)].map((at) => at - (at % round)) as [number, number]
  return { from: first, to: Math.max(second, first + round) }
})

/** The rows of a history for a tenant and its tokens. */
export function rowsOf(history: readonly Spec[], tenant: number, tokens: readonly number[]): EventRow[] {
  return history.map((each, i) => rowOf(each, i, tenant, tokens))
}

function rowOf(each: Spec, i: number, tenant: number, tokens: readonly number[]): EventRow {
  const tokenNo = tokens[each.token] ?? 0
  const coalesced = tokenNo === 0 && each.coalesced > 0
  const isAttempt = each.type === TYPES['token.validated'].id || each.type === TYPES['token.consumed'].id
  const isFault = each.decision.reason >= 70
  return {
    ...blankEvent(),
    tenant,
    writer: 3 + (i % 2),
    seq: i,
    type: each.type,
    outcome: isAttempt ? each.decision.outcome : 0,
    reason: isAttempt ? each.decision.reason : 0,
    kind: each.kind,
    population: isFault ? POPULATIONS.fault : tokenNo === 0 ? POPULATIONS.unattributed : POPULATIONS.attributed,
    flags: each.flags.reduce((all, flag) => all | flag, coalesced ? FLAGS.coalesced : 0),
    occurredAt: each.at,
    delayMs: each.delayMs,
    tokenNo,
    claimedNo: tokenNo === 0 && each.token === -2 ? (tokens[0] ?? 0) : 0,
    fingerprint: tokenNo === 0 ? new Uint8Array(16).fill(each.print) : blankEvent().fingerprint,
    service: each.service,
    method: each.route === '/ping' ? 'GET' : '',
    route: each.route,
    scope: each.scope,
    client: each.client,
    network: each.network,
    asn: each.network === 1n ? 64_500 : 0,
    country: each.network === 1n ? 'CH' : '',
    durationUs: each.durationUs,
    cache: CACHE.hit,
    requestId: each.requestId,
    count: coalesced ? each.coalesced : 1,
    spanMs: coalesced ? 900 : 0,
    sinceEndMs: each.sinceEndMs,
    endedByWriter: each.decision.reason === 17 ? 3 : 0,
    endedBySeq: each.decision.reason === 17 ? 1 : 0,
  }
}
