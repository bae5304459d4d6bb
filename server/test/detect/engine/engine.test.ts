import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readCheckpoint, writeCheckpoint } from '../../../src/detect/checkpoint.ts'
import { createEngine } from '../../../src/detect/engine.ts'
import type { Found } from '../../../src/detect/finding.ts'
import { accepted, SMALL, spoke, START } from '../entity/events.ts'
import { batchesOf, fortnight } from './traffic.ts'

const batches = batchesOf(fortnight(), 200)
const newEngine = () => createEngine({ limits: SMALL })
let whole: readonly Found[]

beforeAll(() => {
  const engine = newEngine()
  whole = batches.flatMap(({ events, receivedAt }) => engine.take(events, receivedAt))
})

/** More tokens than a small table holds. */
const manyTokens = () => Array.from({ length: 3000 }, (_, i) => accepted({ at: START, tokenNo: 1 + i }))

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tokentrail-detect-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describe('the engine', () => {
  test('finds each planted attack and nothing before the first', () => {
    const first = Math.min(
      ...batches.flatMap(({ events }) => events.filter(({ outcome }) => outcome === 2)).map(({ occurredAt }) => occurredAt),
    )
    expect(whole.filter(({ detectedAt }) => detectedAt < first)).toEqual([])
    expect(spoke(whole)).toEqual(
      expect.arrayContaining([
        'canary',
        'guess-then-hit',
        'guessing',
        'many-networks',
        'new-network',
        'replay',
        'scope-probing',
        'spraying',
        'use-after-end',
      ]),
    )
  })

  test('gives the same findings for the same events', () => {
    const engine = newEngine()
    expect(batches.flatMap(({ events, receivedAt }) => engine.take(events, receivedAt))).toEqual(whole)
  })

  test('stopped anywhere, written down, and taken up by another engine, it goes on as if nothing had been', () => {
    const path = join(folder(), 'checkpoint')
    fc.assert(
      fc.property(fc.nat(batches.length), (at) => {
        const before = newEngine()
        const found = batches.slice(0, at).flatMap(({ events, receivedAt }) => before.take(events, receivedAt))
        writeCheckpoint(path, { position: at, receivedAt: 5, state: before.snapshot() })
        const saved = readCheckpoint(path)
        const after = newEngine()
        after.restore(saved?.state)
        found.push(...batches.slice(at).flatMap(({ events, receivedAt }) => after.take(events, receivedAt)))
        expect(saved).toMatchObject({ position: at, receivedAt: 5 })
        expect(found).toEqual(whole)
      }),
      { numRuns: 3 },
    )
  })

  test('tells every tenant of what was not looked at', () => {
    const engine = newEngine()
    engine.take(batches[0]?.events ?? [], 0)
    expect(engine.missed({ from: 1, to: 2, count: 20_000, reason: 'why' })).toMatchObject([
      {
        tenant: 1,
        detector: 'blind',
        severity: 'high',
        facts: { count: { value: 20_000 }, since: { value: 1 }, until: { value: 2 }, reason: { value: 'why' } },
      },
    ])
  })
})

describe('a checkpoint', () => {
  test('that is not there, cut, changed by a bit, or of another program is none', () => {
    const path = join(folder(), 'checkpoint')
    expect(readCheckpoint(path)).toBeUndefined()
    writeCheckpoint(path, {
      position: 3,
      receivedAt: 4,
      state: { rows: new Uint8Array(10_000).fill(7), few: Uint8Array.of(1), map: new Map([[1, 2n]]) },
    })
    expect(readCheckpoint(path)).toEqual({
      position: 3,
      receivedAt: 4,
      state: { rows: Buffer.alloc(10_000, 7), few: Uint8Array.of(1), map: new Map([[1, 2n]]) },
    })
    const bytes = readFileSync(path)
    for (const damaged of [
      bytes.subarray(0, -1),
      bytes.subarray(0, 20),
      Buffer.from('TTDETECT'),
      Buffer.from(bytes).fill(8, 5000, 5001),
      Buffer.alloc(0),
    ]) {
      writeFileSync(path, damaged)
      expect(readCheckpoint(path)).toBeUndefined()
    }
  })

  test('of an engine with other limits is refused', () => {
    const engine = newEngine()
    expect(() =>
      engine.restore(structuredClone(createEngine({ limits: { ...SMALL, tokensMax: 4096 } }).snapshot())),
    ).not.toThrow()
    const filled = createEngine({ limits: { ...SMALL, tokensMax: 4096 } })
    filled.take(manyTokens(), 0)
    expect(() => engine.restore(structuredClone(filled.snapshot()))).toThrow(RangeError)
  })
})
