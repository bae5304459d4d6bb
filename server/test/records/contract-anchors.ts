import { formatNote } from 'tokentrail/log'
import { describe, expect, test } from 'vitest'
import type { Open } from './contract.ts'

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 10, 23, 12)

function noteOf(size: number, ...names: readonly string[]): string {
  return formatNote({
    text: `log.example\n${String(size)}\nroot\n`,
    signatures: names.map((name) => ({ name, id: 1, bytes: new Uint8Array(72) })),
  })
}

/** What both databases promise about cosigned checkpoints and marks of anchors. */
export function describeAnchors(open: Open): void {
  describe('anchors', () => {
    test('cosignatures of one checkpoint come together, in whatever order and however often', async () => {
      const { act, read } = open()
      const shard = 'together'
      await act('keepCosigned', { shard, size: 5, note: noteOf(5, 'log', 'w1'), at: NOON })
      const merged = await act('keepCosigned', { shard, size: 5, note: noteOf(5, 'log', 'w2'), at: NOON + 1 })
      expect(merged).toBe(noteOf(5, 'log', 'w1', 'w2'))
      expect(await act('keepCosigned', { shard, size: 5, note: noteOf(5, 'log', 'w1'), at: NOON + 2 })).toBe(merged)
      expect(await read.cosignedFor(shard, 1)).toEqual({ shard, size: 5, note: merged, at: NOON + 2 })
      expect(await read.cosignedFor(shard, 6)).toBeNull()
      expect(await read.cosignedFor('another', 1)).toBeNull()
    })

    test('the smallest that covers an entry is found, and the newest', async () => {
      const { act, read } = open()
      const shard = 'sizes'
      for (const size of [10, 20, 30]) await act('keepCosigned', { shard, size, note: noteOf(size, 'log'), at: NOON })
      expect((await read.cosignedFor(shard, 11))?.size).toBe(20)
      expect((await read.newestCosigned(shard))?.size).toBe(30)
    })

    test('after a day one of each hour stays, the largest', async () => {
      const { act, read } = open()
      const shard = 'hours'
      for (let at = 0; at < 3; at++) {
        for (let part = 1; part <= 3; part++)
          await act('keepCosigned', { shard, size: at * 10 + part, note: noteOf(part, 'log'), at: NOON + at * HOUR + part })
      }
      for (const hours of [25, 26, 27])
        await act('keepCosigned', { shard, size: 1000 + hours, note: noteOf(1, 'log'), at: NOON + hours * HOUR })
      expect((await read.cosignedFor(shard, 1))?.size).toBe(3)
      expect((await read.cosignedFor(shard, 4))?.size).toBe(13)
      expect((await read.cosignedFor(shard, 14))?.size).toBe(23)
      expect((await read.cosignedFor(shard, 24))?.size).toBe(1025)
    })

    test('a mark says how far an anchor is', async () => {
      const { act, read } = open()
      await act('markAnchor', { name: 'w1', shard: '2026', size: 5, at: NOON })
      await act('markAnchor', { name: 'disk', shard: '2026', size: 7, at: NOON })
      await act('markAnchor', { name: 'w1', shard: '2026-2', size: 1, at: NOON + 1 })
      expect(await read.anchorMarks()).toEqual([
        { name: 'disk', shard: '2026', size: 7, at: NOON },
        { name: 'w1', shard: '2026-2', size: 1, at: NOON + 1 },
      ])
    })
  })
}
