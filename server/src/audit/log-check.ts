import { fsck, type Difference, type FsckParts } from './fsck.ts'
import type { ReconcileCheck } from './reconcile-check.ts'
import { verdict } from './reconcile-check.ts'

/**
 * Hashes the whole log again: entries, bundles, tiles, tree, the signatures of the checkpoints and the chain of shards. A shard may
 * be put away while it is read, so what differs is looked at once more, and counts where it differs again.
 */
export async function checkLog(o: FsckParts): Promise<ReconcileCheck> {
  const first = await fsck(o)
  const again = first.differences.length === 0 ? first : await fsck(o)
  const was = new Set(first.differences.map(keyOf))
  const wrong = again.differences.filter((each) => was.has(keyOf(each))).map(describe)
  const says = `${again.entries} entries in ${again.shards} shards were hashed: tiles, bundles, checkpoints and records say the same.`
  return verdict('log', wrong, says, 'shards of the log are not whole')
}

function keyOf({ shard, check }: Difference): string {
  return `${shard} ${check}`
}

function describe({ shard, check, index, what }: Difference): string {
  const place = index === null ? '' : `, entry ${index}`
  return `${shard}, ${check}${place}: ${what} Keep the folder and the records as they are, and compare both with a copy or a witness.`
}
