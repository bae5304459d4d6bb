import type { StoreAddress } from '../store/address.ts'

/** What the shipping thread starts with. */
export interface ShipThreadOptions {
  readonly journalFile: string
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
  | { readonly say: 'close' }

export type FromThread =
  | {
      readonly say: 'stored'
      readonly position: number
      readonly stored: number
      readonly coalesced: number
      readonly damaged: readonly number[]
    }
  | { readonly say: 'failed'; readonly failures: number; readonly failure: string }
