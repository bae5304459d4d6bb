import type { Milliseconds } from 'tokentrail'

/** What the door and the edge need to know of a source, without keeping its address. */
export interface Source {
  readonly addressDay: bigint
  readonly addressMonth: bigint
  /** /24 or /48 as a keyed number; 0 = no address. */
  readonly network: bigint
  readonly asn: number
  readonly country: string
  readonly client: string
  readonly clientHash: number
}

/**
 * Pseudonyms under random keys per domain and epoch (trust.md 2.1). Keys are created and read through records, held in
 * memory, and never derived. A missing key leaves the column empty and is counted.
 */
export interface Privacy {
  /** Pseudonyms of an address and a user agent; bounded caches make a busy source a lookup. Sync and fast (hot path). */
  source(tenant: number, at: Milliseconds, ip: string | undefined, userAgent: string | undefined): Source
  /** Keyed digest of an unknown credential: `sha256` are the 32 bytes of SHA-256 of the presented text. */
  fingerprint(tenant: number, at: Milliseconds, sha256: Uint8Array): { readonly fingerprint: Uint8Array; readonly epoch: number }
  /** Keyed hash of a bound resource. */
  resource(tenant: number, resource: string): bigint
  /** Makes the epochs' keys ready ahead of time; called at start and every hour, and when a tenant is added. */
  prepare(tenant: number, at: Milliseconds): Promise<void>
  /** Destroys keys whose time is over; gives how many. */
  destroyExpiredKeys(at: Milliseconds): Promise<number>
  missing(): number
}
