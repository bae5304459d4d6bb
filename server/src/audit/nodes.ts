import { createEdge, type HashOfNode } from 'tokentrail/log'
import { TREE } from './crypto.ts'

/** A whole tree in memory, for proofs out of it. */
export function createNodes(leaves: readonly Uint8Array[]): { readonly hashOf: HashOfNode; root(): Uint8Array } {
  const levels: Uint8Array[][] = []
  const edge = createEdge(TREE)
  for (const leaf of leaves) edge.append(leaf, ({ level }, hash) => (levels[level] ??= []).push(hash))
  return {
    hashOf: ({ level, index }) => {
      const hash = levels[level]?.[Number(index)]
      if (!hash) throw new RangeError(`nodes: expected a node of the tree, got ${level}/${index}`)
      return hash
    },
    root: () => edge.root(),
  }
}
