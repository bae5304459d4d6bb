import { describe, expect, test } from 'vitest'
import { madeEntry, madeNote, madeTree } from '../../test/whole/made-log.ts'
import { LOG_KEY, READER, WITNESS_KEY } from '../../test/whole/made-pack.ts'
import { nodeCrypto } from '../../test/whole/verify-zip.ts'
import {
  canonical,
  createTreeHash,
  formatProof,
  inclusionProof,
  rootOf,
  toBase64Url,
  utf8,
  type HashOfNode,
} from '../src/log/index.ts'
import { readTrust, ROW_PROOF, verifyEventProof, type Outcome, type Verification } from '../src/verify/index.ts'

const TREE = createTreeHash(nodeCrypto.sha256)
const ROWS = Array.from({ length: 5 }, (_, seq) =>
  canonical({ occurred_at: 1_795_392_000_000 + seq, outcome: 1, seq, tenant: 1, type: 120, writer: 1 }),
)
const ROW_LEAVES = ROWS.map((row) => TREE.leaf(utf8(row)))
const SIZE = 60
/** The place of the batch. */
const BATCH = 51

/** A log of which one entry may be another. */
function logWith(entry: Uint8Array, index: number): { root: Uint8Array; proof: readonly Uint8Array[] } {
  const leaves = [...madeTree(SIZE).leaves].with(index, TREE.leaf(entry))
  const hashOf: HashOfNode = ({ level, index: at }) => rootOf(TREE, leaves.slice(Number(at) << level, Number(at + 1n) << level))
  return { root: rootOf(TREE, leaves), proof: inclusionProof(TREE, index, SIZE, hashOf) }
}

/** The proof of an entry, with the root that was signed. */
async function proofOf(entry: Uint8Array, index: number): Promise<{ text: string; root: Uint8Array }> {
  const { root, proof } = logWith(entry, index)
  const checkpoint = await madeNote({ size: SIZE, root }, { witnesses: [WITNESS_KEY] })
  return { text: formatProof({ index, hashes: proof, checkpoint, extra: entry }), root }
}

/** The entry of the batch. */
function batchEntry(change: object = {}): Uint8Array {
  const made = JSON.parse(new TextDecoder().decode(madeEntry(BATCH)))
  const shown = { ...made.shown, rows: ROWS.length, root: toBase64Url(rootOf(TREE, ROW_LEAVES)) }
  return utf8(canonical({ ...made, shown, ...change }))
}

/** The proof of the second row, as JSON. */
async function rowProof(change: object = {}, batch: object = {}): Promise<string> {
  const hashOf: HashOfNode = ({ level, index: at }) =>
    rootOf(TREE, ROW_LEAVES.slice(Number(at) << level, Number(at + 1n) << level))
  const proof = {
    v: 1,
    format: ROW_PROOF,
    event: 'evt_1_1',
    row: ROWS[1],
    leaf: toBase64Url(ROW_LEAVES[1] ?? TREE.empty),
    index: 1,
    size: ROWS.length,
    path: inclusionProof(TREE, 1, ROWS.length, hashOf).map(toBase64Url),
    batch: (await proofOf(batchEntry(batch), BATCH)).text,
  }
  return JSON.stringify({ ...proof, ...change })
}

function verified(text: string, older: readonly string[] = [], keys = READER): Promise<Verification> {
  return verifyEventProof({ crypto: nodeCrypto, trust: readTrust(nodeCrypto, keys), text, older })
}

function outcome(found: Verification, check: Outcome['check']): Outcome | undefined {
  return found.outcomes.find((each) => each.check === check)
}

describe('the proof of an event', () => {
  test('holds, of an entry and of a row', async () => {
    for (const text of [(await proofOf(madeEntry(20), 20)).text, await rowProof()]) {
      const found = await verified(text)
      expect([found.isGood, found.outcomes.filter(({ state }) => state !== 'holds')]).toEqual([true, []])
    }
  })

  test('is compared with a checkpoint of its own size; of another one it is said that it was not', async () => {
    const { text, root } = await proofOf(madeEntry(20), 20)
    const same = await madeNote({ size: SIZE, root })
    const [rewritten, older] = [
      await madeNote({ size: SIZE, root: new Uint8Array(32) }),
      await madeNote({ size: 30, root: madeTree(30).root(30) }),
    ]
    expect(outcome(await verified(text, [same]), 'checkpoint')).toMatchObject({
      state: 'holds',
      says: expect.stringContaining('it continued the checkpoint that you hold'),
    })
    expect(outcome(await verified(text, [same, rewritten]), 'checkpoint')).toMatchObject({
      state: 'fails',
      says: expect.stringContaining('rewritten'),
    })
    const found = outcome(await verified(text, [older]), 'checkpoint')
    expect(found).toMatchObject({ state: 'cannot say', says: expect.stringContaining('1 could not be compared') })
    expect(found?.notes.join()).toMatch(/Not compared: your checkpoint of size 30, because the proof of an event shows no way/)
    expect((await verified(text, ['no note'])).isGood).toBe(false)
    expect((await verified(text, [same], LOG_KEY.vkey)).isGood).toBe(true)
  })

  test('of a row that is gone says what is proven and what is not, whatever event it names', async () => {
    for (const event of ['evt_1_1', 'evt_9_9']) {
      const found = await verified(await rowProof({ row: null, event }))
      const { state, says, notes } = outcome(found, 'form') ?? {}
      expect([found.isGood, state, says]).toEqual([
        true,
        'cannot say',
        'The proof is about row 2 of 5 in a batch of tenant t_0aaaaaaaaaaaaaaa, of which only the hash is left.',
      ])
      expect(notes?.join('\n')).toMatch(
        new RegExp(
          `^Proven: when this batch was signed, a row with this hash stood[^]*Not proven: that it was the event ${event}, what it said`,
        ),
      )
    }
    const other = await verified(await rowProof({ row: null, leaf: toBase64Url(ROW_LEAVES[2] ?? TREE.empty) }))
    expect(outcome(other, 'inclusion')?.state).toBe('holds')
    expect([other.isGood, other.outcomes.at(-1)?.state]).toEqual([false, 'fails'])
  })

  test('of which any member is null, absent or of another kind is refused, and nothing is thrown', async () => {
    const proof = JSON.parse(await rowProof()) as Record<string, unknown>
    const good: unknown[] = []
    for (const name of Object.keys(proof))
      for (const other of [undefined, null, true, -1, 1.5, 1e21, '', 'x', [], [null], {}, { a: null }]) {
        if (name === 'row' && other === null) continue // a row that is gone; see below
        if ((await verified(JSON.stringify({ ...proof, [name]: other }))).isGood) good.push([name, other])
      }
    for (const text of ['null', '1', '[]', '{', '{}', `{"format":"${ROW_PROOF}"}`, 'c2sp.org/tlog-proof@v1', ''])
      if ((await verified(text)).isGood) good.push(text)
    expect(good).toEqual([])
  })

  test('whose entry lacks something is refused, though it stands in the log', async () => {
    const made = JSON.parse(new TextDecoder().decode(madeEntry(20))) as Record<string, unknown>
    const good: unknown[] = []
    for (const other of [null, true, 1, 'x', [], {}])
      for (const name of ['at', 'event', 'tenant', 'type', 'v']) {
        if (name !== 'v' && other === 'x') continue
        const entry = utf8(canonical({ ...made, [name]: other }))
        if ((await verified((await proofOf(entry, 20)).text)).isGood && !(name === 'v' && other === 1)) good.push([name, other])
      }
    for (const shown of [null, true, [], {}, { rows: null, root: null }, { rows: 5 }])
      if ((await verified(await rowProof({}, { shown }))).isGood) good.push(shown)
    expect(good).toEqual([])
  })
})
