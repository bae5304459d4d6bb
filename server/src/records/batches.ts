import type { Milliseconds } from 'tokentrail'
import type { EventNumber } from './records.ts'

/** One tenant's counted events of a range of a journal, under one root: one leaf of the audit log. */
export interface NewBatch {
  /** The journal, by the writer number that it was made with. */
  readonly journal: number
  readonly tenantNo: number
  /** Positions of the journal: after `from`, up to and with `to`. A tenant's batches of one journal follow each other without a hole. */
  readonly from: number
  readonly to: number
  readonly rows: number
  /** Decisions that the rows stand for: Σ count, of which so many were accepted or rejected. */
  readonly events: number
  readonly accepted: number
  readonly rejected: number
  /** Earliest and latest time of the rows; `null` in an empty batch. */
  readonly firstAt: Milliseconds | null
  readonly lastAt: Milliseconds | null
  /** RFC 6962 root over the canonical rows. */
  readonly root: Uint8Array
  /** Which events, in the order of the leaves (`event/runs.ts`). */
  readonly runs: Uint8Array
}

export interface Batch extends NewBatch {
  /** Id of its entry in the log. */
  readonly id: string
  /** All batches of this tenant and journal together, this one included. */
  readonly rowsTotal: number
  readonly eventsTotal: number
}

/** A row that is gone from the store and leaves its hash. */
export interface KeptLeaf extends EventNumber {
  readonly hash: Uint8Array
}

export interface BatchActions {
  /**
   * Records batches, those of a tenant and journal in their order. One that is recorded already (journal, tenant, from) is left as it
   * is. Gives all of them, with their totals. Their entries are offered to the log afterwards, under their ids.
   */
  addBatches(p: { batches: readonly NewBatch[] }): readonly Batch[]
  /** Keeps the leaf hashes of rows that will be erased; those of a number that has one stay. */
  keepLeaves(p: { tenantNo: number; leaves: readonly KeptLeaf[] }): number
}

export interface BatchReads {
  /** The batch that covers an event, if it is recorded yet. */
  batchOf(tenantNo: number, event: EventNumber): Promise<Batch | null>
  /** Batches of a tenant (all of them where it is left out) in the order of journal and position, after the one named. */
  batches(
    filter: { readonly tenantNo?: number },
    page: { after?: { journal: number; tenantNo: number; from: number }; limit: number },
  ): Promise<readonly Batch[]>
  /** The last batch of every tenant and journal: what is covered, and the totals. */
  lastBatches(): Promise<readonly Batch[]>
  /** Hashes of erased rows within a batch's runs. */
  keptLeaves(
    tenantNo: number,
    of: { readonly writer: number; readonly from: number; readonly to: number },
  ): Promise<readonly KeptLeaf[]>
}
