import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { makePack, zipOf } from '../../test/whole/made-pack.ts'
import { utf8 } from '../src/log/index.ts'
import { openZip, PackBroken, type PackFolder, type RandomAccess } from '../src/verify/index.ts'

const CENTRAL = 46
let zip: Buffer
beforeAll(async () => {
  zip = Buffer.from(await zipOf(await makePack({ scope: 'range', first: 50, last: 54 })))
})

/** A zip in memory that counts what is asked of it, and fails where more is asked than it has. */
function counted(bytes: Uint8Array): RandomAccess & { asked(): number } {
  let asked = 0
  return {
    bytes: bytes.length,
    async read(from, to) {
      asked += to - from
      if (from < 0 || to > bytes.length || from > to) throw new TypeError(`asked for ${from} to ${to}`)
      return bytes.subarray(from, to)
    },
    asked: () => asked,
  }
}

/** A refusal is an answer; any other error is a fault. */
function refused(error: unknown): PackFolder | undefined {
  if (error instanceof PackBroken) return undefined
  throw error
}

async function refusalOf(bytes: Uint8Array): Promise<string> {
  return openZip(counted(bytes)).then(
    () => 'opened',
    (error: unknown) => {
      if (error instanceof PackBroken) return error.message
      throw error
    },
  )
}

/** Where the directory begins. */
function directoryOf(bytes: Buffer): number {
  return bytes.readUInt32LE(bytes.length - 6)
}

/** A copy with one number changed. */
function changed(change: (bytes: Buffer, directory: number) => void): Buffer {
  const bytes = Buffer.from(zip)
  change(bytes, directoryOf(bytes))
  return bytes
}

describe('a zip that lies is refused, with the reason', () => {
  test.each<[string, (bytes: Buffer, directory: number) => void, RegExp]>([
    ['that it is compressed', (bytes, at) => void bytes.writeUInt16LE(8, at + 10), /is compressed/],
    ['about the length of what it packs', (bytes, at) => void bytes.writeUInt32LE(0xfffffff0, at + 24), /two lengths/],
    [
      'about both lengths',
      (bytes, at) => {
        bytes.writeUInt32LE(0xfffffff0, at + 20)
        bytes.writeUInt32LE(0xfffffff0, at + 24)
      },
      /reach beyond the zip/,
    ],
    [
      'about where a file begins',
      (bytes, at) => void bytes.writeUInt32LE(0, at + CENTRAL + nameAt(bytes, at) + 42),
      /does not agree/,
    ],
    [
      'about the number of files: fewer',
      (bytes) => void bytes.writeUInt16LE(1, bytes.length - 12),
      /announces 1 files, and lists more/,
    ],
    ['about the number of files: more', (bytes) => void bytes.writeUInt16LE(9999, bytes.length - 12), /not the one of a pack/],
    [
      'about the number of files: far more',
      (bytes) => void bytes.writeUInt16LE(0xffff, bytes.length - 12),
      /at most 10000 files/,
    ],
    [
      'about its directory',
      (bytes) => void bytes.writeUInt32LE(0xffffffff, bytes.length - 10),
      /its end is not where it should be/,
    ],
  ])('%s', async (_, change, why) => {
    expect(await refusalOf(changed(change))).toMatch(why)
  })

  test('with a directory as long as the zip, before it is read', async () => {
    const bytes = 4_000_000_000
    const end = Buffer.alloc(22)
    end.writeUInt32LE(0x06054b50, 0)
    end.writeUInt16LE(10_000, 10)
    end.writeUInt32LE(bytes - 22, 12)
    let asked = 0
    const huge: RandomAccess = {
      bytes,
      async read(from, to) {
        asked += to - from
        return to - from === 22 ? end : new Uint8Array(0)
      },
    }
    await expect(openZip(huge)).rejects.toThrow(/directory of at most 2460000 bytes/)
    expect(asked).toBe(22)
  })
})

function nameAt(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at + 28)
}

test('whatever bytes are changed, a zip opens within its own length or is refused; nothing else is thrown, and little is read', async () => {
  const directory = directoryOf(zip)
  const place = fc.oneof(fc.nat(zip.length - 1), fc.integer({ min: directory, max: zip.length - 1 }))
  const change = fc.record({
    at: place,
    value: fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0xffff, 0xffffffff)),
    width: fc.constantFrom(1, 2, 4),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(30), async (changes, cut) => {
      const bytes = Buffer.from(zip.subarray(0, zip.length - (cut > 20 ? cut - 20 : 0)))
      for (const { at, value, width } of changes)
        for (let i = 0; i < width && at + i < bytes.length; i++) bytes[at + i] = (value >>> (8 * i)) & 0xff
      const access = counted(bytes)
      const folder = await openZip(access).catch(refused)
      if (!folder) return
      expect(access.asked()).toBeLessThan(bytes.length)
      expect([...folder.files.values()].reduce((sum, each) => sum + each, 0)).toBeLessThan(bytes.length)
    }),
    { numRuns: 3000 },
  )
}, 60_000)

test('bytes that are no zip at all are refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect(await refusalOf(bytes)).not.toBe('opened')
    }),
    { numRuns: 500 },
  )
  expect(await refusalOf(utf8('PK'))).toMatch(/its length does not fit/)
})
