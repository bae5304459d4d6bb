import { KINDS, POPULATIONS, TYPES } from 'tokentrail'
import { expect, test } from 'vitest'
import { blankEvent, type EventRow } from '../../src/event/row.ts'
import { DAY, HOUR, NOW, useHouse } from '../query/house.ts'

const house = useHouse()
const today = NOW - (NOW % DAY)
let seq = 0
const event = (tenant: number, fields: Partial<EventRow>): EventRow => ({
  ...blankEvent(),
  tenant,
  writer: 4,
  seq: seq++,
  type: TYPES['token.validated'].id,
  outcome: 1,
  reason: 1,
  kind: KINDS.access,
  population: POPULATIONS.attributed,
  service: 'api',
  occurredAt: NOW - HOUR,
  ...fields,
})

let planted: Promise<number> | undefined
/** One tenant for the file: nothing here changes it. */
const plant = (): Promise<number> => (planted ??= plantOnce())

async function plantOnce(): Promise<number> {
  const tenant = await house().tenant()
  const yesterday = today - HOUR
  await house().load([
    event(tenant, {}),
    event(tenant, { durationUs: 50 }),
    event(tenant, { outcome: 2, reason: 23, service: 'web' }),
    event(tenant, { outcome: 2, reason: 13, population: POPULATIONS.unattributed, count: 1440, occurredAt: yesterday }),
    event(tenant, { outcome: 2, reason: 70, population: POPULATIONS.fault, occurredAt: yesterday }),
    event(tenant, { type: TYPES['token.revoked'].id, outcome: 0, reason: 111 }),
  ])
  return tenant
}

test.each([
  [
    'attempts',
    [
      [today - DAY, '', 1441],
      [today, '', 3],
    ],
  ],
  [
    'failed',
    [
      [today - DAY, '', 1440],
      [today, '', 1],
    ],
  ],
  ['successRate', [[today, '', 2 / 3]]],
  [
    'successRateAll',
    [
      [today - DAY, '', 0],
      [today, '', 2 / 3],
    ],
  ],
  [
    'errorShare',
    [
      [today - DAY, '', 1 / 1441],
      [today, '', 0],
    ],
  ],
  [
    'pressure',
    [
      [today - DAY, '', 1],
      [today, '', 0],
    ],
  ],
  [
    'revoked',
    [
      [today - DAY, '', 0],
      [today, '', 1],
    ],
  ],
  ['latencyP95', [[today, '', 50]]],
] as const)('%s by day', async (metric, points) => {
  const tenant = await plant()
  const series = await house().metrics.series(tenant, { metric, step: 'day', from: NOW - 2 * DAY, to: NOW })
  expect(series.points.map(({ at, key, value }) => [at, key, value])).toEqual(points)
  expect(series).toMatchObject({ metric, watermark: NOW, completeness: { value: 1, missing: 0 } })
})

test('a series may be split by service', async () => {
  const tenant = await plant()
  const { points } = await house().metrics.series(tenant, {
    metric: 'successRate',
    step: 'day',
    from: today,
    to: NOW,
    by: 'service',
  })
  expect(points.map(({ key, numerator, denominator }) => [key, numerator, denominator])).toEqual([
    ['api', 2, 2],
    ['web', 0, 1],
  ])
})

test.each([
  [{ metric: 'happiness' }, 'metric'],
  [{ metric: 'constructor' }, 'metric'],
  [{ metric: 'attempts', by: 'owner' }, 'by'],
  [{ metric: 'latencyP50', by: 'kind' }, 'by'],
  [{ metric: 'attempts', step: 'year' }, 'step'],
])('%j is refused, naming %s', async (wrong, input) => {
  const params = { step: 'day', from: NOW - DAY, to: NOW, ...wrong } as never
  await expect(house().metrics.series(await house().tenant(), params)).rejects.toMatchObject({ code: 'parameter_invalid', input })
})

test("a token's timeline joins its life, its days and its last use", async () => {
  const tenant = await house().tenant()
  const { no: tokenNo } = await house().token(tenant, { id: `t${tenant}` })
  await house().load([
    event(tenant, { tokenNo, type: TYPES['token.issued'].id, outcome: 0, reason: 100, occurredAt: NOW - 3 * DAY }),
    event(tenant, { tokenNo }),
    event(tenant, { tokenNo, outcome: 2, reason: 46, occurredAt: NOW - 5 }),
  ])
  const timeline = await house().metrics.timeline(tenant, `t${tenant}`)
  expect(timeline.events.map((each) => each.type)).toEqual(['token.issued'])
  expect(timeline.uses).toEqual([
    { at: today, key: 'accepted', count: 1 },
    { at: today, key: 'forbidden', count: 1 },
  ])
  expect(timeline.lastUsed).toEqual({ lastAcceptedAt: NOW - HOUR, lastAttemptAt: NOW - 5, accepted30d: 1, failed30d: 1 })
  await expect(house().metrics.timeline(await house().tenant(), `t${tenant}`)).rejects.toMatchObject({ code: 'not_found' })
})
