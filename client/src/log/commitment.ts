import type { Sha256 } from '../merkle.ts'
import { concat, malformed, utf8 } from './bytes.ts'

export const SALT_BYTES = 32

/** What opens a commitment: handed to those who may know the value. */
export interface Opening {
  /** The event's id as the entry shows it. */
  readonly event: string
  readonly field: string
  /** 32 random bytes; destroyed with the value, nobody can find the value by trying. */
  readonly salt: Uint8Array
  /** The value's text; what is no text is committed to as canonical JSON. */
  readonly value: string
}

/** The commitment to a hidden value: `SHA-256("tokentrail/commit/v1" ‖ 0x00 ‖ len16 event ‖ len16 field ‖ salt ‖ value)`. */
export function commitmentOf(sha256: Sha256, opening: Opening): Uint8Array {
  if (opening.salt.length !== SALT_BYTES) throw malformed('salt', `${String(SALT_BYTES)} bytes`)
  return sha256(
    concat(HEAD, lengthFirst(opening.event, 'event'), lengthFirst(opening.field, 'field'), opening.salt, utf8(opening.value)),
  )
}

const HEAD = utf8('tokentrail/commit/v1\0')

function lengthFirst(text: string, what: string): Uint8Array {
  const bytes = utf8(text)
  if (bytes.length > 0xffff) throw malformed(what, 'at most 65,535 bytes')
  return concat(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes)
}
