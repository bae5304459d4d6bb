import { setTimeout } from 'node:timers/promises'
import {
  consistencyProof,
  formatProof,
  parseNote,
  proofNodes,
  proofRanges,
  toBase64Url,
  verifyNote,
  type NoteKey,
  type TreeSize,
} from 'tokentrail/log'
import { PACK_FILES } from 'tokentrail/verify'
import type { AuditLog, LogProof } from '../../audit/audit.ts'
import { LOG_CRYPTO, TREE } from '../../audit/crypto.ts'
import { openLogHashes } from './log-hashes.ts'
import type { LogPart } from './log-part.ts'
import type { PackFolder } from './pack-folder.ts'

const WAIT_MS = 10_000
const LOOK_EVERY_MS = 100

/**
 * Adds the proof of the pack's own export: its entry, the way to a checkpoint, and that this one continues the pack's last. Says
 * whether it could: after a change of shard it cannot, and the pack stands without.
 */
export async function writeAfter(
  folder: PackFolder,
  audit: AuditLog,
  { span, policy }: LogPart,
  event: string,
): Promise<boolean> {
  await audit.flush(WAIT_MS)
  const witnesses = policy.witnesses.map(({ key }) => key)
  const proof = await seenProof(() => audit.proof(event, { waitMs: WAIT_MS }), witnesses, WAIT_MS)
  if (proof === null || proof.origin !== span.shard.origin || proof.entry.index < span.last.size) return false
  const hashes = await consistencyOf(audit, span.shard.name, span.last.size, proof.size)
  await folder.put(PACK_FILES.afterEntry, proof.entry.bytes)
  await folder.put(
    PACK_FILES.afterProof,
    formatProof({ index: proof.entry.index, hashes: proof.hashes, checkpoint: proof.checkpoint }),
  )
  const consistency = { from: span.last.size, hashes: hashes.map(toBase64Url), to: proof.size }
  await folder.put(PACK_FILES.afterConsistency, `${JSON.stringify(consistency)}\n`)
  return true
}

/** Asks until a witness has signed the checkpoint, where there are any: readers count it under their quorum only. In the end takes what there is. */
export async function seenProof(
  ask: () => Promise<LogProof | null>,
  witnesses: readonly NoteKey[],
  waitMs: number,
): Promise<LogProof | null> {
  const until = performance.now() + waitMs
  for (;;) {
    const proof = await ask()
    const isSeen = proof === null || witnesses.length === 0 || isSignedBy(proof.checkpoint, witnesses)
    if (isSeen || performance.now() >= until) return proof
    await setTimeout(LOOK_EVERY_MS)
  }
}

function isSignedBy(checkpoint: string, witnesses: readonly NoteKey[]): boolean {
  return verifyNote(LOG_CRYPTO, parseNote(checkpoint), witnesses).length > 0
}

async function consistencyOf(audit: AuditLog, shard: string, from: number, to: number): Promise<readonly Uint8Array[]> {
  const ranges = proofRanges(0, from, to)
  const hashOf = await openLogHashes(audit, shard, to).loaded(proofNodes(ranges))
  return consistencyProof(TREE, from, to satisfies TreeSize, hashOf)
}
