import { describe, expect, test } from 'vitest'
import type { StepRow } from '../../../src/query/rows.ts'
import { type Bucket, HOUR_MS } from '../../../src/query/viewer/buckets.ts'
import { coarser, type Released, stepsFor, totalsFor } from '../../../src/query/viewer/figures.ts'
import { shown } from '../../../src/query/viewer/release.ts'
import { type Cell, GROUP_MIN, OTHER, rounded, stepOf, suppress } from '../../../src/query/viewer/suppress.ts'
import { amountOf, bucketsOf, CELLS, randomOf, START, type World, worldOf } from './world.ts'

const KINDS = ['access', 'action', 'validation'] as const
const BYS = [undefined, 'class', 'outcome', 'kind', 'population'] as const

/** What a tenant may ask for. */
const LARGER = 15

type Publish = (bucket: Bucket, groupMin: number) => Bucket

const publish: Publish = (bucket, groupMin) => coarser(shown(bucket), groupMin)

/** The planted fault: small cells become *other*, and nothing joins them. */
const withoutComplement: Publish = (bucket, groupMin) => {
  const isSmall = ({ members }: Cell): boolean => members.length < groupMin
  const small = bucket.cells.filter(isSmall)
  const other: Cell = {
    key: OTHER,
    count: small.reduce((sum, { count }) => sum + count, 0),
    members: [...new Set(small.flatMap(({ members }) => members))],
  }
  const cells = [...bucket.cells.filter((cell) => !isSmall(cell)), ...(small.length > 0 ? [other] : [])]
  return { ...bucket, cells: cells.map((cell) => ({ ...cell, count: rounded(cell.count) })) }
}

/** Every answer that a viewer may have of some hours: all windows, all splits, all kinds. */
function answersOf(buckets: readonly Bucket[], from: number, to: number) {
  const released: Released = {
    window: { from: START + from * HOUR_MS, to: START + to * HOUR_MS },
    buckets: buckets.slice(from, to),
    rowsRead: 0,
    groupMin: GROUP_MIN,
  }
  return [undefined, ...KINDS].flatMap((kind) => {
    const narrowed = kind === undefined ? {} : { kind }
    const totals = totalsFor(released, kind)
    const steps = BYS.map((by) => ({ kind, by, rows: stepsFor(released, { step: 'hour', ...(by ? { by } : {}), ...narrowed }) }))
    return [...steps, { kind, by: 'totals', rows: [{ at: 0, key: 'attempts', count: totals.attempts }] }]
  })
}

/** What the attacker makes of one hour's answers: bounds of each cell, from what is listed, what is not, and what is left over. */
function boundsOf(world: World, answers: ReturnType<typeof answersOf>, merged: number) {
  const total = answers.find(({ kind, by }) => kind === undefined && by === undefined)?.rows[0]?.count ?? 0
  const listed = new Map<string, number>()
  for (const { kind, by, rows } of answers)
    if (kind !== undefined && by === 'class') for (const row of rows) listed.set(`${row.key}:${kind}`, row.count)
  const rest = total - [...listed.values()].reduce((sum, count) => sum + count, 0)
  const slack = merged * (stepOf(rest) / 2)
  const unlisted = CELLS.filter((cell) => !listed.has(cell) && (world.members.get(cell)?.length ?? 0) > 0)
  return new Map(
    CELLS.filter((cell) => (world.members.get(cell)?.length ?? 0) > 0).map((cell) => {
      const count = listed.get(cell)
      if (count !== undefined) return [cell, { low: count - stepOf(count) / 2, high: count + stepOf(count) / 2 }]
      // nothing is left over: nobody of the unlisted was there, if there is not somebody who is not said at all
      if (rest === 0) return [cell, { low: 0, high: total === 0 ? Number.POSITIVE_INFINITY : 0 }]
      return [cell, { low: unlisted.length === 1 ? Math.max(0, rest - slack) : 0, high: rest + slack }]
    }),
  )
}

/** Groups under `groupMin` that the attacker bounds more tightly than rounding does, or finds to be above zero. */
function isolated(world: World, publishing: Publish, groupMin: number): readonly string[] {
  const buckets = bucketsOf(world).map((bucket) => publishing(bucket, groupMin))
  return buckets.flatMap((_, hour) => {
    const bounds = boundsOf(world, answersOf(buckets, hour, hour + 1), CELLS.length)
    return [...bounds].flatMap(([cell, { low, high }]) => {
      const people = world.members.get(cell)?.length ?? 0
      return people < groupMin && (low > 0 || high - low < 5) ? [`${hour} ${cell} of ${people}: ${low}–${high}`] : []
    })
  })
}

describe('a viewer who asks everything', () => {
  test.each([GROUP_MIN, LARGER])('isolates no group under %i owners', (groupMin) => {
    for (let seed = 1; seed <= 400; seed++)
      expect([seed, isolated(worldOf(randomOf(seed)), publish, groupMin)]).toEqual([seed, []])
  })

  test('would isolate groups if nothing joined small cells', () => {
    const found = Array.from({ length: 400 }, (_, seed) => isolated(worldOf(randomOf(seed)), withoutComplement, GROUP_MIN))
    expect(found.filter((groups) => groups.length > 0).length).toBeGreaterThan(100)
  })

  test('learns nothing by windows: every answer is the sum of the answers for its hours', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const buckets = bucketsOf(worldOf(randomOf(seed), { hours: 6 })).map((bucket) => publish(bucket, GROUP_MIN))
      for (let from = 0; from < 6; from++)
        for (let to = from + 1; to <= 6; to++) {
          const whole = answersOf(buckets, from, to)
          const hours = Array.from({ length: to - from }, (_, at) => answersOf(buckets, from + at, from + at + 1))
          for (const [place, { rows }] of whole.entries())
            expect(sumsOf(rows)).toEqual(sumsOf(hours.flatMap((hour) => hour[place]?.rows ?? [])))
        }
    }
  })

  test('learns nothing by asking for larger groups too: the coarser answer is made of the finer one', () => {
    for (let seed = 1; seed <= 200; seed++)
      for (const bucket of bucketsOf(worldOf(randomOf(seed)))) {
        const [fine, coarse] = [publish(bucket, GROUP_MIN), publish(bucket, LARGER)]
        const labelled = coarse.cells.filter(({ key }) => key !== OTHER)
        for (const cell of labelled) expect(fine.cells).toContainEqual(cell)
        const rest = fine.cells.filter(({ key }) => !labelled.some((cell) => cell.key === key))
        const other = coarse.cells.find(({ key }) => key === OTHER)
        const left = coarse.cells.length === 0 ? 0 : rest.reduce((sum, { count }) => sum + count, 0)
        expect(other?.count ?? 0).toBe(left)
      }
  })

  test('guesses the presence of one owner in no more than 55 % of 2,000 even cases', () => {
    const right = guess(publish, GROUP_MIN)
    expect(right).toBeLessThanOrEqual(0.55)
  })

  test('would guess it far more often if nothing joined small cells', () => {
    expect(guess(withoutComplement, GROUP_MIN)).toBeGreaterThan(0.58)
  })
})

function sumsOf(rows: readonly StepRow[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const { key, count } of rows) sums[key] = (sums[key] ?? 0) + count
  return sums
}

/**
 * Learns from 4,000 worlds like this one what answers look like with and without an owner, who belongs to a cell of a known size, and
 * then guesses in 2,000 new ones, half with and half without. Gives the share of right guesses.
 */
function guess(publishing: Publish, groupMin: number): number {
  const seen = new Map<string, { there: number; away: number }>()
  const look = (seed: number) => {
    const random = randomOf(seed)
    const world = worldOf(random, { hours: 1 })
    const cells = CELLS.filter((cell) => (world.members.get(cell)?.length ?? 0) > 0)
    // most often in the smallest group, where there is most to find
    const smallest = cells.toSorted((a, b) => (world.members.get(a)?.length ?? 0) - (world.members.get(b)?.length ?? 0))[0]
    const cell = (random() < 0.8 ? smallest : cells[Math.floor(random() * cells.length)]) ?? CELLS[0]
    const [target = ''] = world.members.get(cell) ?? []
    const isThere = seed % 2 === 0
    const counts = new Map(world.counts)
    counts.delete(`0 ${cell} ${target}`)
    if (isThere) counts.set(`0 ${cell} ${target}`, amountOf(random))
    const [bucket] = bucketsOf({ ...world, counts }).map((each) => publishing(each, groupMin))
    return { isThere, feature: featureOf(world, cell, bucket as Bucket) }
  }
  for (let seed = 1; seed <= 4_000; seed++) {
    const { isThere, feature } = look(seed)
    const known = seen.get(feature) ?? { there: 0, away: 0 }
    known[isThere ? 'there' : 'away'] += 1
    seen.set(feature, known)
  }
  let right = 0
  for (let seed = 10_001; seed <= 12_000; seed++) {
    const { isThere, feature } = look(seed)
    const { there, away } = seen.get(feature) ?? { there: 0, away: 0 }
    if (there === away ? seed % 4 < 2 === isThere : there > away === isThere) right += 1
  }
  return right / 2_000
}

/** What an attacker looks at: how many belong to the cell, whether it is listed, what is left over, and how much for so many people. */
function featureOf(world: World, cell: string, bucket: Bucket): string {
  const size = world.members.get(cell)?.length ?? 0
  const band = size < 5 ? 'few' : size < 10 ? 'under ten' : size < 20 ? 'under twenty' : 'many'
  const listed = bucket.cells.find(({ key }) => key === cell)
  const other = bucket.cells.find(({ key }) => key === OTHER)
  const unlisted = CELLS.filter(
    (each) => !bucket.cells.some(({ key }) => key === each) && (world.members.get(each)?.length ?? 0) > 0,
  )
  const perHead = listed ? Math.min(4, Math.floor((4 * listed.count) / (size * 8))) : -1
  const rest = other ? (other.count > 40 * unlisted.length ? 'much' : 'some') : 'none'
  return `${band} ${perHead} ${rest} ${unlisted.length === 1}`
}

test('rounding is the same every time and never further off than half a step', () => {
  for (let count = 0; count < 3_000; count++) {
    expect(Math.abs(rounded(count) - count)).toBeLessThanOrEqual(stepOf(count) / 2)
    expect(rounded(rounded(count)) - rounded(count)).toBe(0)
  }
})

test('whatever is shown stands for enough owners, and what is small as a whole is not shown', () => {
  for (let seed = 1; seed <= 300; seed++)
    for (const { cells } of bucketsOf(worldOf(randomOf(seed))))
      for (const groupMin of [GROUP_MIN, LARGER])
        for (const cell of suppress(cells, groupMin)) expect(cell.members.length).toBeGreaterThanOrEqual(groupMin)
  expect(suppress([{ key: 'accepted:access', count: 1_000, members: ['1', '2', '3', '4'] }], GROUP_MIN)).toEqual([])
})
