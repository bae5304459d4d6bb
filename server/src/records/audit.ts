import type { Milliseconds } from 'tokentrail'
import type { FourEyes } from './approvals.ts'
import type { Actor, Ending } from './records.ts'
import type { SealedRow } from './sealed.ts'

/** What waits for its place in the audit log. */
export interface LogWaiting {
  readonly position: number
  /** Public id of the event, `evt_…`, or an entry's own, `log_…`. The same id is taken once. */
  readonly id: string
  /** `event`: `body` is an encoded event row; `log`: canonical fields of an entry that exists in the log alone. */
  readonly form: 'event' | 'log'
  /** 0 = the install itself. */
  readonly tenantNo: number
  readonly at: Milliseconds
  readonly body: string
}

/** A log of its own: a year's, or what follows a rotation or a recovery. */
export interface LogShard {
  readonly name: string
  /** First line of its checkpoints and name of its key. */
  readonly origin: string
  readonly vkey: string
  readonly epoch: number
  readonly previous: string | null
  readonly openedAt: Milliseconds
  readonly closedAt: Milliseconds | null
  readonly halted: string | null
  readonly recovered: string | null
  readonly head: LogHead
}

/** How far a shard has grown. */
export interface LogHead {
  readonly size: number
  readonly root: Uint8Array
  /** Hashes of the full subtrees, largest first, 32 bytes each. */
  readonly edge: Uint8Array
}

/** One leaf. */
export interface LogEntry {
  readonly shard: string
  readonly index: number
  readonly id: string
  readonly tenantNo: number
  readonly n: number
  readonly type: string
  readonly at: Milliseconds
  /** Exactly what was hashed. */
  readonly bytes: Uint8Array
}

export type NewShard = Pick<LogShard, 'name' | 'origin' | 'vkey' | 'epoch' | 'previous'> & { readonly recovered?: string }

/** Who has agreed to what is done to the log: an approval that was given, or none while one person may do it. */
export interface LogApproval {
  readonly tenantNo: number
  readonly id: string | null
  readonly params: string
  readonly actor: Actor
  readonly ground?: string
}

/** What one step of the sequencer writes, all of it or nothing. */
export interface LogStep {
  readonly shard: string
  readonly epoch: number
  readonly from: Pick<LogHead, 'size' | 'root'>
  readonly to: LogHead
  readonly entries: readonly Omit<LogEntry, 'shard'>[]
  readonly sealed: readonly SealedRow[]
  /** Positions in the outbox that have become entries. */
  readonly taken: readonly number[]
  /** Ends the shard with this step and opens the next one. */
  readonly next?: NewShard
  /** Spent in the same transaction. */
  readonly approved?: LogApproval
  readonly at: Milliseconds
}

/** A checkpoint whose size and root are fixed; its note follows. */
export interface LogSigned {
  readonly shard: string
  readonly size: number
  readonly root: Uint8Array
  readonly signedAt: Milliseconds
  readonly note: string | null
}

/** The audit log, as actions of records. */
export interface AuditActions {
  /** Hands over what has no transaction of its own; ids that wait or stand in the log already are left out. Gives how many were new. */
  offerToLog(p: { items: readonly Omit<LogWaiting, 'position'>[] }): number
  /** Makes a shard, unless one is open: then that one is given. */
  openShard(p: { shard: NewShard; at: Milliseconds }): LogShard
  /**
   * Appends to a shard: a compare-and-swap of its head on size, root and epoch. `moved` when the head is another one, or the
   * shard is closed or halted: then nothing is written.
   */
  appendToLog(p: LogStep): 'appended' | 'moved'
  /** Fixes size and root of a checkpoint before it is signed. Refused when that size has another root, or a larger one is fixed. */
  fixCheckpoint(p: {
    shard: string
    size: number
    root: Uint8Array
    at: Milliseconds
  }): { refused: false } | { refused: true; by: LogSigned }
  keepNote(p: { shard: string; size: number; note: string }): void
  /** Stops or frees a shard on every node. */
  haltLog(p: { shard: string; halted: string | null }): void
  /**
   * Leaves a shard that must not be continued, after a restore, and opens the next: endings that happened since the backup are
   * applied, so that no token comes back to life, and numbers that were given since are not given again. One transaction.
   */
  recoverLog(p: LogRecovery): { readonly shard: LogShard; readonly ended: number; readonly reissued: number }
  /** The install's own id, made once. */
  nameInstall(p: { id: string }): string
}

/** An ending that the restored records do not know, as store and journal tell it. */
export interface LostEnding {
  readonly tenantNo: number
  readonly tokenNo: number
  readonly ending: Exclude<Ending, 'expired'>
  readonly reason: string | null
  readonly at: Milliseconds
  readonly writer: number
  readonly seq: number
}

export interface LogRecovery {
  readonly shard: string
  readonly next: NewShard
  readonly endings: readonly LostEnding[]
  /** Highest numbers that events name. */
  readonly floors: { readonly token: number; readonly owner: number; readonly tenant: number }
  /** What was chosen where not every lost ending was found: null where all were. */
  readonly choice: 'reissue' | 'accept_loss' | null
  readonly approved: LogApproval & { readonly action: FourEyes }
  readonly at: Milliseconds
}

export interface LogFilter {
  /** One tenant's entries; all of them where it is left out. */
  readonly tenantNo?: number
  readonly type?: string
  /** Without what the log says of itself: batches, heartbeats, beginnings and ends. */
  readonly isDeed?: boolean
  readonly from?: Milliseconds
  readonly to?: Milliseconds
}

/** A place in the log; lists go newest first. */
export interface LogPlace {
  readonly epoch: number
  readonly index: number
}

export interface AuditReads {
  /** Oldest first. */
  logShards(): Promise<readonly LogShard[]>
  /** Committed and without a place, oldest first; never "since the last one", because transactions commit out of order. */
  logWaiting(limit: number): Promise<readonly LogWaiting[]>
  /** What waits: how many, since when, and the position of the newest (0 = none). */
  logBacklog(): Promise<{ readonly count: number; readonly oldestAt: Milliseconds | null; readonly newest: number }>
  isWaitingForLog(id: string): Promise<boolean>
  /** The last own number of tenants that have one. */
  logNumbers(tenantNos: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** Public ids of tokens and owners, without the rest of their rows. */
  publicIds(nos: { readonly tokens: readonly number[]; readonly owners: readonly number[] }): Promise<{
    readonly tokens: ReadonlyMap<number, string>
    readonly owners: ReadonlyMap<number, string>
  }>
  /** Entries of a shard from an index on, in order. */
  logEntries(shard: string, from: number, limit: number): Promise<readonly LogEntry[]>
  logEntry(id: string): Promise<LogEntry | null>
  /** Newest first, below a place. */
  logPage(filter: LogFilter, page: { before?: LogPlace; limit: number }): Promise<readonly LogEntry[]>
  /** The largest fixed checkpoint of a shard, and the largest whose note is kept. */
  logSigned(shard: string): Promise<{ readonly fixed: LogSigned | null; readonly noted: LogSigned | null }>
  /** Fixed checkpoints of a shard above a size, in order. */
  logSignedAfter(shard: string, size: number, limit: number): Promise<readonly LogSigned[]>
  /** The smallest kept checkpoint that holds `size` leaves or more. */
  logNoteFor(shard: string, size: number): Promise<LogSigned | null>
}
