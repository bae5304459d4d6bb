import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNoteKey, createTreeHash, SIGNATURE_TYPES } from '../../src/log/index.ts'
import type { LogCrypto, NoteSigner } from '../../src/log/index.ts'

const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

export const crypto: LogCrypto = {
  sha256: (bytes) => Uint8Array.from(hash('sha256', bytes, 'binary'), (char) => char.charCodeAt(0)),
  verifyEd25519(publicKey, message, signature) {
    const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, publicKey]), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  },
}

export const tree = createTreeHash(crypto.sha256)

/** A key from 32 equal bytes, or from a seed. */
export function signerOf(name: string, seed: number | Uint8Array, use: 'ed25519' | 'cosignature' = 'ed25519'): NoteSigner {
  const bytes = typeof seed === 'number' ? Buffer.alloc(32, seed) : seed
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, bytes]), format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length))
  const key = createNoteKey(crypto.sha256, { name, type: SIGNATURE_TYPES[use], publicKey })
  return { key, sign: (message) => new Uint8Array(sign(null, message, secret)) }
}

/** Leaf hashes that are easy to tell apart. */
export function leavesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => tree.leaf(Uint8Array.of(at & 255, at >> 8)))
}

/** Published vectors stand beside the checkout; they are not part of it. */
const VECTORS = fileURLToPath(new URL('../../../../shared/vectors', import.meta.url))

/** Whether the published vectors are there. A run without them says so loudly, for then nothing outside vouches for the formats. */
export function haveVectors(): boolean {
  if (existsSync(VECTORS)) return true
  process.stderr.write('SKIPPED log.known-answers: needs ../shared/vectors; without it the formats agree only with themselves\n')
  return false
}

export function readVector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(VECTORS, path)))
}

export function textVector(path: string): string {
  return readFileSync(join(VECTORS, path), 'utf8')
}

/** Every file below a folder of the vectors, by its path. */
export function filesIn(folder: string): string[] {
  return readdirSync(join(VECTORS, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(VECTORS.length + 1))
    .toSorted()
}

/** `notes-kat.json`, as far as the tests read it. */
export interface KnownNotes {
  readonly c2sp_signed_note_example: { readonly vkey: string; readonly note: string }
  readonly go_sumdb_note_example: { readonly skey: string; readonly vkey: string; readonly note: string }
  readonly cosignature_v1_0x04: {
    readonly vkey: string
    readonly note_file: string
    readonly origin: string
    readonly origin_sha256_hex: string
  }
  readonly tessera_testlog: { readonly vkey: string; readonly dir: string }
  readonly subtree_accumulated: {
    readonly subtree_hash: string
    readonly subtree_inclusion: string
    readonly subtree_consistency: string
  }
  readonly rfc6962_reference: {
    readonly leaves_hex: readonly string[]
    readonly root_size8_b64: string
    readonly empty_root_hex: string
  }
}

export function knownNotes(): KnownNotes {
  return JSON.parse(textVector('notes-kat.json')) as KnownNotes
}
