import { hashOfTiles, tilePath, tilesOfNodes, TILE_WIDTH, type HashOfNode, type TileId, type TreeNode } from 'tokentrail/log'
import type { AuditLog } from '../../audit/audit.ts'
import { TREE } from '../../audit/crypto.ts'
import { TrailError } from '../../errors.ts'

/** Hashes of subtrees of a shard, out of its published tiles. */
export interface LogHashes {
  of(nodes: readonly TreeNode[]): Promise<readonly Uint8Array[]>
  /** Loads what some nodes need, for arithmetic that asks at once. */
  loaded(nodes: readonly TreeNode[]): Promise<HashOfNode>
}

/** Tiles kept at once: 8 KiB each. */
const TILES_MAX = 1024

/** Opens the tiles of a shard at a size. */
export function openLogHashes(audit: Pick<AuditLog, 'file'>, shard: string, size: number): LogHashes {
  const tiles = new Map<string, Uint8Array>()

  async function load(id: TileId): Promise<void> {
    if (tiles.has(tilePath(id))) return
    const bytes = (await audit.file(shard, id)) ?? (await audit.file(shard, { ...id, width: TILE_WIDTH }))
    if (bytes === undefined) throw gone(shard, id)
    if (tiles.size >= TILES_MAX) tiles.clear()
    tiles.set(tilePath(id), bytes)
  }

  async function loaded(nodes: readonly TreeNode[]): Promise<HashOfNode> {
    const held = new Map<string, Uint8Array>()
    for (const id of tilesOfNodes(nodes, size)) {
      await load(id)
      held.set(tilePath(id), tiles.get(tilePath(id)) ?? new Uint8Array(0))
    }
    return hashOfTiles(TREE, size, (id) => held.get(tilePath(id)) ?? new Uint8Array(0))
  }

  return {
    loaded,
    async of(nodes) {
      const hashOf = await loaded(nodes)
      return nodes.map(hashOf)
    },
  }
}

function gone(shard: string, id: TileId): TrailError {
  return new TrailError(
    'data_damaged',
    `The tile ${tilePath(id)} of the log ${shard} is missing; restore its directory from a copy.`,
  )
}
