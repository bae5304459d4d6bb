import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalBytes, formatBundle, parseBundle } from 'tokentrail/log'
import { readTrust, type Outcome, type Verification } from 'tokentrail/verify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LOG_CRYPTO, TREE } from '../../../src/audit/crypto.ts'
import { verifyLog } from '../../../src/audit/verify/verify-log.ts'
import { drawFrom, restore, WAYS, type Target, type WayName } from '../../../../test/whole/log-mutants.ts'
import { madeEntry, madeNote, madeSigner, makeLog, ORIGIN, plainEntry } from '../../../../test/whole/made-log.ts'
import { hasGo, openIndependent, type Independent } from './independent.ts'

const LOG_KEY = madeSigner(ORIGIN)
const WITNESS = madeSigner('witness.made', 'cosignature')
const TRUST = readTrust(LOG_CRYPTO, LOG_KEY.vkey)
const root = mkdtempSync(join(tmpdir(), 'tokentrail-verify-'))
const go: Independent | undefined = hasGo() ? openIndependent(['-key', LOG_KEY.vkey]) : undefined
afterAll(() => {
  go?.close()
  rmSync(root, { recursive: true, force: true })
})

function outcome(found: Verification, check: Outcome['check']): Outcome | undefined {
  return found.outcomes.find((each) => each.check === check)
}

describe('a log of any size verifies, by us and by an independent program', () => {
  test.each([0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_537])('%i', async (size) => {
    const directory = join(root, `size-${size}`)
    await makeLog(directory, size, { entry: plainEntry })
    const found = await verifyLog({ directory, trust: TRUST, older: [] })
    expect(found.outcomes.filter(({ state }) => state === 'fails')).toEqual([])
    expect(found.isGood).toBe(true)
    expect((await go?.ask(directory)) ?? `ok without go: size ${size}, `).toMatch(new RegExp(`^ok .*: size ${size}, `))
    rmSync(directory, { recursive: true })
  })
})

describe('a log that was tampered with', () => {
  const SIZE = 1500
  let target: Target

  beforeAll(async () => {
    const directory = join(root, 'target')
    const notes = new Map<number, string>()
    const roots = new Map<number, Uint8Array>()
    await makeLog(directory, SIZE, { onRoot: (size, hash) => void roots.set(size, hash) })
    for (const [size, hash] of roots) notes.set(size, await madeNote({ size, root: hash }))
    target = { directory, size: SIZE, notes }
  })

  const verified = (o: { older?: readonly string[] } = {}): Promise<Verification> =>
    verifyLog({ directory: target.directory, trust: TRUST, older: o.older ?? [target.notes.get(SIZE) ?? ''] })

  test('holds as long as nobody does', async () => {
    expect((await verified()).isGood).toBe(true)
    expect((await go?.ask(target.directory)) ?? 'ok without go').toMatch(/^ok/)
  })

  test.each(Object.keys(WAYS) as WayName[])('by way of "%s" is refused, and the first wrong leaf is named', async (way) => {
    const draw = drawFrom(Object.keys(WAYS).indexOf(way) + 1)
    for (let round = 0; round < 15; round++) {
      const mutant = await WAYS[way](target, draw)
      const found = await verified()
      const answer = go && mutant.way !== 'roll back' ? await go.ask(target.directory) : 'BAD'
      restore(target, mutant)
      const named = found.outcomes.filter(({ state }) => state === 'fails').map(({ first }) => first?.index)
      expect([mutant, found.isGood, named]).toEqual([mutant, false, expect.arrayContaining([mutant.index])])
      expect([mutant, answer]).toEqual([mutant, expect.stringMatching(/^BAD/)])
    }
  })

  test('an entry that is rewritten together with its leaf hash is refused, for the hash above them is another', async () => {
    const file = join(target.directory, 'tile/entries/002')
    const tile = join(target.directory, 'tile/0/002')
    const [bundle, hashes] = [readFileSync(file), readFileSync(tile)]
    const entries = parseBundle(bundle)
    const forged = Buffer.from(entries[7] ?? []).map((byte, at) => (at === 30 ? byte ^ 1 : byte))
    writeFileSync(file, formatBundle(entries.with(7, forged)))
    writeFileSync(tile, Buffer.concat([hashes.subarray(0, 224), TREE.leaf(forged), hashes.subarray(256)]))
    const [found, answer] = [await verified(), (await go?.ask(target.directory)) ?? 'BAD without go']
    writeFileSync(file, bundle)
    writeFileSync(tile, hashes)
    expect(outcome(found, 'inclusion')).toMatchObject({ state: 'fails', first: { index: 512, file: 'tile/entries/002' } })
    expect(answer).toMatch(/^BAD/)
  })

  test('a verifier that does not look at the tree misses what this one finds', async () => {
    const mutant = WAYS['flip in a tile'](target, drawFrom(7))
    const found = await verified()
    restore(target, mutant)
    expect(found.outcomes.filter(({ check, state }) => state === 'fails' && check !== 'inclusion')).toEqual([])
    expect(outcome(found, 'inclusion')?.state).toBe('fails')
  })

  test('a verifier without a newer checkpoint cannot see that the log was rolled back', async () => {
    const mutant = WAYS['roll back'](target, drawFrom(3))
    const [blind, seeing] = [await verified({ older: [] }), await verified()]
    restore(target, mutant)
    expect([blind.isGood, seeing.isGood]).toEqual([true, false])
    expect(outcome(seeing, 'checkpoint')?.says).toContain('rolled back')
  })
})

describe('what the log was', () => {
  test('an insider who rewrites everything and signs it again is seen by whoever kept a checkpoint', async () => {
    const [honest, forged] = [join(root, 'honest'), join(root, 'forged')]
    const kept = new Map<number, Uint8Array>()
    await makeLog(honest, 900, { onRoot: (size, hash) => void kept.set(size, hash) })
    await makeLog(forged, 1000, {
      entry: (index) =>
        index === 300
          ? canonicalBytes({ ...JSON.parse(Buffer.from(madeEntry(300)).toString()), reason: 'expired' })
          : madeEntry(index),
    })
    const older = await Promise.all([...kept].map(([size, hash]) => madeNote({ size, root: hash })))
    const found = await verifyLog({ directory: forged, trust: TRUST, older })
    expect(outcome(found, 'inclusion')?.state).toBe('holds')
    expect(outcome(found, 'checkpoint')).toMatchObject({ state: 'fails', first: { index: 256 } })
    expect((await verifyLog({ directory: forged, trust: TRUST, older: [] })).isGood).toBe(true)
  })

  test('an older checkpoint of another key or another log is no help', async () => {
    const directory = join(root, 'older')
    await makeLog(directory, 300)
    const strange = await madeNote({ size: 100, root: new Uint8Array(32) }, { signer: madeSigner('somebody') }).catch(
      () => 'no note',
    )
    const found = await verifyLog({ directory, trust: TRUST, older: [strange] })
    expect(outcome(found, 'checkpoint')?.state).toBe('fails')
  })

  test('a partial tile that has become full since is read as far as the checkpoint goes', async () => {
    const directory = join(root, 'grown')
    await makeLog(directory, 700)
    const small = await makeLog(join(root, 'small'), 600)
    const large = await makeLog(directory, 1024)
    for (const level of ['0', 'entries']) rmSync(join(directory, `tile/${level}/002.p`), { recursive: true })
    writeFileSync(join(directory, 'checkpoint'), small)
    const found = await verifyLog({ directory, trust: TRUST, older: [] })
    expect([found.isGood, (await go?.ask(directory)) ?? 'ok without go']).toEqual([true, expect.stringMatching(/^ok/)])
    expect((await verifyLog({ directory, trust: TRUST, older: [large] })).isGood).toBe(false)
  })
})

test('partial tiles that stay behind must be the begin of what the tile is now', async () => {
  const [directory, earlier] = [join(root, 'stays'), join(root, 'earlier')]
  await makeLog(earlier, 600)
  await makeLog(directory, 1100)
  cpSync(join(earlier, 'tile'), join(directory, 'tile'), { recursive: true })
  expect((await verifyLog({ directory, trust: TRUST, older: [] })).isGood).toBe(true)
  for (const [file, at, index] of [
    ['tile/0/002.p/88', 70, 514],
    ['tile/entries/002.p/88', 5, 512],
    ['tile/1/000.p/2', 40, 256],
  ] as const) {
    const bytes = readFileSync(join(directory, file))
    writeFileSync(join(directory, file), bytes.with(at, (bytes[at] ?? 0) ^ 1))
    const found = await verifyLog({ directory, trust: TRUST, older: [] })
    writeFileSync(join(directory, file), bytes)
    expect(outcome(found, 'inclusion')).toMatchObject({ state: 'fails', first: { file, index } })
  }
})

describe('trust', () => {
  const directory = join(root, 'trust')
  beforeAll(() => makeLog(directory, 40, { witnesses: [WITNESS] }))

  test('a log whose key nobody brought is not good, whatever lies beside it', async () => {
    writeFileSync(join(directory, 'log.vkey'), `${LOG_KEY.vkey}\n`)
    const found = await verifyLog({ directory, trust: undefined, older: [] })
    expect(found.isGood).toBe(false)
    expect(outcome(found, 'trust')).toMatchObject({ state: 'cannot say', notes: expect.arrayContaining([`log ${LOG_KEY.vkey}`]) })
    expect(outcome(found, 'inclusion')?.state).toBe('holds')
  })

  test('a quorum of witnesses that is asked for must be met', async () => {
    const under = (keys: readonly string[]) => verifyLog({ directory, trust: readTrust(LOG_CRYPTO, keys.join('\n')), older: [] })
    const other = madeSigner('other.made', 'cosignature')
    expect((await under([LOG_KEY.vkey, WITNESS.vkey])).isGood).toBe(true)
    expect((await under([LOG_KEY.vkey, other.vkey])).isGood).toBe(false)
    expect((await under([LOG_KEY.vkey, WITNESS.vkey, other.vkey])).isGood).toBe(false)
    expect((await under([madeSigner('another.made').vkey])).isGood).toBe(false)
  })

  test('an independent program asks for the same cosignatures', async () => {
    const ask = async (vkey: string): Promise<string> => {
      const program = go && openIndependent(['-key', LOG_KEY.vkey, '-witness', vkey])
      const answer = await program?.ask(directory)
      program?.close()
      return answer ?? (vkey === WITNESS.vkey ? 'ok without go' : 'BAD without go')
    }
    expect(await ask(WITNESS.vkey)).toMatch(/^ok/)
    expect(await ask(madeSigner('other.made', 'cosignature').vkey)).toMatch(/^BAD/)
  })
})

describe('completeness and form', () => {
  const entryOf = (index: number): Record<string, unknown> => JSON.parse(Buffer.from(plainEntry(index)).toString())

  test.each([
    [
      'a number that is left out',
      (index: number) =>
        index >= 50 && index % 3 === 2 ? { ...entryOf(index), n: Number(entryOf(index)['n']) + 1 } : entryOf(index),
      50,
      'goes on with',
    ],
    [
      'a batch that does not continue',
      (index: number) =>
        index === 151 ? { ...entryOf(index), shown: { ...(entryOf(index)['shown'] as object), rowsTotal: 99 } } : entryOf(index),
      151,
      'do not continue',
    ],
    ['an entry without a number', (index: number) => (index === 70 ? { hello: 'world' } : entryOf(index)), 70, 'no entry'],
  ])('%s is found in a log that is signed and whole', async (name, entry, index, words) => {
    const directory = join(root, name)
    await makeLog(directory, 400, { entry: (at) => canonicalBytes(entry(at)) })
    const found = await verifyLog({ directory, trust: TRUST, older: [] })
    expect(outcome(found, 'inclusion')?.state).toBe('holds')
    expect(outcome(found, 'completeness')).toMatchObject({
      state: 'fails',
      first: { index },
      says: expect.stringContaining(words),
    })
  })

  test('an entry that is not canonical is named', async () => {
    const directory = join(root, 'loose')
    await makeLog(directory, 300, {
      entry: (at) => (at === 299 ? Buffer.from(JSON.stringify({ v: 1, ...entryOf(at) })) : plainEntry(at)),
    })
    expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).toContain('300')
    expect(outcome(await verifyLog({ directory, trust: TRUST, older: [] }), 'form')).toMatchObject({
      state: 'fails',
      first: { index: 299 },
    })
  })

  test('silence between heartbeats is listed', async () => {
    const directory = join(root, 'silent')
    const late = (at: number) =>
      at < 6000
        ? plainEntry(at)
        : canonicalBytes({ ...entryOf(at), at: new Date(Date.parse(String(entryOf(at)['at'])) + 3_600_000).toISOString() })
    await makeLog(directory, 6100, { entry: late })
    const found = outcome(await verifyLog({ directory, trust: TRUST, older: [] }), 'completeness')
    expect(found?.state).toBe('holds')
    expect(found?.notes.join('\n')).toMatch(/1 times no heartbeat[^]*Silent for 3,660 s/)
  })

  test('the same log says the same, however many threads read it', async () => {
    const directory = join(root, 'threads')
    const broken = (at: number) => (at === 66_000 ? canonicalBytes({ ...entryOf(at), n: 1 }) : plainEntry(at))
    await makeLog(directory, 66_100, { entry: broken })
    const [one, two] = [
      await verifyLog({ directory, trust: TRUST, older: [], threads: 1 }),
      await verifyLog({ directory, trust: TRUST, older: [], threads: 2 }),
    ]
    expect(one).toEqual(two)
    expect(outcome(one, 'completeness')).toMatchObject({ state: 'fails', first: { index: 66_000 } })
  })
})
