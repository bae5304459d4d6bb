import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { LogCrypto } from 'tokentrail/log'
import { openZip, type PackFolder, type Sha256Stream } from 'tokentrail/verify'

/** SHA-256 and Ed25519 without the platform: a page that lies on a disk is not everywhere given the platform's. */
export const CRYPTO: LogCrypto = {
  sha256,
  verifyEd25519(publicKey, message, signature) {
    try {
      return ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
}

export const sha256Stream: Sha256Stream = () => {
  const hash = sha256.create()
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}

/** Opens a pack that a reader chose. It is read piece by piece, where it lies. */
export function openFile(file: Blob): Promise<PackFolder> {
  return openZip({
    bytes: file.size,
    read: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
  })
}
