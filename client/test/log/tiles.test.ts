import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  consistencyProof,
  createEdge,
  createTileTree,
  edgeTiles,
  formatBundle,
  hashesOf,
  hashOfTiles,
  inclusionProof,
  parseBundle,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  proofNodes,
  proofRanges,
  rootOf,
  rootOfTiles,
  tileAt,
  tilePath,
  tilesOf,
  tilesOfNodes,
  toHex,
  verifyConsistency,
  verifyInclusion,
} from '../../src/log/index.ts'
import type { Tile, TileId } from '../../src/log/index.ts'
import { haveVectors, knownNotes, readVector, textVector, tree } from './support.ts'

const malformed = expect.objectContaining({ code: 'malformed' })

function leafAt(index: number): Uint8Array {
  return tree.leaf(Buffer.from(`entry ${String(index)}`))
}

function leaves(from: number, to: number): Uint8Array[] {
  return Array.from({ length: to - from }, (_, at) => leafAt(from + at))
}

/** A directory in memory. */
function shelf() {
  const files = new Map<string, Uint8Array>()
  return {
    put: (tiles: readonly Tile[]) => tiles.forEach(({ id, bytes }) => files.set(tilePath(id), bytes)),
    read: (id: TileId) => files.get(tilePath(id)) ?? missing(id),
    names: () => [...files.keys()],
  }
}

function missing(id: TileId): never {
  throw new Error(`no ${tilePath(id)}`)
}

describe('a path', () => {
  test.each([
    [{ level: 0, index: 0n, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 1_234_067n, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 3, index: 999n, width: 1 }, 'tile/3/999.p/1'],
    [{ level: 'entries', index: 1000n, width: 255 }, 'tile/entries/x001/000.p/255'],
    [{ level: 63, index: 36_028_797_018_963_967n, width: 256 }, 'tile/63/x036/x028/x797/x018/x963/967'],
  ] as const)('of %o is %s, both ways', (id, path) => {
    expect(tilePath(id)).toBe(path)
    expect(parseTilePath(path)).toEqual(id)
  })

  test.each([
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/../000',
    'tile/0/x00a/000',
    '/tile/0/000',
    'tile/data/000',
    'tile/0/000/',
  ])('%s is none', (path) => {
    expect(() => parseTilePath(path)).toThrow(malformed)
  })

  test('is made from integers alone', () => {
    for (const id of [
      { level: 0, index: -1n, width: 1 },
      { level: 64, index: 0n, width: 1 },
      { level: 0, index: 0n, width: 0 },
      { level: 0.5, index: 0n, width: 1 },
    ])
      expect(() => tilePath(id)).toThrow(RangeError)
  })
})

describe('a tree of tiles', () => {
  test('gives the same tiles whether it grows at once or in steps, begun anew at each', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { minLength: 1, maxLength: 5 }), (steps) => {
        const whole = shelf()
        const stepped = shelf()
        let size = 0
        for (const step of steps) {
          stepped.put(createTileTree(tree, size, stepped.read).append(leaves(size, size + step)))
          size += step
        }
        whole.put(createTileTree(tree).append(leaves(0, size)))
        for (const id of tilesOf(size)) expect(toHex(stepped.read(id))).toBe(toHex(whole.read(id)))
        expect(toHex(rootOfTiles(tree, size, stepped.read))).toBe(toHex(rootOf(tree, leaves(0, size))))
        expect(toHex(createTileTree(tree, size, stepped.read).root())).toBe(toHex(rootOf(tree, leaves(0, size))))
      }),
      { numRuns: 25 },
    )
  })

  test.each([0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_537])(
    'of %i leaves has the tiles that it names, and the root of its leaves',
    (size) => {
      const folder = shelf()
      const grown = createTileTree(tree)
      folder.put(grown.append(leaves(0, size)))
      expect(folder.names().toSorted()).toEqual([...tilesOf(size)].map(tilePath).toSorted())
      const edge = createEdge(tree)
      for (const leaf of leaves(0, size)) edge.append(leaf)
      expect(toHex(grown.root())).toBe(toHex(edge.root()))
    },
  )

  test('proves leaves and growth from the tiles that a proof needs, and no others', () => {
    const folder = shelf()
    const size = 70_000
    folder.put(createTileTree(tree).append(leaves(0, size)))
    const root = rootOfTiles(tree, size, folder.read)
    for (const index of [0, 255, 256, 65_535, 65_536, size - 1]) {
      const needed = new Set(tilesOfNodes(proofNodes(proofRanges(index, index + 1, size)), size).map(tilePath))
      const hashOf = hashOfTiles(tree, size, (id) => (needed.has(tilePath(id)) ? folder.read(id) : missing(id)))
      const proof = inclusionProof(tree, index, size, hashOf)
      expect(verifyInclusion(tree, { index, size, leaf: leafAt(index), proof, root })).toBe(true)
    }
    for (const from of [1, 256, 300, 65_536, 69_999, size]) {
      const proof = consistencyProof(tree, from, size, hashOfTiles(tree, size, folder.read))
      expect(verifyConsistency(tree, { from, to: size, fromRoot: rootOf(tree, leaves(0, from)), toRoot: root, proof })).toBe(true)
    }
  })

  test('reads a wider tile for a narrower one, and refuses a shorter one', () => {
    const folder = shelf()
    folder.put(createTileTree(tree).append(leaves(0, 200)))
    const wide = folder.read({ level: 0, index: 0n, width: 200 })
    expect(toHex(rootOfTiles(tree, 100, () => wide))).toBe(toHex(rootOf(tree, leaves(0, 100))))
    expect(() => rootOfTiles(tree, 100, () => wide.subarray(0, 99 * 32))).toThrow(malformed)
    expect(() => rootOfTiles(tree, 100, () => wide.subarray(1))).toThrow(malformed)
  })

  test('knows its tiles beyond 2^53', () => {
    const size = 2n ** 53n + 1n
    expect(tileAt(size, 0, 2n ** 45n)).toEqual({ level: 0, index: 2n ** 45n, width: 1 })
    expect(tileAt(size, 0, 2n ** 45n + 1n)).toBeUndefined()
    expect(edgeTiles(size).map(tilePath)).toEqual(['tile/0/x035/x184/x372/x088/832.p/1', 'tile/6/000.p/32'])
  })
})

describe('a bundle', () => {
  test('gives back the entries it was made of', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 256 }), (entries) => {
        expect(parseBundle(formatBundle(entries), entries.length).map(toHex)).toEqual(entries.map(toHex))
      }),
      { numRuns: 50 },
    )
    expect(formatBundle([new Uint8Array(65_535)])).toHaveLength(65_537)
  })

  test('cut short, too long, or with another count than said is refused', () => {
    const bundle = formatBundle([Buffer.from('one'), Buffer.from('two')])
    const cuts = [1, 2, 3, 4, 6, 7, 8, 9]
    for (const length of cuts) expect(() => parseBundle(bundle.subarray(0, length))).toThrow(malformed)
    expect(parseBundle(bundle.subarray(0, 5))).toHaveLength(1)
    expect(() => parseBundle(bundle, 3)).toThrow(malformed)
    expect(() => parseBundle(new Uint8Array(2 * 257))).toThrow(malformed)
    expect(() => formatBundle([new Uint8Array(65_536)])).toThrow(RangeError)
    expect(() => formatBundle(Array.from({ length: 257 }, () => new Uint8Array(0)))).toThrow(RangeError)
  })
})

describe.runIf(haveVectors())('logs of other implementations', () => {
  test('sixteen roots from bundles of entries', () => {
    const { dir } = knownNotes().tessera_testlog
    for (let size = 0; size <= 15; size++) {
      const entries = size === 0 ? [] : parseBundle(readVector(`${dir}/tile/entries/000.p/${String(size)}`), size)
      const { root } = parseCheckpoint(parseNote(textVector(`${dir}/checkpoint.${String(size)}`)).text)
      expect(toHex(rootOf(tree, entries.map(tree.leaf)))).toBe(toHex(root))
      if (size === 0) continue
      const tiles = createTileTree(tree).append(entries.map(tree.leaf))
      expect(tiles.map(({ bytes }) => toHex(bytes))).toEqual([toHex(readVector(`${dir}/tile/0/000.p/${String(size)}`))])
    }
  })

  test('level 1 and the root of a mirror are reproduced from level 0', () => {
    const dir = `sunlight/cmd/skylight/testdata/witness/mirror/${knownNotes().cosignature_v1_0x04.origin_sha256_hex}`
    const { size, root } = parseCheckpoint(parseNote(textVector(`${dir}/checkpoint`)).text)
    const read = (id: TileId) => readVector(`${dir}/${tilePath(id)}`)
    expect(toHex(rootOfTiles(tree, size, read))).toBe(toHex(root))
    const level0 = [...tilesOf(size)].filter(({ level }) => level === 0).flatMap((id) => hashesOf(read(id)))
    const made = createTileTree(tree).append(level0)
    expect(made.map(({ id }) => tilePath(id)).toSorted()).toEqual([...tilesOf(size)].map(tilePath).toSorted())
    for (const { id, bytes } of made) expect(toHex(bytes)).toBe(toHex(read(id)))
  })

  test('a partial tile is the beginning of the full one that follows', () => {
    const dir = 'sunlight/testdata/navigli2025h2'
    const partial = readVector(`${dir}/tile/0/003.p/10`)
    expect(toHex(readVector(`${dir}/tile/0/003`).subarray(0, partial.length))).toBe(toHex(partial))
    const read = (id: TileId) => readVector(`${dir}/${tilePath(id)}`)
    const grown = createTileTree(tree)
    for (let index = 0n; index < 4n; index++) grown.append(hashesOf(read({ level: 0, index, width: 256 })))
    const whole = (id: TileId) => (id.level === 0 ? read({ ...id, width: 256 }) : missing(id))
    const level1 = [0n, 1n, 2n, 3n].map((index) => rootOf(tree, hashesOf(whole({ level: 0, index, width: 256 }))))
    expect(toHex(grown.root())).toBe(toHex(rootOf(tree, level1)))
  })
})
