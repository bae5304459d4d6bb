/** Keys for HMAC over secrets, kept outside the database. `newest` 0 means none: secrets are stored as plain SHA-256. */
export interface Peppers {
  readonly newest: number
  readonly byNo: ReadonlyMap<number, Uint8Array>
}

/** No pepper is configured. */
export const NO_PEPPERS: Peppers = { newest: 0, byNo: new Map() }
