import type { LossReason, Milliseconds, PromiseClass } from 'tokentrail'
import type { EventRow } from '../event/row.ts'

/**
 * Counts of decisions at rest: `received = stored + journalled + inFlight + coalesced + Σ dropped`, always and exactly.
 * `stored` are rows in the store without the flag `coalesced`; `coalesced` is Σ count of the rows with it.
 */
export interface Conservation {
  readonly received: number
  readonly stored: number
  /** Durable, not yet in the store. */
  readonly journalled: number
  /** Accepted by a buffer, not yet durable. */
  readonly inFlight: number
  readonly coalesced: number
  readonly dropped: Readonly<Partial<Record<LossReason, number>>>
  /** Recognised repeats; not received again. */
  readonly repeated: number
}

export type Durability = 'journalled' | 'lost'

/** One journalled batch, as readers see it. `position` grows by one per batch and is never reused. */
export interface JournalBatch {
  readonly position: number
  readonly receivedAt: Milliseconds
  /** Encoded frame; `decodeFrame` of `event/frame.ts` reads it. */
  readonly frame: Uint8Array
}

/** Who must have passed a batch before it may be deleted. */
export type JournalReader = 'ship' | 'detect' | 'audit'

/** What the store took of the batches that `passed` names. */
export interface Shipped {
  /** Σ count of rows stored without the flag `coalesced`, and with it. */
  readonly stored: number
  readonly coalesced: number
  /** Positions whose frames could not be read. Their events are counted as lost (`journal_failed`) and declared. */
  readonly damaged?: readonly number[]
}

/** What a reader keeps beside its position, by name; `null` takes a note away. */
export type ReaderNotes = ReadonlyMap<string, string | null>

/** What was said of one identified event. `lost`: not taken and not counted; offer it again. */
export type Reception = 'new' | 'repeated' | 'lost'

/**
 * Where an event is durable first. `append` promises: once resolved with `journalled`, the event survives `kill -9`,
 * and is on disk within 50 ms. It never rejects: a loss is counted by reason and declared.
 */
export interface Journal {
  /** Writer number leased for this process; `append` numbers events that have none (writer 0). */
  readonly writer: number
  /**
   * Takes one counted event. The promise belongs to the batch, so it costs nothing per event. The row is read before
   * `append` returns and may be reused by the caller. Coalescing of unattributed floods happens here.
   */
  append(event: EventRow): Promise<Durability>
  /**
   * Takes numbered events of other writers (clients, the records' outbox, imports). A number already seen is `repeated`.
   * `sourceIds[i]`, when given, is a 16-byte digest of tenant, source and foreign id: each is taken once.
   */
  receive(events: readonly EventRow[], sourceIds?: readonly (Uint8Array | undefined)[]): Promise<readonly Reception[]>
  /** Highest number without a gap below it that was received from a writer. */
  highWater(writer: number): Promise<number>
  /** Counts a loss that happened before the journal (a client's buffer, say) and declares it by `loss.declared`. */
  declareLoss(loss: {
    readonly tenant: number
    readonly writer: number
    readonly reason: LossReason
    readonly count: number
    readonly from: Milliseconds
    readonly to: Milliseconds
  }): void
  /** Position of the newest durable batch; 0 = none yet. */
  position(): number
  /** How far each registered reader has passed. `ship` is always registered. */
  readers(): Readonly<Partial<Record<JournalReader, number>>>
  /** From now on keeps batches until this reader has passed them; resolves to the position it has passed already. */
  register(reader: JournalReader): Promise<number>
  /**
   * The reader needs no batch up to `position` any more; those that all readers have passed are deleted. May be said twice.
   * `ship` also says what the store took, so that a difference to what was journalled is seen. Notes are written together with the
   * position, all of them or none; they may be written at the position that the reader has.
   */
  passed(reader: JournalReader, position: number, shipped?: Shipped, notes?: ReaderNotes): Promise<void>
  /** The reader's notes as the file has them. */
  notes(reader: JournalReader): Promise<ReadonlyMap<string, string>>
  /** Called after each batch is durable, in order, with the rows as they were journalled. For live views. */
  onJournalled(listener: (batch: JournalBatch) => void): () => void
  conservation(promise?: PromiseClass, tenant?: number): Conservation
  /** Oldest `receivedAt` that is not yet in the store, else now. */
  watermark(): Milliseconds
  /** Which of these source ids were taken before. */
  knows(sourceIds: readonly Uint8Array[]): Promise<readonly boolean[]>
  /** Overwrites what deleted batches left in the file; false when a reader was in the way. Costs as much as the file is long. */
  scrub(): Promise<boolean>
  /** Resolves when everything appended so far is durable. */
  flush(): Promise<void>
  /** Resolves when everything appended so far is in the store. Rejects with `store_unavailable` after `timeoutMs`. */
  shipped(timeoutMs: number): Promise<void>
  state(): JournalState
  close(): Promise<void>
}

export interface JournalState {
  readonly bytes: number
  readonly bytesMax: number
  readonly batchesWaiting: number
  /** Batches that could not be read when they were shipped. */
  readonly batchesDamaged: number
  readonly oldestWaiting: Milliseconds | null
  readonly coalescingTenants: readonly number[]
  readonly lastFailure: string | null
  /** Where the file went that was damaged beyond opening when this one was opened. */
  readonly setAside: string | null
}
