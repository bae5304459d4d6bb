import type { ReaderNotes } from '../journal/journal.ts'
import type { StoreAddress } from '../store/address.ts'

/** What the shipping thread starts with. */
export interface ShipThreadOptions {
  readonly journalFile: string
  /** Number that names the journal in the audit log, if it has none yet. */
  readonly journal: number
  readonly store: StoreAddress
  /** Position that the journal knows to be in the store. */
  readonly passed: number
  /** Newest durable position. */
  readonly upTo: number
}

export type ToThread =
  | { readonly say: 'journalled'; readonly position: number }
  /** The journal has noted that everything up to here is in the store. */
  | { readonly say: 'noted'; readonly position: number }
  /** Tenants that shall have batches even without events. */
  | { readonly say: 'tenants'; readonly nos: readonly number[] }
  /** How many closed batches are not recorded yet. */
  | { readonly say: 'waiting'; readonly batches: number }
  | { readonly say: 'close' }

export type FromThread =
  | {
      readonly say: 'stored'
      readonly position: number
      readonly stored: number
      readonly coalesced: number
      readonly damaged: readonly number[]
      readonly notes: ReaderNotes
    }
  /** Batches were closed between two ranges. */
  | { readonly say: 'batched'; readonly notes: ReaderNotes }
  | { readonly say: 'failed'; readonly failures: number; readonly failure: string }
