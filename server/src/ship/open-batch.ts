import type { Milliseconds } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import { createRunWriter } from '../event/runs.ts'
import type { NewBatch } from '../records/batches.ts'
import { createLeafTree } from './leaf-tree.ts'

/** What a batch holds once it is closed; where it stands comes from the tenant. */
export type BatchContent = Omit<NewBatch, 'journal' | 'tenantNo' | 'from' | 'to'>

/** A batch that still grows. Its size in memory is that of its runs: it holds no rows. */
export interface OpenBatch {
  readonly rows: number
  /** `json` is the row as it is hashed. */
  add(row: EventRow, json: string, isAccepted: boolean, isRejected: boolean): void
  close(): BatchContent
  save(): SavedBatch
}

/** An open batch on disk. */
export interface SavedBatch {
  readonly rows: number
  readonly events: number
  readonly accepted: number
  readonly rejected: number
  readonly firstAt: Milliseconds | null
  readonly lastAt: Milliseconds | null
  readonly edge: string
  readonly runs: string
}

/** An empty batch, or one that goes on from disk. */
export function createOpenBatch(saved?: SavedBatch): OpenBatch {
  const tree = createLeafTree(saved && { size: saved.rows, edge: Buffer.from(saved.edge, 'base64') })
  const runs = createRunWriter(saved && Buffer.from(saved.runs, 'base64'))
  let { events = 0, accepted = 0, rejected = 0 } = saved ?? {}
  let [firstAt, lastAt] = [saved?.firstAt ?? null, saved?.lastAt ?? null]

  function add(row: EventRow, json: string, isAccepted: boolean, isRejected: boolean): void {
    tree.append(json)
    runs.add(row.writer, row.seq)
    events += row.count
    if (isAccepted) accepted += row.count
    if (isRejected) rejected += row.count
    if (firstAt === null || row.occurredAt < firstAt) firstAt = row.occurredAt
    if (lastAt === null || row.occurredAt > lastAt) lastAt = row.occurredAt
  }

  return {
    get rows() {
      return tree.size
    },
    add,
    close: () => ({ rows: tree.size, events, accepted, rejected, firstAt, lastAt, root: tree.root(), runs: runs.runs() }),
    save: () => ({
      rows: tree.size,
      events,
      accepted,
      rejected,
      firstAt,
      lastAt,
      edge: base64(tree.edge()),
      runs: base64(runs.runs()),
    }),
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
