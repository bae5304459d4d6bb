import type { Milliseconds } from 'tokentrail'
import type { TileId } from 'tokentrail/log'
import type { EventRow } from '../event/row.ts'
import type { LogApproval, LogEntry, LogFilter, LogPlace } from '../records/audit.ts'
import type { LogType } from './registry.ts'

/** Something for the log that has no transaction of its own. Neither form may be lost between two starts: offer it again, it is taken once. */
export type Noted =
  /** A counted event whose type has a leaf of its own; it has its number already. */
  | { readonly event: EventRow }
  /** An entry that exists in the log alone. `id` begins with `log_`, is its own for ever, and is taken once. */
  | {
      readonly type: LogType
      readonly id: string
      /** 0 = the install itself. */
      readonly tenantNo: number
      readonly at: Milliseconds
      /** Members of the entry's `shown`: integers, booleans, short texts; lists and objects of them two levels deep. */
      readonly shown: Readonly<Record<string, unknown>>
    }

/** How the log stands. */
export interface AuditState {
  readonly shard: string
  readonly origin: string
  readonly vkey: string
  /** Leaves that stand in the log. */
  readonly size: number
  /** The last checkpoint that was published here. */
  readonly checkpoint: { readonly size: number; readonly root: string; readonly at: Milliseconds } | null
  /** What is committed and has no place yet. */
  readonly waiting: number
  /** Age of the oldest that waits, ms. */
  readonly lagMs: number
  /** Whether this process is the one that sequences. */
  readonly leads: boolean
  /** Why nothing may be appended, else null; then critical actions are refused. */
  readonly halted: string | null
  /** The last failure of sequencing, tiles or signing; null when the last attempt went well. */
  readonly failure: string | null
  /** Entries offered by `note` and dropped, because too many waited. */
  readonly dropped: number
}

/** What any static server could show of a shard; tiles are named by integers. */
export type LogFile = 'checkpoint' | 'log.vkey' | TileId

export interface LogProof {
  readonly entry: LogEntry
  readonly origin: string
  readonly vkey: string
  /** Size of the tree that the checkpoint signs. */
  readonly size: number
  /** Hashes of the inclusion proof, lowest first. */
  readonly hashes: readonly Uint8Array[]
  /** The signed note of that checkpoint, with the cosignatures that are there. */
  readonly checkpoint: string
}

/** The audit log of the install, and this process's part in it. */
export interface AuditLog {
  state(): Promise<AuditState>
  /** Resolves when everything committed or noted before the call is under a published checkpoint. Rejects after `timeoutMs` (10 s). */
  flush(timeoutMs?: number): Promise<void>
  /**
   * Hands over entries without a transaction of their own. Resolves when they are durable in the records' outbox; rejects when they
   * are not, and nothing was taken. Nobody has to wait for it: what waits here is bounded, and beyond it entries are refused at once.
   */
  note(noted: readonly Noted[]): Promise<void>
  /** Newest first, below a place. */
  entries(filter: LogFilter, page: { before?: LogPlace; limit: number }): Promise<readonly LogEntry[]>
  /**
   * The inclusion proof of an event's own entry under the newest published checkpoint of its shard; null when it has no entry.
   * `waitMs` waits for a checkpoint that covers it. `not_found` while none does.
   */
  proof(id: string, o?: { waitMs?: number }): Promise<LogProof | null>
  /** A file as it is published here: the open shard's, or a named one's. `undefined` where there is none. */
  file(shard: string | null, name: LogFile): Promise<Uint8Array | undefined>
  /** Whether nothing may be appended, as this process last saw it: then tokens that the records call living may be dead. */
  isHalted(): boolean
  /** Called after each checkpoint that is published here. For witnesses and other copies. */
  onCheckpoint(listener: (checkpoint: PublishedCheckpoint) => void): () => void
  /** Puts a published checkpoint with cosignatures in the place of the same one without; where another stands, nothing. */
  republish(shard: string, note: string): Promise<void>
  /** Closes the shard and opens the next one with a new key. */
  rotate(why: string, approved?: LogApproval): Promise<void>
  close(): Promise<void>
}

export interface PublishedCheckpoint {
  readonly shard: string
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  /** The signed note, without cosignatures. */
  readonly note: string
}
