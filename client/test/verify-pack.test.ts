import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { madeNote, madeSigner, madeTree } from '../../test/whole/made-log.ts'
import {
  folderOf,
  jws,
  LOG_KEY,
  makePack,
  READER,
  REPORT_KEY,
  TENANTS,
  WITNESS_KEY,
  zipOf,
  type MadePack,
} from '../../test/whole/made-pack.ts'
import { nodeCrypto, sha256Stream, verifyZip } from '../../test/whole/verify-zip.ts'
import { canonical, toBase64Url, utf8, WIDE_PROFILE } from '../src/log/index.ts'
import {
  PACK_FILES,
  readTrust,
  verifyPack,
  type CheckName,
  type Outcome,
  type PackManifest,
  type Verification,
} from '../src/verify/index.ts'

const RANGE: MadePack = { scope: 'range', first: 30, last: 130 }
const OWN: MadePack = { scope: 'tenant', first: 30, last: 130, tenant: TENANTS[2] }
/** The smallest one with a batch, rows and disclosures. */
const TINY: MadePack = { scope: 'range', first: 50, last: 54 }

async function verified(
  files: ReadonlyMap<string, Uint8Array>,
  o: { readonly keys?: string | null; readonly older?: readonly string[]; readonly now?: string } = {},
): Promise<Verification> {
  const keys = o.keys === undefined ? READER : o.keys
  const trust = keys === null ? undefined : readTrust(nodeCrypto, keys)
  const now = Date.parse(o.now ?? '2026-12-01')
  return verifyPack({ folder: folderOf(files), trust, older: o.older ?? [], crypto: nodeCrypto, sha256Stream, now })
}

function states(found: Verification): Partial<Record<CheckName, string>> {
  return Object.fromEntries(found.outcomes.map(({ check, state }) => [check, state]))
}

function outcome(found: Verification, check: CheckName): Outcome | undefined {
  return found.outcomes.find((each) => each.check === check)
}

function told(found: Verification): string {
  return found.outcomes.flatMap(({ says, notes }) => [says, ...notes]).join('\n')
}

const ALL_HOLD = {
  trust: 'holds',
  manifest: 'holds',
  checkpoint: 'holds',
  inclusion: 'holds',
  form: 'holds',
  completeness: 'holds',
  disclosure: 'holds',
  figures: 'holds',
}

describe('a pack that nobody touched', () => {
  test.each([
    ['of the whole range', RANGE],
    ['from the begin of the log', { ...RANGE, first: 0 }],
    ['across a heartbeat', { ...RANGE, first: 5990, last: 6060 }],
    ['of one tenant', { ...OWN, last: 152 }],
    ['of very little', TINY],
  ])('%s holds in every respect', async (_, o) => {
    const found = await verified(await makePack(o))
    expect(found.outcomes.filter(({ state }) => state !== 'holds')).toEqual([])
    expect([states(found), found.isGood]).toEqual([ALL_HOLD, true])
  })

  test('of picked entries claims nothing about what stands between them', async () => {
    const found = await verified(await makePack({ ...RANGE, scope: 'selection' }))
    expect(states(found)).toEqual({ ...ALL_HOLD, completeness: 'cannot say' })
    expect(found.isGood).toBe(true)
  })

  test('of one tenant tells of the others only how many there are', async () => {
    const files = await makePack(OWN)
    const text = Buffer.concat([...files.values()]).toString('latin1')
    expect([text.includes(TENANTS[2]), text.includes(TENANTS[0]), text.includes(TENANTS[1])]).toEqual([true, false, false])
    expect(told(await verified(files))).toMatch(
      /They go from 11 to 43\. .* the pack before must end with 10, the next one must begin with 44\./,
    )
  })

  test('is as good from a zip', async () => {
    expect((await verifyZip(await zipOf(await makePack(RANGE)), READER)).isGood).toBe(true)
  })

  test('without proofs is a signed report, and says that it proves no more', async () => {
    const files = await makePack({
      ...RANGE,
      bare: true,
      change: (each) => [...each.keys()].forEach((name) => name !== 'report.csv' && each.delete(name)),
      manifest: (manifest) => ({ ...manifest, log: null, questions: [] }),
    })
    const found = await verified(files, { keys: `${LOG_KEY.vkey}\nreport ${REPORT_KEY.vkey}` })
    expect([found.isGood, states(found)]).toEqual([
      true,
      { ...Object.fromEntries(Object.keys(ALL_HOLD).map((check) => [check, 'cannot say'])), trust: 'holds', manifest: 'holds' },
    ])
    expect((await verified(files, { keys: LOG_KEY.vkey })).isGood).toBe(false)
  })
})

describe('whom the reader trusts', () => {
  test('nobody: the pack agrees with itself, and that is not good', async () => {
    const found = await verified(await makePack(RANGE), { keys: null })
    expect([found.isGood, states(found)]).toEqual([false, { ...ALL_HOLD, trust: 'cannot say' }])
    expect(outcome(found, 'trust')?.notes).toContain(`log ${LOG_KEY.vkey}`)
  })

  test('another log: refused', async () => {
    const found = await verified(await makePack(RANGE), { keys: madeSigner('another.log').vkey })
    expect([states(found).trust, states(found).checkpoint]).toEqual(['fails', 'fails'])
  })

  test('a key of the same name that is not the same: refused', async () => {
    const impostor = madeSigner('tokentrail.made/2026', 'cosignature').vkey
    expect((await verified(await makePack(RANGE), { keys: `witness w ${impostor}\nquorum w` })).isGood).toBe(false)
  })

  test('a witness that did not sign: refused', async () => {
    const found = await verified(await makePack(RANGE), { keys: `${LOG_KEY.vkey}\n${madeSigner('w2', 'cosignature').vkey}` })
    expect(outcome(found, 'checkpoint')).toMatchObject({ state: 'fails', first: { file: PACK_FILES.lastCheckpoint } })
  })

  test('a log but no report key: the log itself vouches for the report, or nobody does', async () => {
    const keys = `${LOG_KEY.vkey}\n${WITNESS_KEY.vkey}`
    expect((await verified(await makePack(RANGE), { keys })).isGood).toBe(true)
    const bare = await verified(await makePack({ ...RANGE, bare: true }), { keys })
    expect([bare.isGood, states(bare).manifest]).toEqual([false, 'cannot say'])
    expect((await verified(await makePack({ ...RANGE, bare: true }))).isGood).toBe(true)
  })

  test('an entry of the export that no witness of theirs has seen vouches for nothing', async () => {
    const files = await makePack({ ...RANGE, unseen: true })
    const found = await verified(files, { keys: `${LOG_KEY.vkey}\n${WITNESS_KEY.vkey}` })
    expect([found.isGood, outcome(found, 'manifest')]).toEqual([
      false,
      expect.objectContaining({
        state: 'cannot say',
        says: expect.stringMatching(/under a checkpoint that your witnesses have not signed: The quorum all-given is not met/),
      }),
    ])
    const byKey = await verified(files)
    expect([byKey.isGood, told(byKey)]).toEqual([true, expect.stringMatching(/Not counted: entry 130 of the log holds/)])
    expect((await verified(files, { keys: LOG_KEY.vkey })).isGood).toBe(true)
  })
})

describe('an older checkpoint that the reader kept', () => {
  const tree = madeTree(130)
  test('of a size that the entries reach is compared', async () => {
    const files = await makePack(RANGE)
    const good = await madeNote({ size: 100, root: tree.root(100) })
    const bad = await madeNote({ size: 100, root: tree.root(99) })
    expect(told(await verified(files, { older: [good] }))).toContain('The log continued your checkpoint of size 100')
    expect(outcome(await verified(files, { older: [good, bad] }), 'checkpoint')).toMatchObject({
      state: 'fails',
      says: expect.stringContaining('rewritten'),
    })
  })

  test('inside a gap, or beyond the pack, is not counted as compared, and it is said why', async () => {
    const files = await makePack(RANGE)
    const [inside, beyond] = [
      await madeNote({ size: 7, root: tree.root(7) }),
      await madeNote({ size: 500, root: tree.root(130) }),
    ]
    const found = await verified(files, { older: [inside, beyond, await madeNote({ size: 100, root: tree.root(100) })] })
    expect(outcome(found, 'checkpoint')).toMatchObject({
      state: 'cannot say',
      says: expect.stringContaining('Of 3 checkpoints that you hold 2 could not be compared with it.'),
    })
    expect(told(found)).toMatch(/Not compared: your checkpoint of size 7, because a gap crosses that size\./)
    expect(told(found)).toMatch(/Not compared: your checkpoint of size 500, which is newer than this pack of 130 entries\./)
    expect(told(found)).toMatch(/The log continued your checkpoint of size 100\./)
    expect(outcome(await verified(files, { older: [inside] }), 'checkpoint')?.state).toBe('cannot say')
  })

  test('of the size at which the log held the export is compared with that', async () => {
    const files = await makePack(RANGE)
    const [, note = ''] = /\n\n([^]*)/.exec(Buffer.from(files.get(PACK_FILES.afterProof) ?? []).toString()) ?? []
    const bad = await madeNote({ size: 131, root: tree.root(130) })
    expect(outcome(await verified(files, { older: [note] }), 'checkpoint')).toMatchObject({
      state: 'holds',
      says: expect.stringContaining('it continued the checkpoint that you hold'),
    })
    expect(outcome(await verified(files, { older: [bad] }), 'checkpoint')?.state).toBe('fails')
  })

  test('of somebody else is refused', async () => {
    const strange = await madeNote({ size: 100, root: tree.root(100) }, { signer: { ...madeSigner('x'), key: LOG_KEY.key } })
    expect(states(await verified(await makePack(RANGE), { older: [strange] })).checkpoint).toBe('fails')
  })
})

/** Made by somebody who holds the report key and signs whatever he likes, but not the log's key. */
describe('a pack that its maker forged is refused, though its manifest is in order', () => {
  const lines = (bytes: Uint8Array | undefined): string[] =>
    Buffer.from(bytes ?? [])
      .toString()
      .split('\n')
      .slice(0, -1)
  const joined = (all: readonly string[]): Uint8Array => utf8(all.map((line) => `${line}\n`).join(''))
  const changed = (name: string, how: (all: string[]) => string[]) => (files: Map<string, Uint8Array>) =>
    void files.set(name, joined(how(lines(files.get(name)))))

  test.each<[string, CheckName, MadePack, object]>([
    [
      'an entry is changed',
      'inclusion',
      { ...RANGE, change: changed(PACK_FILES.entries, (all) => all.with(9, (all[9] ?? '').replace('issued', 'changed'))) },
      { index: 39, file: PACK_FILES.entries },
    ],
    [
      'two entries change places',
      'inclusion',
      { ...RANGE, change: changed(PACK_FILES.entries, (all) => all.with(9, all[12] ?? '').with(12, all[9] ?? '')) },
      { index: 39 },
    ],
    [
      'a gap is changed',
      'inclusion',
      {
        ...RANGE,
        change: changed(PACK_FILES.gaps, (all) =>
          all.with(0, (all[0] ?? '').replace(/"[\w-]{43}"/, `"${toBase64Url(new Uint8Array(32))}"`)),
        ),
      },
      { file: PACK_FILES.gaps },
    ],
    [
      'a gap is one longer',
      'inclusion',
      { ...RANGE, change: changed(PACK_FILES.gaps, (all) => all.with(0, (all[0] ?? '').replace('"to":30', '"to":31'))) },
      {},
    ],
    ['an entry is left out, and its hash put in', 'completeness', withoutEntry(RANGE, 60), { index: 30 }],
    ["a tenant's entry is left out, and its hash put in", 'completeness', withoutEntry({ ...OWN, last: 152 }, 62), { index: 65 }],
    [
      'a value is another',
      'disclosure',
      {
        ...RANGE,
        change: changed(PACK_FILES.disclosures, (all) => all.with(3, (all[3] ?? '').replace(/"value":"owner/, '"value":"Owner'))),
      },
      { file: PACK_FILES.disclosures },
    ],
    [
      'a value is about no entry',
      'disclosure',
      { ...RANGE, change: changed(PACK_FILES.disclosures, (all) => all.with(3, (all[3] ?? '').replace('evt_1_', 'evt_9_'))) },
      { file: PACK_FILES.disclosures },
    ],
    [
      'a row is changed',
      'inclusion',
      { ...RANGE, change: changed(PACK_FILES.rows, (all) => all.with(2, (all[2] ?? '').replace('"outcome":1', '"outcome":2'))) },
      { file: PACK_FILES.rows },
    ],
    [
      'a row is left out',
      'inclusion',
      { ...RANGE, change: changed(PACK_FILES.rows, (all) => all.slice(1)) },
      { file: PACK_FILES.rows },
    ],
    [
      'a row too many',
      'inclusion',
      { ...RANGE, change: changed(PACK_FILES.rows, (all) => [...all, all[0] ?? '']) },
      { file: PACK_FILES.rows },
    ],
    [
      'rows of a batch that is not here',
      'inclusion',
      { ...RANGE, change: changed(PACK_FILES.rowProofs, (all) => all.with(0, '{"batch":77}')) },
      { file: PACK_FILES.rowProofs },
    ],
    [
      'a figure is higher',
      'figures',
      { ...RANGE, manifest: (manifest) => withFigure(manifest, 1) },
      { file: PACK_FILES.manifest },
    ],
    [
      "the checkpoint is another log's",
      'checkpoint',
      { ...RANGE, manifest: (manifest) => ({ ...manifest, log: manifest.log && { ...manifest.log, origin: 'elsewhere' } }) },
      {},
    ],
    [
      'the first checkpoint is not the one that it names',
      'checkpoint',
      { ...RANGE, manifest: (manifest) => ({ ...manifest, log: manifest.log && { ...manifest.log, first: manifest.log.last } }) },
      { file: PACK_FILES.firstCheckpoint },
    ],
    [
      'the leaf hashes are others',
      'inclusion',
      {
        ...RANGE,
        change: (files) =>
          void files.set(
            PACK_FILES.leaves,
            (files.get(PACK_FILES.leaves) ?? utf8('')).map((byte, at) => (at === 320 ? byte ^ 1 : byte)),
          ),
      },
      { file: PACK_FILES.leaves, index: 40 },
    ],
  ])('%s', async (_, check, o, first) => {
    const found = await verified(await makePack(o))
    expect(found.isGood).toBe(false)
    expect(outcome(found, check)).toMatchObject({ state: 'fails', first })
  })

  test('the entry of the export is of another report', async () => {
    const files = await makePack(RANGE)
    const manifest = JSON.parse(Buffer.from(files.get(PACK_FILES.manifest) ?? []).toString()) as PackManifest
    const report = utf8(canonical({ ...manifest, recipient: 'somebody else' }, WIDE_PROFILE))
    files.set(PACK_FILES.manifest, report)
    files.set(PACK_FILES.signature, await jws(report))
    expect(outcome(await verified(files), 'manifest')).toMatchObject({ state: 'fails', first: { file: PACK_FILES.afterEntry } })
  })

  test('a file is added, taken away, or swapped for one of the same length', async () => {
    const [added, taken, swapped] = [await makePack(RANGE), await makePack(RANGE), await makePack(RANGE)]
    added.set('note.txt', utf8('trust me'))
    taken.delete('report.csv')
    swapped.set('report.csv', utf8('type,count\r\ntoken.issued,2\r\n'))
    for (const [files, file] of [
      [added, 'note.txt'],
      [taken, 'report.csv'],
      [swapped, 'report.csv'],
    ] as const)
      expect(outcome(await verified(files), 'manifest')).toMatchObject({ state: 'fails', first: { file } })
  })
})

/** Takes an entry of a pack away and puts its hash into the gap, as a maker would who wants to hide it. */
function withoutEntry(o: MadePack, index: number): MadePack {
  const at = Array.from({ length: o.last - o.first }, (_, i) => o.first + i)
    .filter((each) => o.scope === 'range' || TENANTS[each % 3] === o.tenant)
    .indexOf(index)
  return {
    ...o,
    hide: [index],
    manifest: (manifest) => ({ ...manifest, questions: [] }),
    change: (files) => {
      expect(at).toBeGreaterThan(0)
      files.delete(PACK_FILES.disclosures)
    },
  }
}

function withFigure(manifest: PackManifest, by: number): PackManifest {
  const questions = manifest.questions.map((question) => ({
    ...question,
    figures: question.figures.map((figure) => ({ ...figure, value: figure.value + by })),
  }))
  return { ...manifest, questions }
}

describe('what was erased', () => {
  const saying = (...lines: string[]): Promise<Verification> =>
    makePack({
      ...RANGE,
      change: (files) => void files.set(PACK_FILES.disclosures, utf8(lines.map((line) => `${line}\n`).join(''))),
    }).then((files) => verified(files))
  const erasedBy = (leaf: number, event = 'evt_1_31'): string => `{"erased":${leaf},"event":"${event}","field":"owner"}`

  test('is not proven by a word: the exporter says so, and the pack stays good', async () => {
    const found = await saying(erasedBy(500))
    expect([found.isGood, outcome(found, 'disclosure')?.state]).toEqual([true, 'cannot say'])
    expect(outcome(found, 'disclosure')?.says).toBe('Not proven: the exporter says that one value was erased.')
    expect(told(found)).toContain('The leaf that is named as their erasure is not in this pack: 500.')
  })

  test('with the leaf of an erasure is known to have happened, not to have taken the value', async () => {
    const found = await verified(
      await makePack({
        ...RANGE,
        erasure: 62,
        change: (files) => void files.set(PACK_FILES.disclosures, utf8(`${erasedBy(62, 'evt_1_32')}\n`)),
      }),
    )
    expect([found.isGood, outcome(found, 'disclosure')?.state]).toEqual([true, 'cannot say'])
    expect(told(found)).toMatch(/The log holds an erasure after those entries at leaf 62\. An erasure names nobody/)
  })

  test.each([
    ['by an entry that is something else', erasedBy(45), /Leaf 45 is named as an erasure; it is token\.issued/],
    ['by an entry before it', erasedBy(30), /said to be erased by leaf 30, which is not after it/],
    [
      'and shows a value as well',
      `{"erased":500,"event":"evt_1_31","field":"owner","salt":"${'A'.repeat(43)}","value":"x"}`,
      /A line is not a disclosure/,
    ],
    ['with a salt that is none', '{"event":"evt_1_31","field":"owner","salt":"AA","value":"x"}', /A line is not a disclosure/],
    ['twice', `${erasedBy(500)}\n${erasedBy(500)}`, /told twice/],
    ['of a field that no entry has', erasedBy(500).replace('owner', 'toString'), /has no hidden toString/],
  ])('%s: refused', async (_, line, why) => {
    const found = await saying(line)
    expect([found.isGood, outcome(found, 'disclosure')?.state]).toEqual([false, 'fails'])
    expect(told(found)).toMatch(why)
  })
})

describe('a period that is longer than the entries', () => {
  test.each([
    [
      'begins before them',
      { from: '2026-01-01T00:00:00.000Z' },
      /The period begins at 2026-01-01T00:00:00\.000Z, the entries at/,
    ],
    [
      'ends after them',
      { to: '2026-12-01T00:00:00.000Z', madeAt: '2026-12-01T00:00:00.000Z' },
      /The entries end at [^ ]*, the period at/,
    ],
  ])('%s: it cannot be said that nothing is left out', async (_, change, why) => {
    const found = await verified(await makePack({ ...RANGE, manifest: (manifest) => ({ ...manifest, ...change }) }))
    expect(outcome(found, 'completeness')).toMatchObject({ state: 'cannot say', says: expect.stringMatching(why) })
  })
})

test('a figure is told with the rule that its maker chose', async () => {
  const { notes } = outcome(await verified(await makePack(RANGE)), 'figures') ?? { notes: [] }
  expect(notes.join('\n')).toMatch(
    /privileged-actions: tokens revoked, \d+, is the number of entries where type is token\.revoked\./,
  )
  expect(notes.join('\n')).toMatch(/rows in batches, \d+, is the sum of shown\.rows over entries where type is log\.batch\./)
})

describe('the pack tells its reader', () => {
  test.each<[string, (manifest: PackManifest) => object]>([
    ['another version', (manifest) => ({ ...manifest, v: 2 })],
    ['a time that is none', (manifest) => ({ ...manifest, expiresAt: 'soon' })],
    ['no sentence of what is not proven', (manifest) => ({ ...manifest, sentence: 'All is proven.' })],
    ['a file outside of itself', (manifest) => ({ ...manifest, files: [{ name: '../x', bytes: 1, sha256: '0'.repeat(64) }] })],
    ['files out of order', (manifest) => ({ ...manifest, files: manifest.files.toReversed() })],
    [
      'figures without end',
      (manifest) => ({
        ...manifest,
        questions: [{ ...manifest.questions[0], figures: Array.from({ length: 2001 }, () => manifest.questions[0]?.figures[0]) }],
      }),
    ],
  ])('nothing, where its manifest has %s', async (_, change) => {
    const found = await verified(await makePack({ ...TINY, manifest: (manifest) => change(manifest) as PackManifest }))
    expect([found.isGood, outcome(found, 'manifest')?.state]).toEqual([false, 'fails'])
  })

  test('when it is kept too long, and when duties were not separated', async () => {
    const files = await makePack({ ...RANGE, manifest: (manifest) => ({ ...manifest, separation: 'waived' }) })
    expect(told(await verified(files, { now: '2028-01-01' }))).toMatch(/Separation of duties was waived[^]*that is over/)
  })
})

describe('no byte is harmless', () => {
  test('every eleventh byte of a small pack, flipped, is refused; the proof suite flips every one', async () => {
    const zip = Buffer.from(await zipOf(await makePack(TINY)))
    const harmless: number[] = []
    for (let at = 0; at < zip.length; at += 11) {
      const flipped = Buffer.from(zip)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      if ((await verifyZip(flipped, READER)).isGood) harmless.push(at)
    }
    expect(harmless).toEqual([])
  }, 120_000)

  test('a zip that is cut, lengthened, or made by another program is refused', async () => {
    const zip = Buffer.from(await zipOf(await makePack(TINY)))
    for (const bytes of [
      zip.subarray(0, -1),
      zip.subarray(1),
      Buffer.concat([zip, Buffer.from([0])]),
      Buffer.concat([Buffer.from('PK'), zip]),
      Buffer.alloc(0),
      Buffer.alloc(22),
    ])
      expect((await verifyZip(bytes, READER)).isGood).toBe(false)
  })

  test('the same files give the same bytes', async () => {
    const [one, two] = [await zipOf(await makePack(TINY)), await zipOf(await makePack(TINY))]
    expect(createHash('sha256').update(one).digest('hex')).toBe(createHash('sha256').update(two).digest('hex'))
  })
})
