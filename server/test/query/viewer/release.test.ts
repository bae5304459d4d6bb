import { KINDS } from 'tokentrail'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DECISION_REASONS } from 'tokentrail'
import { HOUR_MS, readReleased } from '../../../src/query/viewer/buckets.ts'
import { releasedIn, stepFor, stepsFor, totalsFor } from '../../../src/query/viewer/figures.ts'
import { shown, startViewerRelease, type ViewerRelease } from '../../../src/query/viewer/release.ts'
import { GROUP_MIN, OTHER } from '../../../src/query/viewer/suppress.ts'
import type { EventRow } from '../../../src/event/row.ts'
import type { Records } from '../../../src/records/records.ts'
import { openRecords } from '../../../src/records/open.ts'
import { insert, rowsOf, sharedStore, silentLog, temporaryFolder, validation } from '../../store/support.ts'
import { bucketsOf, randomOf, START, type World, worldOf } from './world.ts'

const shared = sharedStore()
const DAY_MS = 24 * HOUR_MS
let now = START + 2 * DAY_MS
const clock = { now: () => now, ticks: () => now * 1_000 }
let records: Records
let release: ViewerRelease

beforeAll(async () => {
  records = await openRecords({ file: `${temporaryFolder(afterAll)}/records.db`, clock, log: silentLog })
  for (const name of ['busy', 'quiet'])
    await records.act('addTenant', { id: name, name, at: now, actor: { no: 0, kind: 'system' } })
  release = startViewerRelease({ records, store: shared(), clock, log: silentLog })
})
afterAll(async () => {
  await release.close()
  await records.close()
})

/** A world as rows of the store; each owner's attempts of an hour are one row with their number. */
function rowsFor(world: World, tenant: number, from: number): readonly EventRow[] {
  return [...world.counts].map(([place, count], seq) => {
    const [hour = '', cell = '', owner = ''] = place.split(' ')
    const [name = '', kind = ''] = cell.split(':')
    const reason = Object.values(DECISION_REASONS).find((each) => each.class === name)?.id ?? 0
    return validation(seq, {
      tenant,
      writer: tenant * 100 + (from % 97),
      count,
      reason,
      ownerNo: Number(owner) + 1,
      outcome: name === 'accepted' ? 1 : 2,
      kind: KINDS[kind as keyof typeof KINDS],
      occurredAt: from + Number(hour) * HOUR_MS + 60_000 + seq,
    })
  })
}

const big = (seed: number, hours: number): World => {
  const world = worldOf(randomOf(seed), { hours })
  const counts = new Map(world.counts)
  for (let hour = 0; hour < hours; hour++)
    for (let owner = 0; owner < 30; owner++) counts.set(`${hour} accepted:access ${5_000 + owner}`, 3 + owner)
  return { ...world, counts, members: new Map([...world.members, ['accepted:access', peopleOf(counts)]]) }
}

function peopleOf(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...new Set([...counts.keys()].filter((key) => key.includes('accepted:access')).map((key) => key.split(' ')[2] ?? ''))]
}

test('what the store releases is what the rules say of the same numbers, by the hour, and by the day where hours are few', async () => {
  const store = shared()
  const [before, day] = [big(3, 24), big(4, 24)]
  await insert(store, rowsFor(before, 1, START), 'the day before')
  await insert(store, rowsFor(day, 1, START + DAY_MS), 'the day')
  const small = worldOf(randomOf(5), { hours: 2 })
  await insert(store, rowsFor(small, 2, START + DAY_MS), 'a quiet tenant')
  expect(await release.run()).toBe(0)
  expect(await release.run()).toBeGreaterThan(20)
  expect(await release.run()).toBe(0)

  const expected = bucketsOf(day).map((bucket) => ({ ...shown(bucket), at: bucket.at + DAY_MS }))
  const window = { from: START + DAY_MS, to: START + 2 * DAY_MS }
  const { buckets } = await readReleased(store, 1, window)
  // the last hour is over, and its late events are not in
  expect(buckets.map(flat)).toEqual(expected.slice(0, 23).map(flat))
  const quiet = await readReleased(store, 2, window)
  expect(quiet.buckets).toEqual([])

  now += HOUR_MS
  for (const _ of [1, 2]) await release.run()
  expect((await readReleased(store, 1, window)).buckets.map(flat)).toEqual(expected.map(flat))
  const [whole] = (await readReleased(store, 2, window)).buckets
  expect([whole?.hours, whole?.at]).toEqual([24, START + DAY_MS])
  const members = new Set([...small.counts.keys()].map((key) => key.split(' ')[2]))
  expect(members.size).toBeGreaterThanOrEqual(GROUP_MIN)
})

test('what comes late changes nothing that was released', async () => {
  const store = shared()
  const window = { from: START + DAY_MS, to: START + 2 * DAY_MS }
  const before = await readReleased(store, 1, window)
  await insert(store, rowsFor(big(9, 2), 1, START + DAY_MS + 7), 'late')
  now += 2 * DAY_MS
  for (const _ of [1, 2]) await release.run()
  expect((await readReleased(store, 1, window)).buckets).toEqual(before.buckets)
  expect(
    await rowsOf(store, 'SELECT tenant, hour, cell FROM viewer_hour GROUP BY tenant, hour, cell HAVING count() > 1'),
  ).toEqual([])
})

test('an answer is a sum of released cells, and says until when', async () => {
  const store = shared()
  const window = { from: START + DAY_MS, to: START + DAY_MS + 6 * HOUR_MS }
  const released = await releasedIn(store, 1, window, { groupMin: GROUP_MIN })
  const sum = released.buckets.flatMap(({ cells }) => cells).reduce((total, { count }) => total + count, 0)
  expect(totalsFor(released).attempts).toBe(sum)
  expect(stepFor(released, 'minute')).toBe('hour')
  const rows = stepsFor(released, { step: '6hours', by: 'class' })
  expect(rows.map(({ at }) => at)).toEqual(rows.map(() => window.from))
  expect(rows.find(({ key }) => key === OTHER)?.count).toBeGreaterThan(0)
  expect(rows.reduce((total, { count }) => total + count, 0)).toBe(sum)
})

function flat({
  at,
  hours,
  cells,
}: {
  readonly at: number
  readonly hours: number
  readonly cells: readonly { key: string; count: number }[]
}) {
  return { at, hours, cells: Object.fromEntries(cells.map(({ key, count }) => [key, count])) }
}
