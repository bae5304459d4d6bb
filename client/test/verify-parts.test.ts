import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalBytes,
  checkCanonical,
  createTreeHash,
  nodesOf,
  rootOf,
  toBase64Url,
  utf8,
  type HashOfNode,
} from '../src/log/index.ts'
import { createGrowing, createScanner, gapRanges, isPackName } from '../src/verify/index.ts'
import { walkTree } from '../src/verify/tree-walk.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const TREE = createTreeHash(sha256)
const NAMES = ['at', 'n', 'tenant', 'type', 'v']

function isCanonical(bytes: Uint8Array): boolean {
  try {
    return typeof checkCanonical(bytes) === 'object' && bytes[0] === 0x7b
  } catch {
    return false
  }
}

describe('the scanner of entries', () => {
  const scanner = createScanner(NAMES)
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 5 }), tie('value'), { maxKeys: 5 }),
    ),
  })).value
  const entry = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'grapheme', maxLength: 4 })), value, {
    maxKeys: 6,
  })

  test('takes every canonical entry, and finds its members', () => {
    fc.assert(
      fc.property(entry, (members) => {
        let bytes: Uint8Array
        try {
          bytes = canonicalBytes(members)
        } catch {
          return // outside the profile
        }
        expect(scanner.scan(bytes)).toBeUndefined()
        const { begins, ends } = scanner.places
        const found = NAMES.map((_, i) =>
          begins[i] === -1 ? undefined : JSON.parse(new TextDecoder().decode(bytes.subarray(begins[i], ends[i]))),
        )
        expect(found).toEqual(
          NAMES.map((name) => (Object.hasOwn(members, name) ? JSON.parse(JSON.stringify(members[name])) : undefined)),
        )
      }),
      { numRuns: 2000 },
    )
  })

  test('says the same as the slow and plain check, of bytes that were changed anywhere', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...utf8('"\\{}[]:,0123456789-.eEuntf '))),
      how: fc.constantFrom('set', 'insert', 'delete'),
    })
    fc.assert(
      fc.property(entry, fc.array(change, { minLength: 1, maxLength: 3 }), (members, changes) => {
        let bytes = [
          ...utf8(
            JSON.stringify(
              Object.fromEntries(Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1))),
            ).toWellFormed(),
          ),
        ]
        for (const { at, byte, how } of changes)
          bytes = bytes.toSpliced(at % bytes.length, how === 'insert' ? 0 : 1, ...(how === 'delete' ? [] : [byte]))
        const changed = Uint8Array.from(bytes)
        expect([new TextDecoder().decode(changed), scanner.scan(changed) === undefined]).toEqual([
          new TextDecoder().decode(changed),
          isCanonical(changed),
        ])
      }),
      { numRuns: 5000 },
    )
  })

  test.each([
    ['{"a":1,"a":2}', false],
    ['{"b":1,"a":2}', false],
    ['{"a":1,"ab":2}', true],
    ['{"a":1.0}', false],
    ['{"a":1e2}', false],
    ['{"a":-0}', false],
    ['{"a":01}', false],
    ['{"a":9007199254740991}', true],
    ['{"a":9007199254740992}', false],
    ['{"a":-9007199254740991}', true],
    ['{"a":"\\u000b"}', true],
    ['{"a":"\\u000B"}', false],
    ['{"a":"\\u0009"}', false],
    ['{"a":"\\/"}', false],
    ['{"a":"\\ud800"}', false],
    ['{"a":[[[1]]]}', true],
    ['{"a":[[[[1]]]]}', false],
    ['{"\u{fb01}":1,"\u{1f600}":2}', false],
    ['{"\u{1f600}":1,"\u{fb01}":2}', true],
    [' {"a":1}', false],
    ['{"a":1}\n', false],
    ['[1]', false],
    ['', false],
    [`{"a":"${'x'.repeat(4088)}"}`, true],
    [`{"a":"${'x'.repeat(4089)}"}`, false],
  ])('%s', (text, isGood) => {
    expect([scanner.scan(utf8(text)) === undefined, isCanonical(utf8(text))]).toEqual([isGood, isGood])
  })

  test.each([[[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0xe2, 0x82]], [[0x80]], [[0xff]]])(
    'bytes %j are no text',
    (bytes) => {
      expect(scanner.scan(Uint8Array.from([...utf8('{"a":"'), ...bytes, ...utf8('"}')]))).toMatch(/UTF-8/)
    },
  )
})

describe('entries and the gaps between them', () => {
  const leaves = Array.from({ length: 300 }, (_, at) => utf8(`leaf ${at}`))
  const hashes = leaves.map((leaf) => TREE.leaf(leaf))
  const hashOf: HashOfNode = ({ level, index }) => rootOf(TREE, hashes.slice(Number(index) << level, Number(index + 1n) << level))

  async function walked(picked: readonly number[], cuts: readonly number[], size: number) {
    const gaps = [...gapRanges(picked, cuts, size)].map(({ from, to }) => ({
      from,
      to,
      hashes: nodesOf(from, to).map((node) => toBase64Url(hashOf(node))),
    }))
    const seen: number[] = []
    const [gapLeft, leafLeft] = [[...gaps], picked.map((at) => leaves[at])]
    const result = await walkTree({
      sha256,
      size,
      cuts,
      gaps: { next: async () => gapLeft.shift() },
      leaves: { next: async () => leafLeft.shift() },
      files: { gaps: 'gaps', leaves: 'leaves' },
      onLeaf: (index) => void seen.push(index),
    })
    return { ...result, seen, gaps }
  }

  test('give the root, the root at every cut, and each entry its index, whichever entries are there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.uniqueArray(fc.nat(299)),
        fc.array(fc.nat(300), { maxLength: 3 }),
        async (size, some, at) => {
          const picked = some.filter((index) => index < size).sort((a, b) => a - b)
          const cuts = at.filter((cut) => cut <= size)
          const { root, roots, seen, absent } = await walked(picked, cuts, size)
          expect(seen).toEqual(picked)
          expect(absent).toBe(size - picked.length)
          expect(Buffer.from(root)).toEqual(Buffer.from(rootOf(TREE, hashes.slice(0, size))))
          for (const cut of cuts)
            expect(Buffer.from(roots.get(cut) ?? [])).toEqual(Buffer.from(rootOf(TREE, hashes.slice(0, cut))))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('a whole range needs no more hashes than one path of the tree on each side', async () => {
    const { gaps } = await walked(
      Array.from({ length: 100 }, (_, i) => 100 + i),
      [100],
      300,
    )
    expect(gaps.map(({ from, to }) => [from, to])).toEqual([
      [0, 100],
      [200, 300],
    ])
    expect(Math.max(...gaps.map((gap) => gap.hashes.length))).toBeLessThanOrEqual(9)
  })

  test('indexes out of order are a slip of the maker', () => {
    expect(() => [...gapRanges([3, 2], [], 5)]).toThrow(RangeError)
    expect(() => [...gapRanges([5], [], 5)]).toThrow(RangeError)
  })

  test('a tree that grows by subtrees has the root of its leaves', () => {
    const tree = createGrowing(sha256)
    for (const { level, index } of nodesOf(0, 300)) tree.append(level, hashOf({ level, index }))
    expect([tree.size, Buffer.from(tree.root())]).toEqual([300, Buffer.from(rootOf(TREE, hashes))])
  })
})

test.each([
  ['report.json', true],
  ['proofs/gaps.ndjson', true],
  ['../x', false],
  ['/x', false],
  ['a//b', false],
  ['.hidden', false],
  ['a/..', false],
  ['a\\b', false],
  ['', false],
  ['x'.repeat(201), false],
])('a file of a pack may be named %j: %s', (name, may) => expect(isPackName(name)).toBe(may))
