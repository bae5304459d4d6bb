import { nodesOf, type Sha256 } from '../merkle.ts'
import type { Gap } from './pack.ts'

/** What a pack must say about the leaves that it does not hold: the ranges between its entries, cut at the sizes of checkpoints. */
export function* gapRanges(
  indexes: Iterable<number>,
  cuts: readonly number[],
  size: number,
): Generator<{ readonly from: number; readonly to: number }> {
  const inner = [...cuts].filter((cut) => cut > 0 && cut < size).sort((a, b) => a - b)
  let at = 0
  function* until(end: number): Generator<{ readonly from: number; readonly to: number }> {
    for (const cut of inner) {
      if (cut <= at || cut >= end) continue
      yield { from: at, to: cut }
      at = cut
    }
    if (at < end) yield { from: at, to: end }
    at = end
  }
  for (const index of indexes) {
    if (index < at || index >= size) throw new RangeError(`gaps: index ${index} is out of order or beyond ${size}`)
    yield* until(index)
    at = index + 1
  }
  yield* until(size)
}

/** Levels of the largest aligned subtrees that cover `from` to `to`, left to right. A gap holds one hash for each. */
export function aligned(from: number, to: number): number[] {
  return nodesOf(from, to).map(({ level }) => level)
}

/** A gap as its line, without the line feed. */
export function gapLine(gap: Gap): string {
  return JSON.stringify({ from: gap.from, hashes: gap.hashes, to: gap.to })
}

/** Grows a tree from leaves and whole subtrees, left to right, in memory for 53 hashes. */
export interface Growing {
  readonly size: number
  /** A subtree of 2^level leaves; the size so far must be a multiple of that. */
  append(level: number, hash: Uint8Array): void
  root(): Uint8Array
}

/** A tree that grows from its left edge. */
export function createGrowing(sha256: Sha256): Growing {
  const levels: number[] = []
  const hashes: Uint8Array[] = []
  const pair = new Uint8Array(65)
  let size = 0
  const node = (left: Uint8Array, right: Uint8Array): Uint8Array => {
    pair[0] = 1
    pair.set(left, 1)
    pair.set(right, 33)
    return sha256(pair)
  }
  return {
    get size() {
      return size
    },
    append(level, hash) {
      let [at, sum] = [level, hash]
      while (levels.at(-1) === at) {
        levels.pop()
        sum = node(hashes.pop() ?? sum, sum)
        at += 1
      }
      levels.push(at)
      hashes.push(sum)
      size += 2 ** level
    },
    root: () => (hashes.length === 0 ? sha256(new Uint8Array(0)) : hashes.reduceRight((right, left) => node(left, right))),
  }
}
