import { isSameHash, parseNote, parseSignatureLines, TokentrailError, verifyNote } from 'tokentrail/log'
import type { Note, OpenedCheckpoint, VerifiedSignature } from 'tokentrail/log'
import { TrailError } from '../../errors.ts'
import type { LogShard } from '../../records/audit.ts'
import type { PublishedCheckpoint } from '../audit.ts'
import { LOG_CRYPTO } from '../crypto.ts'
import { proveGrowth, rootAt } from '../proofs.ts'
import type { FolderView } from '../folder.ts'
import type { WitnessAnchor } from './config.ts'
import { addCheckpoint, latestOf } from './witness-client.ts'

/** What a witness shows that must not be: both signed by the log's own key. */
export interface AnchorAlarm {
  /** `restore`: it holds more than these records ever signed. `fork`: it holds another history. */
  readonly check: 'restore' | 'fork'
  readonly anchor: string
  readonly shard: string
  /** Leaves of the checkpoint that the witness holds. */
  readonly size: number
  readonly why: string
}

/** What a witness is asked with. */
export interface WitnessParts {
  readonly witness: WitnessAnchor
  /** The last size that this witness is known to hold of a shard; 0 where it is not known. */
  readonly heldSize: (shard: string) => number
  readonly shard: (name: string) => Promise<LogShard>
  /** The largest size of the shard that was ever fixed for signing. */
  readonly fixedSize: (shard: string) => Promise<number>
  readonly folder: (shard: LogShard) => Promise<FolderView>
  /** Takes a note whose cosignature is verified. */
  readonly keep: (checkpoint: PublishedCheckpoint, note: Note, cosignature: VerifiedSignature) => Promise<void>
  readonly alarm: (alarm: AnchorAlarm) => Promise<void>
  /** Told that the witness holds less than it once cosigned: its memory was rolled back, and it may cosign another history now. */
  readonly onFallBack: (from: number, to: bigint) => void
}

/** A witness may know more than we remember, then once less than it said; a third surprise waits for the next attempt. */
const TRIES_MAX = 3

/** Has one checkpoint cosigned. Throws where that did not come about; an alarm is raised only on what the log's own key has signed. */
export async function askWitness(parts: WitnessParts, checkpoint: PublishedCheckpoint, signal: AbortSignal): Promise<void> {
  const shard = await parts.shard(checkpoint.shard)
  const folder = await parts.folder(shard)
  const size = BigInt(checkpoint.size)
  const held = parts.heldSize(shard.name)
  let old = BigInt(Math.min(held, checkpoint.size))
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const proof = await proveGrowth(folder, shard.name, old, size)
    const reply = await addCheckpoint(parts.witness, { old, proof, note: checkpoint.note }, signal)
    if (reply.kind === 'cosigned') return keepCosigned(parts, checkpoint, reply.lines)
    if (reply.kind === 'disagrees' || reply.size === old) return disagree(parts, checkpoint, shard, folder, signal)
    if (reply.size > size) return runAhead(parts, shard, reply.size, signal)
    if (reply.size < BigInt(held)) parts.onFallBack(held, reply.size)
    old = reply.size
  }
  throw failed(`The witness ${parts.witness.name} named another size at each try.`)
}

async function keepCosigned(parts: WitnessParts, checkpoint: PublishedCheckpoint, lines: string): Promise<void> {
  const { text, signatures } = parseNote(checkpoint.note)
  try {
    const note = { text, signatures: parseSignatureLines(lines) }
    const [cosignature] = verifyNote(LOG_CRYPTO, note, [parts.witness.key])
    if (cosignature)
      return await parts.keep(checkpoint, { text, signatures: [...signatures, cosignature.signature] }, cosignature)
  } catch (error) {
    if (!(error instanceof TokentrailError)) throw error
  }
  throw failed(`The witness ${parts.witness.name} answered with a signature that its key has not made.`)
}

/** It says that it holds more than this checkpoint: another server may have been quicker, or these records are a restored backup. */
async function runAhead(parts: WitnessParts, shard: LogShard, held: bigint, signal: AbortSignal): Promise<void> {
  if (held <= BigInt(await parts.fixedSize(shard.name))) return
  const seen = await latestOf(parts.witness, shard, signal)
  const fixed = await parts.fixedSize(shard.name)
  if (!seen || seen.size <= BigInt(fixed))
    throw failed(`The witness ${parts.witness.name} names the size ${String(held)} and shows no checkpoint of it.`)
  const why = `The witness ${parts.witness.name} holds a checkpoint of size ${String(seen.size)} that the log's key has signed; these records end at ${String(fixed)}. They are a restored backup, or another log signs with this key.`
  await parts.alarm({ check: 'restore', anchor: parts.witness.name, shard: shard.name, size: Number(seen.size), why })
  throw failed(why)
}

/** It says that this checkpoint does not continue what it holds: that is a fork if the log's key has signed what it holds. */
async function disagree(
  parts: WitnessParts,
  checkpoint: PublishedCheckpoint,
  shard: LogShard,
  folder: FolderView,
  signal: AbortSignal,
): Promise<void> {
  const seen = await latestOf(parts.witness, shard, signal)
  if (!seen)
    throw failed(`The witness ${parts.witness.name} refuses the checkpoint and shows none that the log's key has signed.`)
  if (seen.size > BigInt(checkpoint.size)) return runAhead(parts, shard, seen.size, signal)
  if (await isOurs(seen, checkpoint, folder))
    throw failed(`The witness ${parts.witness.name} refuses a checkpoint that continues the one it shows.`)
  const why = `The witness ${parts.witness.name} holds a checkpoint of size ${String(seen.size)} with another root than the log has there, and the log's key has signed it: there are two histories.`
  await parts.alarm({ check: 'fork', anchor: parts.witness.name, shard: shard.name, size: Number(seen.size), why })
  throw failed(why)
}

async function isOurs(seen: OpenedCheckpoint, checkpoint: PublishedCheckpoint, folder: FolderView): Promise<boolean> {
  return isSameHash(seen.root, await rootAt(folder, checkpoint.shard, seen.size, checkpoint.size))
}

function failed(message: string): TrailError {
  return new TrailError('anchor_failed', message)
}
