import type { LogPart } from './log-part.ts'
import type { PackFolder } from './pack-folder.ts'
import type { PackPlan } from './plan.ts'

/** Counted rows that stand in a pack, under the batches that cover them. */
export interface CountedRows {
  readonly rows: number
  readonly batches: number
  /** Rows of the cited batches that are not here. */
  readonly absent: number
}

/** Writes the counted rows that a pack rests on, each with its way to the root of its batch. */
export type WriteCounted = (folder: PackFolder, plan: PackPlan, log: LogPart, signal: AbortSignal) => Promise<CountedRows>
