import type { Milliseconds } from 'tokentrail'
import type { Window } from '../../query/answer.ts'

/** An entry of the audit log as a question sees it. Hidden fields are what the reader may have disclosed. */
export interface LogEntry {
  readonly index: number
  /** The tenant's own gapless number. */
  readonly n: number
  readonly at: Milliseconds
  readonly type: string
  readonly event: string | null
  readonly outcome: string
  readonly reason: string
  readonly shown: Readonly<Record<string, unknown>>
}

/** How the log stands: what questions about the log itself answer with. */
export interface LogFacts {
  readonly origin: string
  readonly size: number
  readonly checkpointAt: Milliseconds | null
  /** Entries that no checkpoint covers yet. */
  readonly waiting: number
  /** Leaves that no witness has seen, and since when. */
  readonly unwitnessed: number
  readonly unwitnessedSince: Milliseconds | null
  readonly witnesses: readonly { readonly name: string; readonly size: number; readonly at: Milliseconds | null }[]
  readonly keyAlgorithm: string
  readonly keySince: Milliseconds | null
}

/** The audit log, as far as evidence needs it. */
export interface LogReader {
  /** The tenant's own entries of a window, in their order. */
  entries(tenantNo: number, window: Window, types?: readonly string[]): AsyncIterable<LogEntry>
  /** Index of the leaf of each event that has one of its own. */
  leavesOf(tenantNo: number, events: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Null where no log is kept. */
  facts(): LogFacts | null
}

/** An installation without an audit log: nothing is answered from it, and answers say so. */
export const NO_LOG: LogReader = {
  async *entries() {},
  leavesOf: () => Promise.resolve(new Map()),
  facts: () => null,
}
