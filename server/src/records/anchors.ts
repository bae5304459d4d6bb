import type { Milliseconds } from 'tokentrail'

/** A checkpoint of the audit log with the signatures of witnesses. */
export interface CosignedNote {
  readonly shard: string
  readonly size: number
  /** The signed note with every cosignature that is kept. */
  readonly note: string
  /** When the last of its cosignatures came. */
  readonly at: Milliseconds
}

/** How far a witness or another copy has come. */
export interface AnchorMark {
  /** Name of the witness's key, or of the copy in the configuration. */
  readonly name: string
  readonly shard: string
  /** Leaves of the last checkpoint that it holds. */
  readonly size: number
  readonly at: Milliseconds
}

/** What others hold of the audit log, as actions of records. */
export interface AnchorActions {
  /** Keeps a checkpoint with cosignatures; those that are kept of the same size already stay. Gives the note with all of them. */
  keepCosigned(p: CosignedNote): string
  markAnchor(p: AnchorMark): void
}

export interface AnchorReads {
  /** The smallest cosigned checkpoint that holds `size` leaves or more. After a day only one of each hour is kept. */
  cosignedFor(shard: string, size: number): Promise<CosignedNote | null>
  newestCosigned(shard: string): Promise<CosignedNote | null>
  anchorMarks(): Promise<readonly AnchorMark[]>
}
