import { textOf, toBase64 } from '../log/bytes.ts'
import { openCheckpoint, type OpenedCheckpoint } from '../log/checkpoint.ts'
import { formatKey, formatKeyId, type LogCrypto } from '../log/keys.ts'
import { NOTE_BYTES_MAX } from '../log/note.ts'
import { QUORUM_NONE, type LogPolicy } from '../log/policy.ts'
import { wholeOf } from './lines.ts'
import type { PackCheckpoint } from './pack.ts'
import { isQuorum } from './trust.ts'
import { PackBroken, type PackFolder } from './zip.ts'

/** Opens a checkpoint note under a policy: a log key of its origin has signed it, no known signature is wrong. */
export function openUnder(crypto: LogCrypto, policy: LogPolicy, note: string): OpenedCheckpoint {
  return openCheckpoint(crypto, note, {
    logs: policy.logs.map(({ key }) => key),
    witnesses: policy.witnesses.map(({ key }) => key),
  })
}

/** Reads a checkpoint of a pack; it must be the one that the manifest names. */
export async function readCheckpoint(
  folder: PackFolder,
  file: string,
  under: { readonly crypto: LogCrypto; readonly policy: LogPolicy; readonly origin: string },
  expected: PackCheckpoint,
): Promise<OpenedCheckpoint> {
  const note = textOf(await wholeOf(folder.read(file), NOTE_BYTES_MAX, file), file)
  const opened = openUnder(under.crypto, under.policy, note)
  if (opened.origin !== under.origin)
    throw new PackBroken(`This checkpoint is one of ${opened.origin}, not of ${under.origin}.`, file)
  if (opened.size !== BigInt(expected.size) || toBase64(opened.root) !== expected.root)
    throw new PackBroken('This checkpoint is not the one that report.json names.', file)
  return opened
}

/** Whether the cosignatures suffice, in words. */
export function quorumOf(policy: LogPolicy, checkpoint: OpenedCheckpoint): { readonly isMet: boolean; readonly says: string } {
  const cosigners = checkpoint.cosignatures.map(({ key }) => key)
  const isMet = isQuorum(policy, cosigners)
  if (policy.quorum === QUORUM_NONE && cosigners.length === 0)
    return { isMet, says: 'No witness was asked for, and none signed.' }
  const names = checkpoint.cosignatures.map(
    ({ key, time }) => `${key.name}+${formatKeyId(key.id)}${time === undefined ? '' : ` at ${atSeconds(time)}`}`,
  )
  const list = names.length === 0 ? 'none of the witnesses' : names.join(', ')
  return { isMet, says: isMet ? `Cosigned by ${list}.` : `The quorum ${policy.quorum} is not met: cosigned by ${list}.` }
}

/** The log key and the time in a sentence. */
export function signedBy(checkpoint: OpenedCheckpoint): string {
  return `size ${checkpoint.size.toLocaleString('en-US')}, root ${toBase64(checkpoint.root)}, signed by ${formatKey(checkpoint.logKey)}`
}

function atSeconds(seconds: bigint): string {
  const ms = Number(seconds) * 1000
  return ms < 8.64e15 ? new Date(ms).toISOString() : `second ${String(seconds)}`
}
