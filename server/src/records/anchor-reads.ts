import type { AnchorReads } from './anchors.ts'
import type { Database } from './schema.ts'

type AnswerRead = <Value>(read: () => Promise<Value>) => Promise<Value>

/** Anchors that an installation may have had over the years. */
const MARKS_MAX = 1_000

/** Reads of what others hold of the audit log; `answer` turns failures of the database into ours. */
export function readsOfAnchors(db: Database, answer: AnswerRead): AnchorReads {
  const cosigned = (shard: string) =>
    db.selectFrom('log_cosigned').select(['shard', 'size', 'note', 'at']).where('shard', '=', shard)
  return {
    cosignedFor: async (shard, size) => {
      const row = cosigned(shard).where('size', '>=', size).orderBy('size').limit(1)
      return (await answer(() => row.executeTakeFirst())) ?? null
    },
    newestCosigned: async (shard) => {
      const row = cosigned(shard).orderBy('size', 'desc').limit(1)
      return (await answer(() => row.executeTakeFirst())) ?? null
    },
    anchorMarks: () => answer(() => db.selectFrom('log_anchor').selectAll().orderBy('name').limit(MARKS_MAX).execute()),
  }
}
