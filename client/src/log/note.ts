import { TokentrailError } from '../errors.ts'
import { concat, fromBase64, malformed, toBase64, utf8 } from './bytes.ts'
import { isKeyName, SIGNATURE_TYPES, uint32 } from './keys.ts'
import type { LogCrypto, NoteKey, NoteSigner } from './keys.ts'

/** Signed notes 1.0.0 (c2sp.org/signed-note), with cosignatures 1.0.1 (c2sp.org/tlog-cosignature) among the signatures. */
export interface Note {
  /** The signed text with its last newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** One signature line. */
export interface NoteSignature {
  readonly name: string
  readonly id: number
  /** What follows the key's id. */
  readonly bytes: Uint8Array
}

/** A signature that a known key has made. */
export interface VerifiedSignature {
  readonly key: NoteKey
  readonly signature: NoteSignature
  /** Seconds since 1970 that a cosignature states; absent for others. */
  readonly time?: bigint
}

export const NOTE_BYTES_MAX = 128 * 1024
export const SIGNATURE_COUNT_MAX = 64

/** Reads a note without believing it. */
export function parseNote(note: string): Note {
  if (note.length > NOTE_BYTES_MAX) throw malformed('note', `at most ${String(NOTE_BYTES_MAX)} bytes`)
  // eslint-disable-next-line no-control-regex -- the format forbids control characters
  if (!note.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(note))
    throw malformed('note', 'text without control characters')
  const split = note.lastIndexOf('\n\n')
  const lines = note.slice(split + 2)
  if (split < 0 || lines === '') throw malformed('note', 'a text, an empty line and signatures')
  return { text: note.slice(0, split + 1), signatures: parseSignatureLines(lines) }
}

/** Reads signature lines, each ended by a newline. */
export function parseSignatureLines(lines: string): NoteSignature[] {
  if (!lines.endsWith('\n')) throw malformed('signatures', 'a newline at the end')
  const each = lines.slice(0, -1).split('\n')
  if (each.length > SIGNATURE_COUNT_MAX) throw malformed('signatures', `at most ${String(SIGNATURE_COUNT_MAX)}`)
  return each.map(parseSignatureLine)
}

/** Writes a note's text and signatures. */
export function formatNote(note: Note): string {
  return `${note.text}\n${note.signatures.map(formatSignatureLine).join('')}`
}

/** One signature line with its newline. */
export function formatSignatureLine(signature: NoteSignature): string {
  const id = new Uint8Array(4)
  new DataView(id.buffer).setUint32(0, signature.id)
  return `— ${signature.name} ${toBase64(concat(id, signature.bytes))}\n`
}

/**
 * The signatures that known keys have made, one for each key. A signature of an unknown key is ignored; one of a known key that
 * does not verify throws `signature_bad`. Nothing of the text may be believed when the answer is empty.
 */
export function verifyNote(crypto: LogCrypto, note: Note, keys: readonly NoteKey[]): VerifiedSignature[] {
  const verified = new Map<NoteKey, VerifiedSignature>()
  for (const signature of note.signatures) {
    const key = keys.find((known) => known.name === signature.name && known.id === signature.id)
    const scheme = key && SCHEMES[key.type]
    if (!key || !scheme || verified.has(key)) continue
    verified.set(key, { key, signature, ...scheme(crypto, key, note.text, signature) })
  }
  return [...verified.values()]
}

/** Signs a text, which must end in a newline. */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!text.endsWith('\n')) throw malformed('note', 'a newline at the end of the text')
  const signatures: NoteSignature[] = []
  for (const signer of signers) signatures.push(await signText(text, signer))
  const note = formatNote({ text, signatures })
  parseNote(note)
  return note
}

/** The cosignature of a checkpoint's text at a time in seconds. */
export async function cosign(text: string, signer: NoteSigner, seconds: bigint): Promise<NoteSignature> {
  if (signer.key.type !== SIGNATURE_TYPES.cosignature) throw malformed('key', 'the type of cosignatures')
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, seconds)
  const bytes = await signer.sign(cosignedMessage(text, seconds))
  return { name: signer.key.name, id: signer.key.id, bytes: concat(time, bytes) }
}

/** The note with more signatures; of each name and id the first one stays. */
export function withSignatures(note: Note, more: readonly NoteSignature[]): Note {
  const known = new Set(note.signatures.map(placeOf))
  const added = more.filter((signature) => !known.has(placeOf(signature)))
  return { text: note.text, signatures: [...note.signatures, ...added] }
}

/** Checks a signature of one type and gives what it states besides. */
type Scheme = (crypto: LogCrypto, key: NoteKey, text: string, signature: NoteSignature) => { readonly time?: bigint }

/** A type without a row is read and ignored: 0x06 in this version. */
const SCHEMES: Readonly<Record<number, Scheme>> = {
  [SIGNATURE_TYPES.ed25519](crypto, key, text, signature) {
    requireGood(crypto, key, utf8(text), signature.bytes)
    return {}
  },
  [SIGNATURE_TYPES.cosignature](crypto, key, text, signature) {
    const time = timeOf(signature)
    requireGood(crypto, key, cosignedMessage(text, time), signature.bytes.subarray(8))
    return { time }
  },
}

function requireGood(crypto: LogCrypto, key: NoteKey, message: Uint8Array, signature: Uint8Array): void {
  if (signature.length === 64 && crypto.verifyEd25519(key.publicKey, message, signature)) return
  throw new TokentrailError('signature_bad', `note: the signature of ${key.name} does not verify`)
}

async function signText(text: string, signer: NoteSigner): Promise<NoteSignature> {
  if (signer.key.type !== SIGNATURE_TYPES.ed25519) throw malformed('key', 'the type of plain Ed25519 signatures')
  return { name: signer.key.name, id: signer.key.id, bytes: await signer.sign(utf8(text)) }
}

/** The message of tlog-cosignature: a header for domain separation, the time, the whole text. */
function cosignedMessage(text: string, seconds: bigint): Uint8Array {
  return utf8(`cosignature/v1\ntime ${String(seconds)}\n${text}`)
}

function timeOf(signature: NoteSignature): bigint {
  const { bytes } = signature
  if (bytes.length < 8) throw malformed('cosignature', 'a time of 8 bytes')
  const time = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
  if (time >= 2n ** 63n) throw malformed('cosignature', 'a time of at most 2^63 - 1')
  return time
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name = '', encoded = '', ...more] = line.split(' ')
  if (dash !== '—' || !isKeyName(name) || more.length > 0) throw malformed('signature', '"— name base64"')
  const bytes = fromBase64(encoded, 'signature')
  if (bytes.length < 5) throw malformed('signature', 'the id of a key and a signature')
  return { name, id: uint32(bytes), bytes: bytes.slice(4) }
}

function placeOf(signature: NoteSignature): string {
  return `${signature.name}+${String(signature.id)}`
}
