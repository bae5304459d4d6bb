import { createHash } from 'node:crypto'

/** SHA-256, as commitments and digests of settings take it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/** What the entry of a changed setting says of its value. */
export function digestOfValue(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}
