import { DECISION_REASONS, TYPES } from 'tokentrail'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { blankEvent } from '../../src/event/row.ts'
import { CLASS_IDS } from '../../src/store/rollups.ts'
import { NOON, coalesced, insert, numberOf, rowsOf, sharedStore, validation } from './support.ts'
import type { EventRow } from '../../src/event/row.ts'

const shared = sharedStore()
const reasons = Object.values(DECISION_REASONS)

const anyAttempt: fc.Arbitrary<EventRow> = fc
  .record({
    tenant: fc.integer({ min: 1, max: 2 }),
    reason: fc.constantFrom(...reasons),
    kind: fc.integer({ min: 1, max: 3 }),
    tokenNo: fc.integer({ min: 0, max: 4 }),
    network: fc.bigInt({ min: 0n, max: 6n }),
    flags: fc.integer({ min: 0, max: 3 }),
    count: fc.integer({ min: 1, max: 9 }),
    minutes: fc.integer({ min: 0, max: 4000 }),
    delayMs: fc.integer({ min: 0, max: 900_000 }),
    scope: fc.constantFrom('', 'read', 'write'),
  })
  .map(({ reason, minutes, ...fields }) => ({
    ...blankEvent(),
    type: TYPES['token.validated'].id,
    outcome: reason.class === 'accepted' ? 1 : 2,
    reason: reason.id,
    occurredAt: NOON + minutes * 60_000,
    ...fields,
  }))

test('roll-ups count what a plain count over the events counts', async () => {
  const store = shared()
  let batch = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyAttempt, { minLength: 1, maxLength: 200 }), async (rows) => {
      batch += 1
      const own = rows.map((row, seq) => ({ ...row, writer: batch, seq, tenant: row.tenant + batch * 10 }))
      await insert(store, own, `batch ${batch}`)
      const tenants = `tenant IN (${batch * 10 + 1}, ${batch * 10 + 2})`
      const byClass = await rowsOf<{ class: number; n: number }>(
        store,
        `SELECT class, sum(count) AS n FROM route_hour WHERE ${tenants} GROUP BY class`,
      )
      expect(new Map(byClass.map((row) => [row.class, row.n]))).toEqual(countBy(own, classOf))
      const byToken = await rowsOf<{ token: number; n: number }>(
        store,
        `SELECT token_no AS token, sum(attempts) AS n FROM token_day WHERE ${tenants} GROUP BY token_no`,
      )
      expect(new Map(byToken.map((row) => [row.token, row.n]))).toEqual(
        countBy(
          own.filter((row) => row.tokenNo),
          (row) => row.tokenNo,
        ),
      )
      const byNetwork = await rowsOf<{ network: number; n: number }>(
        store,
        `SELECT network, sum(invalid + forbidden) AS n FROM network_day WHERE ${tenants} GROUP BY network HAVING n > 0`,
      )
      const failed = own.filter((row) => [CLASS_IDS.invalid, CLASS_IDS.forbidden].includes(classOf(row) as 2 | 3))
      expect(new Map(byNetwork.map((row) => [row.network, row.n]))).toEqual(countBy(failed, (row) => Number(row.network)))
      const late = own.filter((row) => row.delayMs > 300_000).reduce((sum, row) => sum + row.count, 0)
      expect(await numberOf(store, `SELECT sum(late) AS n FROM events_hour WHERE ${tenants}`)).toBe(late)
    }),
    { numRuns: 5 },
  )
})

test('distinct counts leave out what has no token, network or credential', async () => {
  const store = shared()
  await insert(store, [validation(1), validation(2), validation(2), coalesced(3, 50)].map(of(1001)), 'uniques')
  const [row] = await rowsOf(
    store,
    `SELECT uniqCombined64Merge(12)(tokens) AS tokens, uniqCombined64Merge(12)(networks) AS networks, uniqCombined64Merge(12)(credentials) AS credentials FROM unique_hour WHERE tenant = 1001`,
  )
  expect(row).toEqual({ tokens: 2, networks: 3, credentials: 0 })
})

test('latency comes from single decisions with a duration', async () => {
  const store = shared()
  await insert(
    store,
    [
      ...Array.from({ length: 101 }, (_, i) => validation(i, { durationUs: 100 + i })),
      coalesced(500, 9),
      validation(501, { durationUs: 0 }),
    ].map(of(1002)),
    'latency',
  )
  const [row] = await rowsOf(
    store,
    `SELECT quantilesTDigestMerge(0.5, 0.95, 0.99)(quantiles) AS q, sum(samples) AS n, max(max_us) AS max FROM latency_hour WHERE tenant = 1002`,
  )
  expect(row).toEqual({ q: [150, 195, 199], n: 101, max: 200 })
})

test('completeness counts rows, coalesced decisions and declared losses by the minute of their receipt', async () => {
  const store = shared()
  const loss = {
    ...blankEvent(),
    tenant: 1,
    writer: 7,
    type: TYPES['loss.declared'].id,
    reason: 160,
    occurredAt: NOON,
    detail: JSON.stringify({ count: 40 }),
  }
  await insert(store, [validation(1, { delayMs: 61_000 }), coalesced(2, 30), loss].map(of(1003)), 'completeness')
  expect(
    await rowsOf(
      store,
      `SELECT toUnixTimestamp(minute) - ${NOON / 1000} AS after, class, reason, sum(stored) AS stored, sum(coalesced) AS coalesced, sum(dropped) AS dropped
      FROM capture_minute WHERE tenant = 1003 GROUP BY minute, class, reason ORDER BY after, reason`,
    ),
  ).toEqual([
    { after: 0, class: 2, reason: 0, stored: 0, coalesced: 30, dropped: 0 },
    { after: 0, class: 2, reason: 160, stored: 1, coalesced: 0, dropped: 40 },
    { after: 60, class: 2, reason: 0, stored: 1, coalesced: 0, dropped: 0 },
  ])
})

test("a token's life keeps its first ending", async () => {
  const store = shared()
  const at = (type: keyof typeof TYPES, minutes: number, reason = 0): EventRow =>
    validation(minutes, {
      tenant: 1004,
      type: TYPES[type].id,
      kind: 2,
      outcome: 0,
      reason,
      tokenNo: 5,
      occurredAt: NOON + minutes * 60_000,
    })
  await insert(store, [at('token.issued', 0, 100), at('token.sent', 1), at('token.revoked', 30, 111)], 'life 1')
  await insert(store, [at('token.expired', 20, 131)], 'life 2')
  const [life] = await rowsOf(
    store,
    `SELECT max(kind) AS kind, argMinMerge(ending) AS ending, argMinMerge(ending_reason) AS reason, sum(sent) AS sent,
    dateDiff('minute', min(issued_at), min(ended_at)) AS minutes, max(last_accepted_at) AS used FROM token_life WHERE tenant = 1004 AND token_no = 5`,
  )
  expect(life).toEqual({ kind: 2, ending: TYPES['token.expired'].id, reason: 131, sent: 1, minutes: 20, used: null })
})

/** Puts a row into a tenant of the test's own. */
function of(tenant: number): (row: EventRow) => EventRow {
  return (row) => ({ ...row, tenant })
}

function classOf(row: EventRow): number {
  const reason = reasons.find(({ id }) => id === row.reason)
  return reason ? CLASS_IDS[reason.class] : 0
}

function countBy(rows: readonly EventRow[], key: (row: EventRow) => number): Map<number, number> {
  const counts = new Map<number, number>()
  for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + row.count)
  return counts
}
