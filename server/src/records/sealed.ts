import type { Milliseconds } from 'tokentrail'

/** A value that could lead to a person, on its way into the audit log (trust: hidden fields of an entry). */
export interface ToSeal {
  readonly tenantNo: number
  /** Public id of the event, `evt_…`. */
  readonly event: string
  readonly field: string
  readonly value: string
  /** Number of the owner whom the value is about; 0 = nobody but the tenant. */
  readonly ownerNo: number
  readonly at: Milliseconds
}

/** What is kept of it: the value and its salt, encrypted under the subject's key. */
export interface SealedRow {
  readonly tenantNo: number
  readonly event: string
  readonly field: string
  /** Id of the key that opens it; destroying that key destroys value and salt. */
  readonly keyId: string
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
  readonly expiresAt: Milliseconds
}

/** A sealed value: its commitment (base64url, 43 characters) goes into the entry, its row beside it in one transaction. */
export interface Sealed {
  readonly commitment: string
  readonly row: SealedRow
}

/** Seals values, in their order. The keys it uses are durable before it resolves; a row that is never stored is harmless. */
export type Seal = (values: readonly ToSeal[]) => Promise<readonly Sealed[]>
