import { beforeAll, describe, expect, test } from 'vitest'
import { folderOf, makePack, READER, TENANTS } from '../../test/whole/made-pack.ts'
import { nodeCrypto, sha256Stream } from '../../test/whole/verify-zip.ts'
import { utf8 } from '../src/log/index.ts'
import { emptySummary, PACK_FILES, readTrust, take, verifyPack, type PackManifest } from '../src/verify/index.ts'

/** What may stand where something else should. `undefined` takes the member away. */
const OTHERS: readonly unknown[] = [undefined, null, true, -1, 1e21, 'x', [null], {}]
const TRUST = readTrust(nodeCrypto, READER)
const ROWS = '{"at":1795392000000,"event":"evt_1_51","type":"token.issued","reason":null,"actorKind":"person","leaf":51}\n'
const SHEET = 'question,Q2\r\n\r\nat,event,type,reason,actorKind,leaf\r\n1795392000000,evt_1_51,token.issued,,person,51\r\n'
let files: ReadonlyMap<string, Uint8Array>

beforeAll(async () => {
  files = await makePack({
    scope: 'range',
    first: 50,
    last: 54,
    change: (all) => void all.set('answers/token-lifecycle.ndjson', utf8(ROWS)).set('answers/token-lifecycle.csv', utf8(SHEET)),
    manifest: (manifest): PackManifest => ({
      ...manifest,
      answers: [
        {
          question: 'token-lifecycle',
          tenant: TENANTS[0],
          watermark: manifest.to,
          file: 'answers/token-lifecycle.ndjson',
          figures: [{ name: 'events', says: 'events', where: { type: ['token.issued'] }, share: 'events', value: 1, of: 1 }],
        },
      ],
    }),
  })
})

/** Every way to change one member somewhere inside a value. */
function* changesOf(value: unknown, rebuild: (changed: unknown) => unknown = (each) => each): Generator {
  if (Array.isArray(value))
    for (const [i, item] of value.slice(0, 3).entries()) yield* changesOf(item, (each) => rebuild(value.with(i, each)))
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    for (const [name, item] of Object.entries(value)) {
      yield* changesOf(item, (each) => rebuild({ ...value, [name]: each }))
      for (const other of OTHERS) if (other !== item) yield rebuild({ ...value, [name]: other })
    }
}

/** Verifies with one file changed; whatever is thrown goes on. */
async function isGoodWith(name: string, content: string): Promise<boolean> {
  const bytes = utf8(content)
  if (Buffer.compare(bytes, files.get(name) ?? utf8('')) === 0) return false // nothing was changed
  const changed = new Map(files).set(name, bytes)
  const pack = { trust: TRUST, older: [], crypto: nodeCrypto, sha256Stream, now: 0 }
  return (await verifyPack({ folder: folderOf(changed), ...pack })).isGood
}

/** Members in order, as in every canonical file; numbers beyond the profile stay as they are. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  )
}

describe('whatever stands in a member, the verifier answers, and the answer is no', () => {
  test.each([
    [PACK_FILES.entries, 2],
    [PACK_FILES.disclosures, 1],
    [PACK_FILES.rows, 1],
    [PACK_FILES.gaps, 1],
    [PACK_FILES.rowProofs, 2],
    ['answers/token-lifecycle.ndjson', 1],
  ])('lines of %s', async (name, lines) => {
    const all = Buffer.from(files.get(name) ?? [])
      .toString()
      .trimEnd()
      .split('\n')
    const good: string[] = []
    let tried = 0
    for (let at = 0; at < lines; at++)
      for (const changed of [...OTHERS, ...changesOf(JSON.parse(all[at] ?? ''))]) {
        tried += 1
        const content = `${all.with(at, text(changed) ?? '').join('\n')}\n`
        if (await isGoodWith(name, content)) good.push(content)
      }
    expect([good, tried > 20]).toEqual([[], true])
  })

  test.each([[PACK_FILES.manifest], [PACK_FILES.afterConsistency], [PACK_FILES.afterEntry]])(
    '%s',
    async (name) => {
      const whole: unknown = JSON.parse(Buffer.from(files.get(name) ?? []).toString())
      const end = name === PACK_FILES.afterConsistency ? '\n' : ''
      const good: string[] = []
      for (const changed of [...OTHERS, ...changesOf(whole)]) {
        const content = `${text(changed) ?? ''}${end}`
        if (await isGoodWith(name, content)) good.push(content)
      }
      expect(good).toEqual([])
    },
    60_000,
  )

  test('files that are no text, empty, missing, or of another kind', async () => {
    const good: string[] = []
    for (const name of files.keys())
      for (const other of [
        utf8(''),
        utf8('\n'),
        utf8('null\n'),
        utf8('{}'),
        Uint8Array.of(0xff, 0xfe, 0x0a),
        files.get(PACK_FILES.gaps),
        undefined,
      ]) {
        const changed = new Map(files)
        if (other === undefined) changed.delete(name)
        else changed.set(name, other)
        const found = await verifyPack({
          folder: folderOf(changed),
          trust: TRUST,
          older: [],
          crypto: nodeCrypto,
          sha256Stream,
          now: 0,
        })
        if (found.isGood && Buffer.compare(other ?? utf8(''), files.get(name) ?? utf8('')) !== 0) good.push(name)
      }
    expect(good).toEqual([])
  })

  test('a batch of a log that shows nothing', () => {
    for (const shown of OTHERS) {
      const summary = emptySummary()
      take(summary, { index: 7, type: 'log.batch', tenant: 't', n: 1, at: '2026-11-23T00:00:00.000Z', shown: () => shown })
      expect(summary.wrong).toEqual([{ index: 7, what: 'a batch lacks one of its numbers' }])
    }
  })
})
