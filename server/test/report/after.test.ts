import { expect, test } from 'vitest'
import { createTreeHash } from 'tokentrail/log'
import { LOG_CRYPTO } from '../../src/audit/crypto.ts'
import type { LogProof } from '../../src/audit/audit.ts'
import { seenProof } from '../../src/report/pack/after.ts'
import { madeNote, madeSigner } from '../../../test/whole/made-log.ts'

const WITNESS = madeSigner('witness.made', 'cosignature')
const tree = { size: 0, root: createTreeHash(LOG_CRYPTO.sha256).empty }

async function answers(...witnesses: readonly boolean[]): Promise<{ ask: () => Promise<LogProof | null>; asked: () => number }> {
  const notes = await Promise.all(witnesses.map((is) => madeNote(tree, is ? { witnesses: [WITNESS] } : {})))
  let asked = 0
  return {
    async ask() {
      const checkpoint = notes[Math.min(asked, notes.length - 1)] ?? ''
      asked += 1
      return { checkpoint } as LogProof
    },
    asked: () => asked,
  }
}

test('the proof of an export is asked for until a witness has signed its checkpoint', async () => {
  const { ask, asked } = await answers(false, false, true)
  const proof = await seenProof(ask, [WITNESS.key], 60_000)
  expect([asked(), proof?.checkpoint]).toEqual([3, expect.stringContaining('— witness.made ')])
})

test('without witnesses, and when they are silent, it is what there is', async () => {
  const [none, silent] = [await answers(false), await answers(false)]
  expect((await seenProof(none.ask, [], 60_000))?.checkpoint).not.toContain('witness')
  expect(await seenProof(silent.ask, [WITNESS.key], 0)).toMatchObject({ checkpoint: expect.stringContaining('tokentrail.made') })
  expect([none.asked(), silent.asked()]).toEqual([1, 1])
  expect(await seenProof(async () => null, [WITNESS.key], 60_000)).toBeNull()
})
