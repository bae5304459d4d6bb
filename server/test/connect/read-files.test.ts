import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contentDigest, readRecords } from '../../src/connect/read-files.ts'
import { RECORD_BYTES_MAX, scannerFor, type Scanned } from '../../src/connect/scan.ts'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'tokentrail-read-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const records = [{ a: 1 }, { b: 'x"}],[' }, { c: [1, { d: null }] }, { e: 'ü\\"\u2028€' }]

/** What a text holds when it comes in chunks of this size. */
function scan(text: string, chunkBytes = 7): readonly Scanned[] {
  const bytes = Buffer.from(text)
  const scanner = scannerFor(bytes)
  const found: Scanned[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) found.push(...scanner.push(bytes.subarray(at, at + chunkBytes)))
  return [...found, ...scanner.end()]
}

function values(found: readonly Scanned[]): readonly unknown[] {
  return found.map((each) => ('value' in each ? each.value : 'refused'))
}

describe('the forms of a file', () => {
  test.each([
    ['Records in an object', JSON.stringify({ Records: records })],
    ['Records, indented', JSON.stringify({ Records: records }, null, 2)],
    ['an array', JSON.stringify(records)],
    ['an array, indented', JSON.stringify(records, null, 2)],
    ['a value per line', records.map((record) => JSON.stringify(record)).join('\n')],
    ['lines with blank ones and CRLF', `\n${records.map((record) => JSON.stringify(record)).join('\r\n\r\n')}\r\n`],
    ['with a byte order mark', `\uFEFF${JSON.stringify({ Records: records })}`],
    ['several objects with Records', records.map((record) => JSON.stringify({ Records: [record] })).join('\n')],
  ])('%s', async (name, text) => {
    expect(values(scan(text))).toEqual(records)
    const file = join(folder, `${name}.json.gz`)
    writeFileSync(file, gzipSync(text))
    expect(values(await Array.fromAsync(readRecords(file)))).toEqual(records)
  })

  test('an empty file holds nothing', async () => {
    writeFileSync(join(folder, 'empty'), '')
    expect(await Array.fromAsync(readRecords(join(folder, 'empty')))).toEqual([])
    expect(values(scan('{"Records":[]}'))).toEqual([])
  })
})

test('records do not depend on how the file is cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      (list, chunkBytes, wrapped) => {
        const text = JSON.stringify(wrapped ? { Records: list } : list)
        expect(values(scan(text, chunkBytes))).toEqual(JSON.parse(JSON.stringify(list)))
      },
    ),
    { numRuns: 500 },
  )
})

describe('what is broken costs no other', () => {
  test('an element that is no JSON', () => {
    expect(values(scan('{"Records":[{"a":1},{bad},{"a":2}]}'))).toEqual([{ a: 1 }, 'refused', { a: 2 }])
  })

  test('a line that is no JSON, with its position', () => {
    expect(scan('{"a":1}\n{"a":\n{"a":3}')).toEqual([
      { position: 1, value: { a: 1 } },
      { position: 2, refused: 'This is not well-formed JSON.' },
      { position: 3, value: { a: 3 } },
    ])
  })

  test('a file that is cut off', () => {
    expect(values(scan('{"Records":[{"a":1},{"a":'))).toEqual([{ a: 1 }, 'refused'])
  })

  test('a record beyond the size, and memory stays bounded', () => {
    const found = scan(`{"Records":[{"a":1},{"b":"${'x'.repeat(RECORD_BYTES_MAX)}"},{"a":2}]}`, 65_536)
    expect(values(found)).toEqual([{ a: 1 }, 'refused', { a: 2 }])
    expect(found[1]).toMatchObject({ refused: expect.stringContaining('bytes') as string })
  })

  test('a record nested too deep', () => {
    const found = scan(`[{"a":1},${'['.repeat(100)}${']'.repeat(100)},{"a":2}]`)
    expect(values(found)).toEqual([{ a: 1 }, 'refused', { a: 2 }])
  })

  test('an archive that is damaged', async () => {
    const file = join(folder, 'cut.gz')
    writeFileSync(file, gzipSync(JSON.stringify({ Records: records })).subarray(0, 40))
    await expect(Array.fromAsync(readRecords(file))).rejects.toMatchObject({ code: 'import_invalid' })
  })
})

test('the digest is that of the content, whatever the name', async () => {
  writeFileSync(join(folder, 'one'), 'abc')
  writeFileSync(join(folder, 'two'), 'abc')
  expect(await contentDigest(join(folder, 'one'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(await contentDigest(join(folder, 'two'))).toBe(await contentDigest(join(folder, 'one')))
})
