import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { FLAGS, TYPES } from 'tokentrail'
import { describe, expect, test } from 'vitest'
import type { EventRow } from '../../src/event/row.ts'
import { createFolds } from '../../src/journal/folds.ts'
import { mergeDeltas } from '../../src/journal/merge-deltas.ts'
import {
  accepted,
  decisions,
  fingerprint,
  imbalance,
  NOON,
  openForTest,
  rowsIn,
  ship,
  stillClock,
  temporaryFile,
  unknown,
} from './support.ts'

const MILLION = 1_000_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapInUse(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function isCoalesced({ flags }: EventRow): boolean {
  return (flags & FLAGS.coalesced) !== 0
}

function topOf(row: EventRow): Map<bigint, number> {
  return new Map(row.topFingerprints.map((print, i) => [print, row.topCounts[i] ?? 0]))
}

function printOf(no: number): bigint {
  return Buffer.from(fingerprint(no)).readBigUInt64LE(0)
}

describe('a flood of unknown tokens', () => {
  test('begins over the rate, tells so, folds only what belongs to nobody, and ends when it has been quiet', async () => {
    const file = temporaryFile()
    const clock = stillClock()
    const journal = await openForTest({ file, clock, flood: { perSecond: 10, samplesPerSecond: 2, quietSeconds: 10 } })
    for (let i = 0; i < 100; i++) {
      void journal.append(unknown(i))
      void journal.append(accepted())
      void journal.append(unknown(i, { tenant: 2, occurredAt: NOON + i * 200 }))
      if (i % 20 === 19) await journal.flush()
      if (i < 5) clock.move(200)
    }
    expect(journal.state().coalescingTenants).toEqual([1, 2])
    clock.move(11_000)
    await new Promise<void>((resolve) => void journal.onJournalled(() => resolve()))
    await journal.flush()
    expect(journal.state().coalescingTenants).toEqual([])

    const rows = rowsIn(file).filter(({ tenant }) => tenant === 1)
    const ofNobody = rows.filter(({ outcome }) => outcome === 2)
    expect(decisions(ofNobody)).toBe(100)
    expect(ofNobody.filter(isCoalesced).length).toBeLessThan(20)
    expect(ofNobody.filter((row) => !isCoalesced(row) && !(row.flags & FLAGS.sampled)).length).toBeGreaterThanOrEqual(10)
    expect(rows.filter(({ outcome }) => outcome === 1)).toHaveLength(100)
    expect(rows.filter(({ type }) => type === TYPES['coalescing.started'].id)).toHaveLength(1)
    expect(rows.filter(({ type }) => type === TYPES['coalescing.ended'].id)).toHaveLength(1)
  })

  test(`of ${MILLION} attempts is counted exactly, in few rows, in memory that does not grow`, { timeout: 60_000 }, async () => {
    const file = temporaryFile()
    const clock = stillClock()
    const journal = await openForTest({ file, clock })
    const row = unknown(0)
    const print = Buffer.from(row.fingerprint.buffer)
    const heaps: number[] = []
    const answers = new Set<string>()
    const stored: EventRow[] = []
    for (let i = 1; i <= MILLION; i++) {
      print.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, 0)
      print.writeUInt32LE(Math.imul(i, 2_246_822_519) >>> 0, 4)
      row.occurredAt = clock.now()
      row.network = BigInt(i % 300)
      const answer = journal.append(row)
      if (i % 100 === 0) clock.move(1)
      if (i % 1000 === 0) answers.add(await answer)
      if (i % 50_000 === 0) stored.push(...(await ship(journal, file)))
      if (i % 100_000 === 0) heaps.push(heapInUse())
    }
    stored.push(...(await ship(journal, file)))
    expect([...answers]).toEqual(['journalled'])
    const attempts = stored.filter(({ type }) => type === 201)
    expect(decisions(attempts)).toBe(MILLION)
    expect(attempts.length).toBeLessThan(12_000)
    const { received, stored: plain, coalesced } = journal.conservation()
    expect(coalesced).toBe(decisions(attempts.filter(isCoalesced)))
    expect([received, plain]).toEqual([decisions(stored), decisions(stored) - coalesced])
    expect(imbalance(journal.conservation())).toBe(0)
    expect(Math.max(...heaps) - (heaps[0] ?? 0)).toBeLessThan(24 << 20)
  })

  test('from everywhere at once still ends in a bounded number of rows', async () => {
    const folds = createFolds(1)
    for (let i = 1; i <= 100_000; i++) folds.add(unknown(i, { network: BigInt(i) }), i)
    expect(folds.count).toBeLessThanOrEqual(16_384 + 1)
    const rows = folds.take()
    expect(decisions(rows)).toBe(100_000)
    expect(folds.count).toBe(0)
    const rest = rows.find(({ network }) => network === 0n)
    expect(rest?.count).toBe(100_000 - 16_384)
    expect(Math.abs((rest?.distinct ?? 0) / (100_000 - 16_384) - 1)).toBeLessThan(0.5)
  })
})

/** Events of floods: few networks, few reasons, two tenants, skewed fingerprints, a few seconds. */
const attempt = fc
  .record({
    tenant: fc.constantFrom(1, 2),
    network: fc.bigInt({ min: 0n, max: 3n }),
    ms: fc.nat({ max: 2500 }),
    no: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 60 })),
  })
  .map(({ tenant, network, ms, no }) => ({ no, row: unknown(no, { tenant, network, occurredAt: NOON + ms }) }))

describe('folding and merging', () => {
  test('keep every count, and what they say of fingerprints is never too much', () => {
    fc.assert(
      fc.property(fc.array(fc.array(attempt, { maxLength: 60 }), { maxLength: 6 }), (batches) => {
        const folds = createFolds(1)
        let seq = 0
        const deltas = batches.flatMap((batch) => {
          for (const { row } of batch) folds.add(row, ++seq)
          return folds.take()
        })
        const merged = mergeDeltas(deltas)
        expect(mergeDeltas(deltas)).toEqual(merged)
        const all = batches.flat()
        expect(decisions(merged)).toBe(all.length)
        for (const fold of merged) expectTruth(fold, all)
      }),
    )
  })

  test('other rows pass through a merge unchanged', () => {
    const rows = [accepted({ seq: 1 }), unknown(1, { seq: 2, flags: FLAGS.sampled })]
    expect(mergeDeltas(rows)).toEqual(rows)
  })

  test('the most frequent fingerprints of a skewed flood are found across batches', () => {
    const folds = createFolds(1)
    const deltas = Array.from({ length: 20 }, (_, batch) => {
      for (let i = 0; i < 500; i++) folds.add(unknown(i % 2 ? i % 3 : 1000 * batch + i), batch * 500 + i)
      return folds.take()
    }).flat()
    const [row] = mergeDeltas(deltas)
    expect(row?.count).toBe(10_000)
    expect(new Set([...topOf(row ?? accepted()).keys()].slice(0, 3))).toEqual(new Set([0, 1, 2].map(printOf)))
  })
})

function expectTruth(fold: EventRow, all: readonly { no: number; row: EventRow }[]): void {
  const second = Math.floor(fold.occurredAt / 1000)
  const own = all.filter(
    ({ row }) => row.tenant === fold.tenant && row.network === fold.network && Math.floor(row.occurredAt / 1000) === second,
  )
  expect(fold.count).toBe(own.length)
  const times = own.map(({ row }) => row.occurredAt)
  expect([fold.occurredAt, fold.occurredAt + fold.spanMs]).toEqual([Math.min(...times), Math.max(...times)])
  const counts = new Map<bigint, number>()
  for (const { no } of own) counts.set(printOf(no), (counts.get(printOf(no)) ?? 0) + 1)
  for (const [print, count] of topOf(fold)) expect(count).toBeLessThanOrEqual(counts.get(print) ?? 0)
  const isExact = counts.size <= 8
  const truth = isExact ? counts : new Map(topOf(fold))
  expect(topOf(fold)).toEqual(truth)
  expect(Math.abs(fold.distinct - counts.size)).toBeLessThanOrEqual(isExact ? 0 : 8 + counts.size * 0.6)
}
