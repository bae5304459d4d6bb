/**
 * The arithmetic of RFC 6962 trees, with the hash handed in: hashing, proofs made and verified, compact ranges. Sizes and indices
 * are taken as number or bigint and given back as bigint, for a tree may outgrow 2^53.
 */

/** SHA-256 in one call. It must not keep or change the bytes it is given: they are used again. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** A size or an index: an integer from 0 to 2^63 - 1. */
export type TreeSize = number | bigint

export const HASH_BYTES = 32
const SIZE_MAX = 2n ** 63n - 1n

/** The two hashes of RFC 6962 §2.1, domain-separated, and that of the empty tree. */
export interface TreeHash {
  readonly empty: Uint8Array
  /** `SHA-256(0x00 ‖ entry)` */
  leaf(entry: Uint8Array): Uint8Array
  /** `SHA-256(0x01 ‖ left ‖ right)` */
  node(left: Uint8Array, right: Uint8Array): Uint8Array
}

/** The tree's hashes over a SHA-256. */
export function createTreeHash(sha256: Sha256): TreeHash {
  const pair = new Uint8Array(1 + 2 * HASH_BYTES)
  return {
    empty: sha256(new Uint8Array(0)),
    leaf(entry) {
      const bytes = new Uint8Array(1 + entry.length)
      bytes.set(entry, 1)
      return sha256(bytes)
    },
    node(left, right) {
      pair[0] = 1
      pair.set(left, 1)
      pair.set(right, 1 + HASH_BYTES)
      return sha256(pair)
    },
  }
}

/** A perfect subtree: the leaves from `index << level` up to, not including, `(index + 1) << level`. */
export interface TreeNode {
  readonly level: number
  readonly index: bigint
}

/** The leaves from `begin` up to, not including, `end`. */
export interface LeafRange {
  readonly begin: bigint
  readonly end: bigint
}

/** Gives the hash of a perfect subtree; throws where it does not know it. */
export type HashOfNode = (node: TreeNode) => Uint8Array

/** The root of the tree over these leaf hashes. */
export function rootOf(tree: TreeHash, leaves: Iterable<Uint8Array>): Uint8Array {
  const edge = createEdge(tree)
  for (const leaf of leaves) edge.append(leaf)
  return edge.root()
}

/** The perfect subtrees of a range, left to right: its compact range. At most 63 for a range that begins at 0. */
export function nodesOf(begin: TreeSize, end: TreeSize): TreeNode[] {
  const last = asSize(end, 'end')
  const nodes: TreeNode[] = []
  for (let at = asSize(begin, 'begin'); at < last;) {
    const fitting = bitLength(last - at) - 1
    const level = at === 0n ? fitting : Math.min(fitting, trailingZeros(at))
    nodes.push({ level, index: at >> BigInt(level) })
    at += 1n << BigInt(level)
  }
  return nodes
}

/** The right edge of a growing tree: all that is needed to append and to name the root. */
export interface Edge {
  readonly size: bigint
  /** Roots of the perfect subtrees, largest first; as many as the size has one-bits. */
  readonly hashes: readonly Uint8Array[]
  /** Appends a leaf hash; `visit` is told every node that became complete, the leaf first. */
  append(leaf: Uint8Array, visit?: (node: TreeNode, hash: Uint8Array) => void): void
  root(): Uint8Array
}

/** An edge at a size, from its stored hashes; empty without them. */
export function createEdge(
  tree: TreeHash,
  from: { readonly size: TreeSize; readonly hashes: readonly Uint8Array[] } = { size: 0, hashes: [] },
): Edge {
  let size = asSize(from.size, 'size')
  const hashes = [...from.hashes]
  if (hashes.length !== onesIn(size))
    throw new RangeError(`edge: expected ${String(onesIn(size))} hashes for size ${String(size)}`)
  return {
    get size() {
      return size
    },
    get hashes() {
      return [...hashes]
    },
    append(leaf, visit) {
      let hash = leaf
      let level = 0
      visit?.({ level, index: size }, leaf)
      for (let rest = size; (rest & 1n) === 1n; rest >>= 1n) {
        hash = tree.node(hashes.pop() ?? tree.empty, hash)
        level += 1
        visit?.({ level, index: rest >> 1n }, hash)
      }
      hashes.push(hash)
      size += 1n
    },
    root: () => foldRight(tree, hashes),
  }
}

/**
 * The ranges whose hashes prove that the subtree `[begin, end)` belongs to the tree of `size` leaves, in the order of the proof
 * (RFC 6962 §2.1.2, widened to any valid subtree). An inclusion proof is the one of `[index, index + 1)`, a consistency proof
 * that of `[0, from)`.
 */
export function proofRanges(begin: TreeSize, end: TreeSize, size: TreeSize): LeafRange[] {
  const inner = { begin: asSize(begin, 'begin'), end: asSize(end, 'end') }
  if (inner.end > asSize(size, 'size') || !isSubtree(inner)) throw new RangeError('proof: expected a subtree of the tree')
  return subproof(inner, { begin: 0n, end: asSize(size, 'size') }, true)
}

/** The nodes that must be known to make a proof of these ranges. */
export function proofNodes(ranges: readonly LeafRange[]): TreeNode[] {
  return ranges.flatMap((range) => nodesOf(range.begin, range.end))
}

/** The hash over a subtree of the tree, perfect or at its right edge. */
export function rangeHash(tree: TreeHash, range: LeafRange, hashOf: HashOfNode): Uint8Array {
  return foldRight(tree, nodesOf(range.begin, range.end).map(hashOf))
}

/** The proof that a leaf is in the tree of a size. */
export function inclusionProof(tree: TreeHash, index: TreeSize, size: TreeSize, hashOf: HashOfNode): Uint8Array[] {
  const at = asSize(index, 'index')
  return proofRanges(at, at + 1n, size).map((range) => rangeHash(tree, range, hashOf))
}

/** The proof that the tree of size `to` continues the one of size `from`; empty where `from` is 0 or equal. */
export function consistencyProof(tree: TreeHash, from: TreeSize, to: TreeSize, hashOf: HashOfNode): Uint8Array[] {
  if (asSize(from, 'from') > asSize(to, 'to')) throw new RangeError('consistency: expected from at most to')
  return asSize(from, 'from') === 0n ? [] : proofRanges(0n, from, to).map((range) => rangeHash(tree, range, hashOf))
}

/** The claim that a leaf stands at an index of the tree with this root. */
export interface InclusionClaim {
  readonly index: TreeSize
  readonly size: TreeSize
  readonly leaf: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** Whether the proof shows the leaf in the tree. */
export function verifyInclusion(tree: TreeHash, claim: InclusionClaim): boolean {
  const begin = BigInt(claim.index)
  if (claim.leaf.length !== HASH_BYTES) return false
  return verifySubtree(tree, { ...claim, begin, end: begin + 1n, subtree: claim.leaf })
}

/** The claim that a tree continues an earlier one. */
export interface ConsistencyClaim {
  readonly from: TreeSize
  readonly to: TreeSize
  readonly fromRoot: Uint8Array
  readonly toRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** What an empty earlier tree or range is worth. Everything continues it and nothing is shown, so it is refused unless allowed. */
export interface EmptyOptions {
  /** As a witness does that sees a log for the first time. */
  readonly allowEmpty?: boolean
}

/** Whether the proof shows that the tree `to` continues the tree `from`. */
export function verifyConsistency(tree: TreeHash, claim: ConsistencyClaim, options: EmptyOptions = {}): boolean {
  if (BigInt(claim.to) === 0n && !isSameHash(claim.toRoot, tree.empty)) return false
  const subtree = { begin: 0n, end: claim.from, size: claim.to, subtree: claim.fromRoot, root: claim.toRoot, proof: claim.proof }
  return verifySubtree(tree, subtree, options)
}

/** The claim that a subtree of this hash stands at `[begin, end)` of the tree with this root. */
export interface SubtreeClaim {
  readonly begin: TreeSize
  readonly end: TreeSize
  readonly size: TreeSize
  readonly subtree: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** Whether the proof shows the subtree in the tree: the walk of RFC 9162 §2.1.4.2, from any valid subtree instead of the left edge. */
export function verifySubtree(tree: TreeHash, claim: SubtreeClaim, options: EmptyOptions = {}): boolean {
  const range = { begin: BigInt(claim.begin), end: BigInt(claim.end) }
  const size = BigInt(claim.size)
  if (range.begin < 0n || range.end > size || size > SIZE_MAX) return false
  if (range.begin === range.end)
    return options.allowEmpty === true && claim.proof.length === 0 && isSameHash(claim.subtree, tree.empty)
  if (!isSubtree(range)) return false
  const start = startOfWalk(range, size)
  const isSeed = start.first === start.last
  const seed = isSeed ? claim.subtree : claim.proof[0]
  if (!seed || (claim.proof.length > 0 && ![seed, ...claim.proof].every((hash) => hash.length === HASH_BYTES))) return false
  const end = walk(tree, start, seed, isSeed ? claim.proof : claim.proof.slice(1))
  return end !== undefined && isSameHash(end.subtree, claim.subtree) && isSameHash(end.root, claim.root)
}

/** Whether a range can be a subtree of an RFC 6962 tree: it begins at a multiple of the next power of two of its length. */
export function isSubtree(range: LeafRange): boolean {
  if (range.begin < 0n || range.end <= range.begin) return false
  const length = range.end - range.begin
  return range.begin % (1n << BigInt(bitLength(length - 1n))) === 0n
}

/** Whether two hashes are the same. They are public, so the time taken tells nothing. */
export function isSameHash(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}

/** A size or an index as bigint, or a RangeError that names it. */
export function asSize(value: TreeSize, name: string): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError(`${name}: expected an integer`)
  const size = BigInt(value)
  if (size < 0n || size > SIZE_MAX) throw new RangeError(`${name}: expected 0 to 2^63 - 1`)
  return size
}

/** Places of the subtree's first and last leaf and the tree's last leaf, on the level the walk has reached. */
interface Place {
  readonly first: bigint
  readonly last: bigint
  readonly end: bigint
}

/** Climbs to the level where the proof begins. */
function startOfWalk(range: LeafRange, size: bigint): Place {
  let place: Place = { first: range.begin, last: range.end - 1n, end: size - 1n }
  while (place.first !== place.last && (place.last === place.end || (place.last & 1n) === 1n)) place = up(place)
  return place
}

function walk(
  tree: TreeHash,
  start: Place,
  seed: Uint8Array,
  proof: readonly Uint8Array[],
): { subtree: Uint8Array; root: Uint8Array } | undefined {
  let place = start
  let subtree = seed
  let root = seed
  for (const hash of proof) {
    if (place.end === 0n) return undefined
    if ((place.last & 1n) === 1n || place.last === place.end) {
      if (place.first < place.last) subtree = tree.node(hash, subtree)
      root = tree.node(hash, root)
      while ((place.last & 1n) === 0n) place = up(place)
    } else root = tree.node(root, hash)
    place = up(place)
  }
  return place.end === 0n ? { subtree, root } : undefined
}

function up(place: Place): Place {
  return { first: place.first >> 1n, last: place.last >> 1n, end: place.end >> 1n }
}

/** SUBPROOF of RFC 6962 §2.1.2 with absolute places; `known` while the verifier holds the hash of the inner range itself. */
function subproof(inner: LeafRange, outer: LeafRange, known: boolean): LeafRange[] {
  if (inner.begin === outer.begin && inner.end === outer.end) return known ? [] : [inner]
  const middle = outer.begin + (1n << BigInt(bitLength(outer.end - outer.begin - 1n) - 1))
  const left = { begin: outer.begin, end: middle }
  const right = { begin: middle, end: outer.end }
  if (inner.end <= middle) return [...subproof(inner, left, known), right]
  if (inner.begin >= middle) return [...subproof(inner, right, known), left]
  return [...subproof({ begin: middle, end: inner.end }, right, false), left]
}

function foldRight(tree: TreeHash, hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.length === 0 ? tree.empty : hashes.reduceRight((right, left) => tree.node(left, right))
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function trailingZeros(value: bigint): number {
  const text = value.toString(2)
  return text.length - 1 - text.lastIndexOf('1')
}

function onesIn(value: bigint): number {
  return value.toString(2).replaceAll('0', '').length
}
