import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createNoteKey, createTreeHash, SIGNATURE_TYPES } from 'tokentrail/log'
import type { LogCrypto, NoteSigner } from 'tokentrail/log'

/** SHA-256 and Ed25519 of node:crypto, for the formats of the log. */
export const nodeCrypto: LogCrypto = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  verifyEd25519(publicKey, message, signature) {
    return verify(null, message, publicKeyOf(publicKey), signature)
  },
}

/** The tree's hashes over node:crypto. */
export const treeHash = createTreeHash(nodeCrypto.sha256)

/** What a key signs: checkpoints of its own log, or cosignatures for others. A key has one type. */
export type KeyUse = 'ed25519' | 'cosignature'

/** A signer from a private key in PEM (PKCS #8). */
export function signerFromPem(pem: string, name: string, use: KeyUse): NoteSigner {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('key: expected an Ed25519 key')
  return signerOf(key, name, use)
}

/** A signer from the 32 bytes of an Ed25519 seed. */
export function signerFromSeed(seed: Uint8Array, name: string, use: KeyUse): NoteSigner {
  if (seed.length !== 32) throw new TypeError('key: expected a seed of 32 bytes')
  return signerOf(createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' }), name, use)
}

/** A new private key as PEM. */
export function newPrivateKeyPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/** What stands before the seed in PKCS #8 (RFC 8410 §7), and before the public key in SPKI. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

function signerOf(key: KeyObject, name: string, use: KeyUse): NoteSigner {
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length))
  return {
    key: createNoteKey(nodeCrypto.sha256, { name, type: SIGNATURE_TYPES[use], publicKey }),
    sign: (message) => sign(null, message, key),
  }
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: 'der', type: 'spki' })
}
