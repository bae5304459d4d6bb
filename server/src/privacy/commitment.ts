import { createHash } from 'node:crypto'

const DOMAIN = Buffer.from('tokentrail/commit/v1\0')

/** What opens a commitment of an entry. */
export interface Disclosure {
  readonly event: string
  readonly field: string
  readonly salt: Uint8Array
  readonly value: string
}

/** The commitment that stands in an entry for a hidden field: base64url, 43 characters. */
export function commitment({ event, field, salt, value }: Disclosure): string {
  const hash = createHash('sha256').update(DOMAIN)
  for (const part of [event, field].map((text) => Buffer.from(text))) hash.update(lengthOf(part)).update(part)
  return hash.update(salt).update(value).digest('base64url')
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(part.length)
  return length
}
