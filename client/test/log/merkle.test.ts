import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  consistencyProof,
  createEdge,
  fromBase64,
  inclusionProof,
  isSameHash,
  isSubtree,
  nodesOf,
  proofRanges,
  rangeHash,
  rootOf,
  toHex,
  verifyConsistency,
  verifyInclusion,
  verifySubtree,
} from '../../src/log/index.ts'
import type { HashOfNode, TreeNode } from '../../src/log/index.ts'
import { filesIn, haveVectors, knownNotes, leavesOf, textVector, tree } from './support.ts'

/** Every perfect subtree over some leaves. */
function grow(leaves: readonly Uint8Array[]): { edge: ReturnType<typeof createEdge>; hashOf: HashOfNode } {
  const known = new Map<string, Uint8Array>()
  const edge = createEdge(tree)
  for (const leaf of leaves) edge.append(leaf, (node, hash) => known.set(nameOf(node), hash))
  return { edge, hashOf: (node) => known.get(nameOf(node)) ?? noNode(node) }
}

function noNode(node: TreeNode): never {
  throw new RangeError(`no node ${nameOf(node)}`)
}

function nameOf({ level, index }: TreeNode): string {
  return `${String(level)}/${String(index)}`
}

describe('proofs', () => {
  const { hashOf } = grow(leavesOf(300))
  const roots = [tree.empty, ...leavesOf(300).map((_, at) => rangeHash(tree, { begin: 0n, end: BigInt(at + 1) }, hashOf))]
  const leaves = leavesOf(300)

  test('of every leaf in every tree of up to 300 leaves verify, and those of a neighbour do not', () => {
    const wrong: string[] = []
    for (let size = 1; size <= 300; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(tree, index, size, hashOf)
        const claim = { index, size, leaf: leaves[index] ?? tree.empty, proof, root: roots[size] ?? tree.empty }
        const other = { ...claim, index: index === 0 ? size : index - 1 }
        if (!verifyInclusion(tree, claim) || verifyInclusion(tree, other)) wrong.push(`${String(index)} of ${String(size)}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('from every tree of up to 300 leaves to every later one verify, and to another root do not', () => {
    const wrong: string[] = []
    for (let to = 1; to <= 300; to++) {
      for (let from = 1; from <= to; from++) {
        const proof = consistencyProof(tree, from, to, hashOf)
        const claim = { from, to, fromRoot: roots[from] ?? tree.empty, toRoot: roots[to] ?? tree.empty, proof }
        const other = { ...claim, toRoot: roots[to - 1] ?? tree.empty }
        if (!verifyConsistency(tree, claim) || verifyConsistency(tree, other)) wrong.push(`${String(from)} to ${String(to)}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('do not verify with one hash more, one less, or one bit changed', () => {
    const proof = inclusionProof(tree, 77, 200, hashOf)
    const claim = { index: 77, size: 200, leaf: leaves[77] ?? tree.empty, root: roots[200] ?? tree.empty }
    expect(verifyInclusion(tree, { ...claim, proof })).toBe(true)
    expect(verifyInclusion(tree, { ...claim, proof: proof.slice(1) })).toBe(false)
    expect(verifyInclusion(tree, { ...claim, proof: [...proof, tree.empty] })).toBe(false)
    proof.forEach((hash, at) => {
      const changed = proof.with(
        at,
        hash.map((byte, place) => (place === 31 ? byte ^ 1 : byte)),
      )
      expect(verifyInclusion(tree, { ...claim, proof: changed })).toBe(false)
    })
  })

  test('from nothing show nothing: refused, unless the caller allows it', () => {
    const claim = { from: 0, to: 5, fromRoot: tree.empty, toRoot: roots[5] ?? tree.empty, proof: [] }
    expect(verifyConsistency(tree, claim)).toBe(false)
    expect(verifyConsistency(tree, claim, { allowEmpty: true })).toBe(true)
    expect(verifyConsistency(tree, { ...claim, proof: [tree.empty] }, { allowEmpty: true })).toBe(false)
    expect(verifyConsistency(tree, { ...claim, to: 0 }, { allowEmpty: true })).toBe(false)
    expect(verifyConsistency(tree, { ...claim, to: 0, toRoot: tree.empty }, { allowEmpty: true })).toBe(true)
  })
})

describe('an edge', () => {
  test('goes on from its stored hashes to the same root', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (first, more) => {
        const before = createEdge(tree)
        for (const leaf of leavesOf(first)) before.append(leaf)
        const after = createEdge(tree, { size: before.size, hashes: before.hashes })
        for (const leaf of leavesOf(first + more).slice(first)) after.append(leaf)
        expect(after.root()).toEqual(rootOf(tree, leavesOf(first + more)))
      }),
      { numRuns: 50 },
    )
  })

  test('is refused with another number of hashes than its size has one-bits', () => {
    expect(() => createEdge(tree, { size: 5, hashes: [tree.empty] })).toThrow(RangeError)
  })
})

/** A tree of any size without its leaves: each node's hash is made from its place, as if it stood there. */
function imagined(size: bigint): HashOfNode {
  return (node) => {
    expect((node.index + 1n) << BigInt(node.level)).toBeLessThanOrEqual(size)
    return hashAt(node.level, node.index)
  }
}

/** Levels above 46 are made from those below, so that proofs through them hold together. */
function hashAt(level: number, index: bigint): Uint8Array {
  return level <= 46
    ? tree.leaf(Buffer.from(nameOf({ level, index })))
    : tree.node(hashAt(level - 1, index * 2n), hashAt(level - 1, index * 2n + 1n))
}

describe('beyond 2^53', () => {
  const sizes = fc.bigInt(2n ** 53n, 2n ** 54n)
  /** Subtrees of 2^46 leaves stand in for leaves: what lies under them does not matter. */
  const grain = 2n ** 46n

  test('a subtree is proven where it stands and nowhere else', () => {
    fc.assert(
      fc.property(sizes, fc.bigInt(0n, 2n ** 7n - 1n), (size, place) => {
        const range = { begin: place * grain, end: (place + 1n) * grain }
        const hashOf = imagined(size)
        const proof = proofRanges(range.begin, range.end, size).map((each) => rangeHash(tree, each, hashOf))
        const claim = {
          ...range,
          size,
          subtree: hashAt(46, place),
          proof,
          root: rangeHash(tree, { begin: 0n, end: size }, hashOf),
        }
        expect(verifySubtree(tree, claim)).toBe(true)
        expect(verifySubtree(tree, { ...claim, begin: range.begin + grain, end: range.end + grain })).toBe(false)
        expect(verifySubtree(tree, { ...claim, subtree: hashAt(46, place + 1n) })).toBe(false)
      }),
      { numRuns: 30 },
    )
  })

  test('growth is proven', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 7n), sizes, (from, to) => {
        const hashOf = imagined(to)
        const rootAt = (size: bigint) => rangeHash(tree, { begin: 0n, end: size }, hashOf)
        const claim = {
          from: from * grain,
          to,
          fromRoot: rootAt(from * grain),
          toRoot: rootAt(to),
          proof: consistencyProof(tree, from * grain, to, hashOf),
        }
        expect(verifyConsistency(tree, claim)).toBe(true)
        expect(verifyConsistency(tree, { ...claim, from: claim.from + 1n })).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  test('a number that is not exact any more is refused', () => {
    expect(() => nodesOf(0, 2 ** 53 + 2)).toThrow(RangeError)
    expect(() => nodesOf(0, 2n ** 63n)).toThrow(RangeError)
    expect(nodesOf(0, 2n ** 63n - 1n)).toHaveLength(63)
  })
})

describe.runIf(haveVectors())('published vectors', () => {
  const folder = 'transparency-dev-merkle/testdata'

  test.each([
    ['inclusion', 98],
    ['consistency', 98],
    ['subtreeinclusion', 204],
    ['subtreeconsistency', 118],
  ] as const)('%s: %i proofs, good and mutated', (kind, count) => {
    const files = filesIn(`${folder}/${kind}`)
    expect(files).toHaveLength(count)
    const disagreeing = files.filter((file) => {
      const vector = JSON.parse(textVector(file)) as Vector
      return CHECKS[kind](vector) === vector.wantErr
    })
    expect(disagreeing).toEqual([])
  })

  test('from size 0: an error for a verifier, nothing to show for a witness', () => {
    const vectors = filesIn(`${folder}/consistency`).map((file) => JSON.parse(textVector(file)) as Vector)
    const fromEmpty = vectors.filter(({ size1 = 1, proof }) => size1 === 0 && (proof ?? []).length === 0)
    expect(fromEmpty.map(CHECKS.consistency)).not.toContain(true)
    const isEmpty = ({ root1, size2 }: Vector) => size2 !== 0 && isSameHash(bytes(root1), tree.empty)
    expect(fromEmpty.filter(isEmpty).map(consistencyFromEmpty)).toEqual([true])
  })

  test('compact ranges cover exactly their leaves', () => {
    const inputs = filesIn('transparency-dev-merkle/compact/testdata').map((file) =>
      [...textVector(file).matchAll(/uint64\((\d+)\)/g)].map(([, value]) => BigInt(value ?? 0)),
    )
    expect(inputs).toHaveLength(19)
    for (const [begin = 0n, end = 0n] of inputs) {
      if (begin > end || end >= 2n ** 63n) continue
      let at = begin
      for (const { level, index } of nodesOf(begin, end)) {
        expect(index << BigInt(level)).toBe(at)
        at = (index + 1n) << BigInt(level)
      }
      expect(at).toBe(end)
    }
  })

  test('the reference tree has its roots', () => {
    const { leaves_hex: leaves, root_size8_b64: root, empty_root_hex: empty } = knownNotes().rfc6962_reference
    expect(toHex(tree.empty)).toBe(empty)
    expect(
      rootOf(
        tree,
        leaves.map((hex) => tree.leaf(Buffer.from(hex, 'hex'))),
      ),
    ).toEqual(bytes(root))
  })

  test('every subtree, its inclusion and its consistency in trees of up to 130 leaves', () => {
    const known = knownNotes().subtree_accumulated
    const { hashOf } = grow(Array.from({ length: 130 }, (_, at) => tree.leaf(Uint8Array.of(at))))
    const hashes = createHash('sha256')
    const inclusions = createHash('sha256')
    const consistencies = createHash('sha256')
    for (const { begin, end } of subtreesOf(130)) {
      hashes.update(`[${begin}, ${end}) ${toHex(rangeHash(tree, { begin, end }, hashOf))}\n`)
      const inside: HashOfNode = ({ level, index }) => hashOf({ level, index: index + (begin >> BigInt(level)) })
      for (let index = begin; index < end; index++)
        inclusions.update(`${index} [${begin}, ${end})${list(inclusionProof(tree, index - begin, end - begin, inside))}\n`)
    }
    for (let size = 0; size <= 130; size++) {
      for (const { begin, end } of subtreesOf(size)) {
        const ranges = begin === end ? [] : proofRanges(begin, end, size)
        consistencies.update(`[${begin}, ${end}) ${size}${list(ranges.map((range) => rangeHash(tree, range, hashOf)))}\n`)
      }
    }
    expect([hashes, inclusions, consistencies].map((hash) => hash.digest('hex'))).toEqual([
      known.subtree_hash,
      known.subtree_inclusion,
      known.subtree_consistency,
    ])
  })
})

/** Every subtree of a tree, the empty ones among them, as the draft lists them. */
function subtreesOf(size: number): { begin: bigint; end: bigint }[] {
  const ends = Array.from({ length: size + 1 }, (_, end) => BigInt(end))
  return ends
    .flatMap((end) => ends.slice(0, Number(end) + 1).map((begin) => ({ begin, end })))
    .filter((range) => range.begin === range.end || isSubtree(range))
}

function list(hashes: readonly Uint8Array[]): string {
  return hashes.map((hash) => ` ${toHex(hash)}`).join('')
}

interface Vector {
  readonly wantErr: boolean
  readonly proof: readonly string[] | null
  readonly leafIdx?: number
  readonly treeSize?: number
  readonly leafHash?: string
  readonly root?: string
  readonly size1?: number
  readonly size2?: number
  readonly root1?: string
  readonly root2?: string
  readonly start?: number
  readonly end?: number
  readonly size?: number
}

function bytes(text = ''): Uint8Array {
  return fromBase64(text, 'vector')
}

function consistencyOf({ size1 = 0, size2 = 0, root1, root2, proof }: Vector) {
  return { from: BigInt(size1), to: BigInt(size2), fromRoot: bytes(root1), toRoot: bytes(root2), proof: (proof ?? []).map(bytes) }
}

function consistencyFromEmpty(vector: Vector): boolean {
  return verifyConsistency(tree, consistencyOf(vector), { allowEmpty: true })
}

const CHECKS = {
  inclusion: ({ leafIdx = 0, treeSize = 0, leafHash, root, proof }) =>
    verifyInclusion(tree, {
      index: BigInt(leafIdx),
      size: BigInt(treeSize),
      leaf: bytes(leafHash),
      root: bytes(root),
      proof: (proof ?? []).map(bytes),
    }),
  consistency: (vector) => verifyConsistency(tree, consistencyOf(vector)),
  subtreeinclusion: ({ leafIdx = 0, start = 0, end = 0, leafHash, root, proof }) =>
    isSubtree({ begin: BigInt(start), end: BigInt(end) }) &&
    verifyInclusion(tree, {
      index: BigInt(leafIdx) - BigInt(start),
      size: BigInt(end) - BigInt(start),
      leaf: bytes(leafHash),
      root: bytes(root),
      proof: (proof ?? []).map(bytes),
    }),
  subtreeconsistency: ({ start = 0, end = 0, size = 0, root1, root2, proof }) =>
    verifySubtree(
      tree,
      {
        begin: BigInt(start),
        end: BigInt(end),
        size: BigInt(size),
        subtree: bytes(root1),
        root: bytes(root2),
        proof: (proof ?? []).map(bytes),
      },
      { allowEmpty: true },
    ),
} as const satisfies Record<string, (vector: Vector) => boolean>
