import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

const VERSION = 2
const ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + ID_BYTES

/** Wraps keys under the key-encryption key. Everything that can open a key goes through here, so that it can be changed in one place. */
export interface KeyEncryption {
  /** Version ‖ id of the key-encryption key ‖ nonce ‖ AES-256-GCM(key) ‖ tag, bound to what it is for. */
  wrap(key: Uint8Array, purpose: string): Uint8Array
  /** Opens a wrapped key; throws when the key-encryption key, the purpose or a byte is another. */
  unwrap(wrapped: Uint8Array, purpose: string): Uint8Array
  /** Is it wrapped under the newest key-encryption key? */
  isNewest(wrapped: Uint8Array): boolean
}

/** Gives the newest key-encryption key first and, while it is being changed, its predecessor after it. */
export type KeyEncryptionKeys = () => readonly [Uint8Array, ...Uint8Array[]]

/** A predecessor that was destroyed on disk is not used longer than this. */
const KNOWN_MS = 60_000

/** Asks for the keys anew at every wrapping, so that no server wraps under one that another has begun to replace. */
export function createKeyEncryption(keks: KeyEncryptionKeys): KeyEncryption {
  let known = keks()
  let readAt = performance.now()
  if (known.some((kek) => kek.length !== 32)) throw new TypeError('kek: expected 32 bytes')
  const newest = () => {
    readAt = performance.now()
    return (known = keks())[0]
  }
  const opening = (wrapped: Uint8Array) => known.find((kek) => isUnder(kek, wrapped))
  return {
    wrap: (key, purpose) => wrapKey(newest(), key, purpose),
    unwrap(wrapped, purpose) {
      if (performance.now() - readAt > KNOWN_MS) newest()
      const kek = opening(wrapped) ?? (newest(), opening(wrapped))
      if (!kek) throw new Error('not a wrapped key of a key-encryption key that is at hand')
      return unwrapKey(kek, wrapped, purpose)
    },
    isNewest: (wrapped) => isUnder(newest(), wrapped),
  }
}

function wrapKey(kek: Uint8Array, key: Uint8Array, purpose: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', kek, nonce).setAAD(Buffer.from(purpose))
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  return Buffer.concat([Uint8Array.of(VERSION), idOf(kek), nonce, sealed, cipher.getAuthTag()])
}

function unwrapKey(kek: Uint8Array, wrapped: Uint8Array, purpose: string): Uint8Array {
  if (wrapped.length !== HEAD_BYTES + NONCE_BYTES + 32 + TAG_BYTES) throw new Error('not a wrapped key of version 2')
  const nonce = wrapped.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', kek, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(purpose))
  decipher.setAuthTag(wrapped.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(wrapped.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES)), decipher.final()])
}

function isUnder(kek: Uint8Array, wrapped: Uint8Array): boolean {
  return wrapped[0] === VERSION && idOf(kek).equals(wrapped.subarray(1, HEAD_BYTES))
}

/** Names a key-encryption key without telling it: it is 32 random bytes, so no guess is tried against this. */
function idOf(kek: Uint8Array): Buffer {
  return createHash('sha256').update('tokentrail/kek/v1\0').update(kek).digest().subarray(0, ID_BYTES)
}
