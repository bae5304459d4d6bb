import {
  cosign,
  formatNote,
  formatSignatureLine,
  parseCheckpoint,
  parseDecimal,
  parseHashes,
  parseNote,
  TokentrailError,
  verifyConsistency,
  verifyNote,
  withSignatures,
} from 'tokentrail/log'
import type { Checkpoint, Note, NoteKey, NoteSigner } from 'tokentrail/log'
import type { Clock } from '../../clock.ts'
import { LOG_CRYPTO, TREE } from '../crypto.ts'
import type { Seen, WitnessMemory } from './memory.ts'

/** An answer of the protocol. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly type: string
  readonly body: string
}

/** A witness of c2sp.org/tlog-witness 1.0.0. */
export interface Witness {
  /** `add-checkpoint`: cosigns what continues what it saw before, and remembers it durably before it answers. */
  addCheckpoint(body: string): Promise<WitnessAnswer>
  /** The last checkpoint it cosigned of a log, by the SHA-256 of the log's origin in hexadecimal. */
  latest(originDigest: string): WitnessAnswer
}

const SIZE_TYPE = 'text/x.tlog.size'
const TEXT_TYPE = 'text/plain; charset=utf-8'

export interface WitnessParts {
  readonly logs: readonly NoteKey[]
  readonly signer: NoteSigner
  readonly memory: WitnessMemory
  readonly clock: Clock
}

/** A witness over the logs it knows, its key and its memory. */
export function createWitness(parts: WitnessParts): Witness {
  const origins = new Map(parts.logs.map(({ name }) => [Buffer.from(LOG_CRYPTO.sha256(Buffer.from(name))).toString('hex'), name]))
  return {
    async addCheckpoint(body) {
      const request = readRequest(body)
      return request ? judge(parts, request) : text(400, 'The body is not "old <size>", hashes, an empty line and a checkpoint.')
    },
    latest(originDigest) {
      const origin = origins.get(originDigest)
      const seen = origin === undefined ? undefined : parts.memory.seen(origin)
      return seen
        ? { status: 200, type: TEXT_TYPE, body: seen.note }
        : text(404, 'No checkpoint of such a log was cosigned here.')
    },
  }
}

interface AddRequest {
  readonly old: bigint
  readonly proof: readonly Uint8Array[]
  readonly note: Note
  readonly checkpoint: Checkpoint
}

function readRequest(body: string): AddRequest | undefined {
  const split = body.indexOf('\n\n')
  const [old = '', ...hashes] = body.slice(0, Math.max(split, 0)).split('\n')
  if (!old.startsWith('old ')) return undefined
  try {
    const note = parseNote(body.slice(split + 2))
    return {
      old: parseDecimal(old.slice(4), 'old size'),
      proof: parseHashes(hashes),
      note,
      checkpoint: parseCheckpoint(note.text),
    }
  } catch (error) {
    if (error instanceof TokentrailError) return undefined
    throw error
  }
}

/** The checks of the protocol, in its order. */
async function judge(parts: WitnessParts, request: AddRequest): Promise<WitnessAnswer> {
  const { old, checkpoint } = request
  const keys = parts.logs.filter(({ name }) => name === checkpoint.origin)
  if (keys.length === 0) return text(404, 'This log is not known here.')
  const signatures = trustedSignatures(request.note, keys)
  if (signatures.length === 0) return text(403, 'No trusted key of this log has signed the checkpoint.')
  if (old > checkpoint.size) return text(400, 'The old size is larger than the checkpoint.')
  const last = parts.memory.seen(checkpoint.origin)
  if (old !== (last?.size ?? 0n) || isFork(checkpoint, last)) return conflict(last)
  if (!continues(request, last)) return text(422, 'The consistency proof does not verify.')
  return remember(parts, { ...request, note: { text: request.note.text, signatures } }, last)
}

/** Signs first, then swaps what is remembered, then hands out the signature: what is not remembered leaves no signature behind. */
async function remember(parts: WitnessParts, { note, checkpoint }: AddRequest, last: Seen | undefined): Promise<WitnessAnswer> {
  const time = timeOf(parts.clock, last)
  const cosignature = await cosign(note.text, parts.signer, time)
  const cosigned = formatNote(withSignatures(note, [cosignature]))
  const next = { size: checkpoint.size, root: checkpoint.root, time, note: cosigned }
  if (!parts.memory.replace(checkpoint.origin, last, next)) return conflict(parts.memory.seen(checkpoint.origin))
  return { status: 200, type: TEXT_TYPE, body: formatSignatureLine(cosignature) }
}

/** A clock that was set back must not make a later statement look earlier than the one before. */
function timeOf(clock: Clock, last: Seen | undefined): bigint {
  const now = BigInt(Math.floor(clock.now() / 1000))
  return last && last.time > now ? last.time : now
}

/** The signatures of keys that are trusted; none where one of them is bad. The others are not kept: they could be anything. */
function trustedSignatures(note: Note, keys: readonly NoteKey[]): Note['signatures'] {
  try {
    return verifyNote(LOG_CRYPTO, note, keys).map(({ signature }) => signature)
  } catch (error) {
    if (error instanceof TokentrailError) return []
    throw error
  }
}

/** The same size with another root: one of the two is a lie. */
function isFork(checkpoint: Checkpoint, last: Seen | undefined): boolean {
  return last?.size === checkpoint.size && !Buffer.from(last.root).equals(checkpoint.root)
}

function continues({ old, proof, checkpoint }: AddRequest, last: Seen | undefined): boolean {
  const claim = { from: old, to: checkpoint.size, fromRoot: last?.root ?? TREE.empty, toRoot: checkpoint.root, proof }
  return verifyConsistency(TREE, claim, { allowEmpty: true })
}

function conflict(last: Seen | undefined): WitnessAnswer {
  return { status: 409, type: SIZE_TYPE, body: `${String(last?.size ?? 0n)}\n` }
}

function text(status: WitnessAnswer['status'], sentence: string): WitnessAnswer {
  return { status, type: TEXT_TYPE, body: `${sentence}\n` }
}
