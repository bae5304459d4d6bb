import { createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createNoteKey, formatKey, formatKeyId, fromBase64, SIGNATURE_TYPES, toBase64, type NoteSigner } from 'tokentrail/log'
import { TrailError } from '../errors.ts'
import { LOG_CRYPTO } from './crypto.ts'

/** The key of one shard, or of a witness. */
export interface LogKey {
  readonly vkey: string
  readonly signer: NoteSigner
}

/** Prefix of an Ed25519 seed in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32

/** What a key signs: checkpoints of its own log, or cosignatures of others' logs. A key signs one of them for ever. */
type KeyUse = 'ed25519' | 'cosignature'

/** The key file of a shard: each has a key of its own, which goes when the shard is closed. */
export function keyFileOf(o: { readonly keyFile: string; readonly install: string }, shard: string): string {
  return `${o.keyFile}-${o.install}-${shard}`
}

/** Makes the key of a new shard, unless its file is there. Written beside and linked into place, so that two servers that start at once read the same key. */
export function makeLogKey(file: string, origin: string, use: KeyUse = 'ed25519'): LogKey {
  const known = readLogKey(file, origin, use)
  if (known) return known
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, formatSecret(origin, randomBytes(SEED_BYTES), use), { mode: 0o600, flush: true })
  try {
    linkSync(draft, file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  } finally {
    rmSync(draft, { force: true })
  }
  const made = readLogKey(file, origin, use)
  if (made) return made
  throw new TrailError('config_invalid', `The key file ${file} cannot be read by this user.`)
}

/** The key of a shard; `undefined` without its file. A file of another log is refused. */
export function readLogKey(file: string, origin: string, use: KeyUse = 'ed25519'): LogKey | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new TrailError('config_invalid', `The key file ${file} cannot be read by this user.`, { cause })
  }
  return parseSecret(text, origin, use) ?? refuse(file, origin)
}

/** Forgets a private key that may sign nothing more. */
export function forgetLogKey(file: string): void {
  rmSync(file, { force: true })
}

/** The form of Go's note package: `PRIVATE+KEY+<name>+<id>+<base64 of type and seed>`. */
function formatSecret(origin: string, seed: Uint8Array, use: KeyUse): string {
  const { id, type } = keyOf(origin, secretOf(seed), use)
  return `PRIVATE+KEY+${origin}+${formatKeyId(id)}+${toBase64(Buffer.concat([Uint8Array.of(type), seed]))}\n`
}

function parseSecret(text: string, origin: string, use: KeyUse): LogKey | undefined {
  const [, name, , material = ''] = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  if (name !== origin) return undefined
  const bytes = fromBase64(material, 'private key')
  if (bytes.length !== 1 + SEED_BYTES || bytes[0] !== SIGNATURE_TYPES[use]) return undefined
  const secret = secretOf(bytes.subarray(1))
  const key = keyOf(origin, secret, use)
  return { vkey: formatKey(key), signer: { key, sign: (message) => new Uint8Array(sign(null, message, secret)) } }
}

function secretOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
}

function keyOf(name: string, secret: KeyObject, use: KeyUse) {
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  return createNoteKey(LOG_CRYPTO.sha256, {
    name,
    type: SIGNATURE_TYPES[use],
    publicKey: new Uint8Array(spki.subarray(-SEED_BYTES)),
  })
}

function refuse(file: string, origin: string): never {
  throw new TrailError('config_invalid', `The file ${file} must hold the private key of ${origin}; restore it from a backup.`)
}
