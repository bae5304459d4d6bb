/** Verifies a zip that lies in memory, as the command line and the page do with one on a disk. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import type { LogCrypto } from 'tokentrail/log'
import {
  fails,
  openZip,
  PackBroken,
  readTrust,
  verification,
  verifyPack,
  type Sha256Stream,
  type Verification,
} from 'tokentrail/verify'

const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

export const nodeCrypto: LogCrypto = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  verifyEd25519(publicKey, message, signature) {
    const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  },
}

export const sha256Stream: Sha256Stream = () => {
  const hash = createHash('sha256')
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}

/** A zip under the keys of a reader. */
export async function verifyZip(zip: Uint8Array, reader: string, crypto: LogCrypto = nodeCrypto): Promise<Verification> {
  try {
    const folder = await openZip({ bytes: zip.length, read: async (from, to) => zip.subarray(from, to) })
    return await verifyPack({ folder, trust: readTrust(crypto, reader), older: [], crypto, sha256Stream, now: 0 })
  } catch (error) {
    if (!(error instanceof PackBroken)) throw error
    return verification([fails('manifest', error.message)])
  }
}
