import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Wraps a key under the key-encryption key: version ‖ nonce ‖ AES-256-GCM(key) ‖ tag, bound to what it is for. */
export function wrapKey(kek: Uint8Array, key: Uint8Array, purpose: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', kek, nonce).setAAD(Buffer.from(purpose))
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  return Buffer.concat([Uint8Array.of(VERSION), nonce, sealed, cipher.getAuthTag()])
}

/** Opens a wrapped key; throws when the key-encryption key, the purpose or a byte is another. */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array, purpose: string): Uint8Array {
  if (wrapped[0] !== VERSION || wrapped.length !== 1 + NONCE_BYTES + 32 + TAG_BYTES)
    throw new Error('not a wrapped key of version 1')
  const nonce = wrapped.subarray(1, 1 + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', kek, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(purpose))
  decipher.setAuthTag(wrapped.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(wrapped.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()])
}
