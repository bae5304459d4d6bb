import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { DigestScheme, TokenRecord } from '../records/records.ts'
import type { Peppers } from './peppers.ts'

const DIGEST_BYTES = 32

/** Schemes of imported tokens: the digest is over the whole text, not over the secret of our form. */
export const FOREIGN_SCHEMES = ['sha256:hex', 'sha256:base64', 'sha512-256'] as const satisfies readonly DigestScheme[]
export type ForeignScheme = (typeof FOREIGN_SCHEMES)[number]

/**
 * 32 bytes as a string of 32 one-byte characters: a third of a buffer's memory and a third of its time to make. It is
 * the form in which this folder holds digests.
 */
export type Digest = string

/** Makes and compares digests of secrets. */
export interface Digests {
  /** The scheme of new secrets: the newest pepper, or plain SHA-256. */
  readonly scheme: DigestScheme
  /** What a secret (or a foreign text) hashes to; `undefined` under a scheme or pepper that is not at hand. */
  of(scheme: DigestScheme, secret: string): Digest | undefined
}

/** Checks the peppers and gives their digests. */
export function createDigests(peppers: Peppers): Digests {
  const keys = new Map<string, KeyObject>()
  for (const [no, pepper] of peppers.byNo) {
    if (pepper.length < DIGEST_BYTES) throw new TypeError(`peppers: expected at least 32 bytes in number ${no}`)
    keys.set(`hmac-sha256:${no}`, createSecretKey(pepper))
  }
  const scheme: DigestScheme = peppers.newest === 0 ? 'sha256' : `hmac-sha256:${peppers.newest}`
  if (scheme !== 'sha256' && !keys.has(scheme))
    throw new TypeError(`peppers: the newest, number ${peppers.newest}, is not among them`)
  return {
    scheme,
    of(scheme, secret) {
      if (scheme === 'sha256' || scheme === 'sha256:hex' || scheme === 'sha256:base64') return sha256(secret)
      if (scheme === 'sha512-256') return hash('sha512-256', secret, 'binary')
      const key = keys.get(scheme)
      return key && createHmac('sha256', key).update(secret).digest('binary')
    },
  }
}

/** SHA-256 of a text. */
export function sha256(text: string): Digest {
  return hash('sha256', text, 'binary')
}

/** A digest's bytes, as records and journal hold them. */
export function bytesOf(digest: Digest): Uint8Array {
  return Buffer.from(digest, 'latin1')
}

/** The digest of a record's bytes. */
export function digestOfBytes(bytes: Uint8Array): Digest {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** A record as it leaves this folder: digest and salt stay inside. */
export function withoutSecret(token: TokenRecord): TokenRecord {
  return token.digest === null && token.salt === null ? token : { ...token, digest: null, salt: null }
}

const left = Buffer.alloc(DIGEST_BYTES)
const right = Buffer.alloc(DIGEST_BYTES)

/** Compares two digests in constant time. What is not 32 bytes long equals nothing. */
export function isSameDigest(a: Digest, b: Digest): boolean {
  left.write(a, 'latin1')
  right.write(b, 'latin1')
  return timingSafeEqual(left, right) && a.length === DIGEST_BYTES && b.length === DIGEST_BYTES
}
