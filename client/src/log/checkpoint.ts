import { TokentrailError } from '../errors.ts'
import { HASH_BYTES } from '../merkle.ts'
import type { TreeSize } from '../merkle.ts'
import { fromBase64, malformed, parseDecimal, toBase64 } from './bytes.ts'
import type { LogCrypto, NoteKey, NoteSigner } from './keys.ts'
import { parseNote, signNote, verifyNote } from './note.ts'
import type { Note, VerifiedSignature } from './note.ts'

/** The state of a log (c2sp.org/tlog-checkpoint 1.0.0). */
export interface Checkpoint {
  /** Which log. */
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
  /** Lines after the root; read from others, never written here. */
  readonly extensions: readonly string[]
}

/** Reads a checkpoint's text: the text of its note. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = text.split('\n')
  const extensions = rest.slice(0, -1)
  if (origin === '' || rest.at(-1) !== '') throw malformed('checkpoint', 'origin, size and root, each on a line')
  if (extensions.includes('')) throw malformed('checkpoint', 'no empty line')
  const hash = fromBase64(root, 'checkpoint root')
  if (hash.length !== HASH_BYTES) throw malformed('checkpoint root', `${String(HASH_BYTES)} bytes`)
  return { origin, size: parseDecimal(size, 'checkpoint size'), root: hash, extensions }
}

/** A checkpoint's text, without extension lines. */
export function formatCheckpoint(checkpoint: {
  readonly origin: string
  readonly size: TreeSize
  readonly root: Uint8Array
}): string {
  const text = `${checkpoint.origin}\n${String(checkpoint.size)}\n${toBase64(checkpoint.root)}\n`
  parseCheckpoint(text)
  return text
}

/** Signs a checkpoint with the log's key. Ed25519 is deterministic: the same checkpoint gives the same note. */
export function signCheckpoint(
  checkpoint: { readonly origin: string; readonly size: TreeSize; readonly root: Uint8Array },
  signer: NoteSigner,
): Promise<string> {
  return signNote(formatCheckpoint(checkpoint), [signer])
}

/** A checkpoint whose log signature verified, with the cosignatures that known witnesses made. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly note: Note
  readonly logKey: NoteKey
  readonly cosignatures: readonly VerifiedSignature[]
}

/**
 * Reads and believes a checkpoint note: one of the log keys must have signed it, and its name must be the origin. Throws
 * `signature_bad` where no log key did, or where the signature of any known key is wrong.
 */
export function openCheckpoint(
  crypto: LogCrypto,
  text: string,
  keys: { readonly logs: readonly NoteKey[]; readonly witnesses?: readonly NoteKey[] },
): OpenedCheckpoint {
  const note = parseNote(text)
  const checkpoint = parseCheckpoint(note.text)
  const logs = keys.logs.filter((key) => key.name === checkpoint.origin)
  const [logKey] = verifyNote(crypto, note, logs)
  if (!logKey) throw new TokentrailError('signature_bad', `checkpoint: no trusted key of ${checkpoint.origin} has signed it`)
  return { ...checkpoint, note, logKey: logKey.key, cosignatures: verifyNote(crypto, note, keys.witnesses ?? []) }
}
