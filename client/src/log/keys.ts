import type { Sha256 } from '../merkle.ts'
import { concat, fromBase64, malformed, toBase64, utf8 } from './bytes.ts'

/** What the formats need of cryptography; the platform's is handed in. Ed25519 as RFC 8032 says it, without the leniency of ZIP 215. */
export interface LogCrypto {
  readonly sha256: Sha256
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** The signature types of signed-note that are known here. 0x06 is read and ignored. */
export const SIGNATURE_TYPES = { ed25519: 0x01, cosignature: 0x04, cosignatureMlDsa44: 0x06 } as const

/** A public key of a note: its name and id say which signatures are its own. */
export interface NoteKey {
  readonly name: string
  /** The first four bytes of `SHA-256(name ‖ "\n" ‖ type ‖ public key)` as a number. */
  readonly id: number
  readonly type: number
  readonly publicKey: Uint8Array
}

/** A key that signs. `sign` makes the bare Ed25519 signature of the bytes it is given; it may ask an agent or a service. */
export interface NoteSigner {
  readonly key: NoteKey
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** A key with its id. */
export function createNoteKey(
  sha256: Sha256,
  key: { readonly name: string; readonly type: number; readonly publicKey: Uint8Array },
): NoteKey {
  const { name, type, publicKey } = key
  if (!isKeyName(name)) throw malformed('key name', 'no space and no +')
  if (publicKey.length !== PUBLIC_KEY_BYTES[type]) throw malformed('key', 'a known type and as many bytes as it has')
  const id = uint32(sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)))
  return { name, id, type, publicKey }
}

/** A verifier key's text: `name+id+base64(type ‖ public key)`. */
export function formatKey(key: NoteKey): string {
  return `${key.name}+${formatKeyId(key.id)}+${toBase64(concat(Uint8Array.of(key.type), key.publicKey))}`
}

/** Reads a verifier key's text; an id that is not its own is refused. */
export function parseKey(sha256: Sha256, text: string): NoteKey {
  const [, name = '', id = '', material = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  if (name === '') throw malformed('verifier key', 'name+id+base64')
  const bytes = fromBase64(material, 'verifier key')
  const key = createNoteKey(sha256, { name, type: bytes[0] ?? 0, publicKey: bytes.slice(1) })
  if (formatKeyId(key.id) !== id) throw malformed('verifier key', `the id ${formatKeyId(key.id)}`)
  return key
}

/** A key's id as eight hexadecimal digits. */
export function formatKeyId(id: number): string {
  return id.toString(16).padStart(8, '0')
}

/** Whether a name can stand in a note: not empty, no space, no plus. */
export function isKeyName(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- a control character would break the line
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}+\u0000-\u001f]/u.test(name)
}

/** The first four bytes, big-endian. */
export function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
}

const PUBLIC_KEY_BYTES: Readonly<Record<number, number>> = {
  [SIGNATURE_TYPES.ed25519]: 32,
  [SIGNATURE_TYPES.cosignature]: 32,
  [SIGNATURE_TYPES.cosignatureMlDsa44]: 1312,
}
