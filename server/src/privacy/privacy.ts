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
  /** The address, encrypted, where the tenant keeps it for some days; else empty. */
  sealAddress(tenant: number, at: Milliseconds, ip: string | undefined): string
  /** The tenant's setting was changed: its keys are made, or destroyed where it is off now. */
  sealedDaysChanged(tenant: number): Promise<void>
  /** Reads it again; null when its key was destroyed. */
  openAddress(tenant: number, at: Milliseconds, sealed: string): string | null
  /** Every pseudonym that an address has under the living keys of a tenant. Re-identification: for few, and recorded. */
  pseudonyms(tenant: number, ip: string): readonly Pseudonym[]
  /**
   * Destroys the keys of the days of a tenant and makes new ones: what hashes of erased rows still hold cannot be tried against addresses
   * then. Addresses of today are others from now on.
   */
  renewDays(tenant: number): Promise<number>
  /** Reads all keys anew: another server may have destroyed or replaced some. */
  reload(): Promise<void>
  /** Wraps every key under the newest key-encryption key; gives how many it touched. */
  rewrap(): Promise<number>
}

/** What an address or its network was called in an epoch. */
export interface Pseudonym {
  readonly domain: 'address_day' | 'address_month' | 'network'
  /** Decimal, 64 bit unsigned; what the store's column of the same name holds. */
  readonly value: bigint
  readonly epoch: number
  /** The end of the epoch. */
  readonly until: Milliseconds
}
