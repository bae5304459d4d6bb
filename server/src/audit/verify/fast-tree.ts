import { hash } from 'node:crypto'
import { HASH_BYTES } from 'tokentrail/log'

/**
 * The compact range of a stretch of leaves, with hashes as Latin-1 text of 32 characters: a digest that is given as a
 * buffer takes longer than the hashing itself.
 */
export interface FastTree {
  append(level: number, hash: string): void
  nodes(): Subtree[]
}

/** A perfect subtree of 2^level leaves. */
export interface Subtree {
  readonly level: number
  readonly hash: string
}

/** A tree that begins at a multiple of everything that is put into it. */
export function createFastTree(): FastTree {
  const levels: number[] = []
  const hashes: string[] = []
  return {
    append(level, sum) {
      let [at, top] = [level, sum]
      while (levels.length > 0 && levels[levels.length - 1] === at) {
        levels.pop()
        top = nodeHash(hashes.pop() ?? '', top)
        at += 1
      }
      levels.push(at)
      hashes.push(top)
    },
    nodes: () => levels.map((level, i) => ({ level, hash: hashes[i] ?? '' })),
  }
}

/** Root of a tree from its subtrees, largest first. */
export function rootOfSubtrees(nodes: readonly Subtree[]): string {
  if (nodes.length === 0) return hash('sha256', '', 'binary')
  return nodes.map((node) => node.hash).reduceRight((right, left) => nodeHash(left, right))
}

/** Hash of a leaf whose bytes stand behind one byte that is overwritten. */
export function leafHashInPlace(buffer: Buffer, begin: number, end: number): string {
  buffer[begin - 1] = 0
  return hash('sha256', buffer.subarray(begin - 1, end), 'binary')
}

function nodeHash(left: string, right: string): string {
  PAIR.write(left, 1, HASH_BYTES, 'latin1')
  PAIR.write(right, 1 + HASH_BYTES, HASH_BYTES, 'latin1')
  return hash('sha256', PAIR, 'binary')
}

const PAIR = Buffer.alloc(1 + 2 * HASH_BYTES, 1)
