import { createHash, createPublicKey, verify } from 'node:crypto'
import { createTreeHash, type LogCrypto } from 'tokentrail/log'

/** Prefix of an Ed25519 public key in SPKI (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** The platform's cryptography, as the log's formats want it. */
export const LOG_CRYPTO: LogCrypto = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  verifyEd25519(publicKey, message, signature) {
    const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  },
}

/** The hashes of RFC 6962. */
export const TREE = createTreeHash(LOG_CRYPTO.sha256)
