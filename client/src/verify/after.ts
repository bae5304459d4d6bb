import { fromBase64Url, textOf, toHex } from '../log/bytes.ts'
import { checkCanonical } from '../log/canonical.ts'
import type { OpenedCheckpoint } from '../log/checkpoint.ts'
import { ENTRY_BYTES_MAX } from '../log/bundle.ts'
import type { LogCrypto } from '../log/keys.ts'
import { NOTE_BYTES_MAX, verifyNote } from '../log/note.ts'
import type { LogPolicy } from '../log/policy.ts'
import { formatProof, parseProof } from '../log/proof.ts'
import { createTreeHash, isSameHash, verifyConsistency, verifyInclusion } from '../merkle.ts'
import { openUnder, quorumOf } from './checkpoint.ts'
import { wholeOf } from './lines.ts'
import { EXPORTED_DIGEST, PACK_FILES, type ConsistencyProof } from './pack.ts'
import { PackBroken, type PackFolder } from './zip.ts'

const PROOF_BYTES_MAX = NOTE_BYTES_MAX + 8192
const FILES = [PACK_FILES.afterEntry, PACK_FILES.afterProof, PACK_FILES.afterConsistency] as const

/** What the log itself says of this export. */
export interface After {
  readonly index: bigint
  readonly checkpoint: OpenedCheckpoint
  /** Whether the reader's witnesses have seen it; otherwise whoever holds the log key could have made it alone. */
  readonly quorum: { readonly isMet: boolean; readonly says: string }
}

/**
 * Follows the entry of the export into the log. It is not covered by the manifest, so nothing in it may be of no
 * consequence: every signature on its checkpoint must be one of the pack's own policy. `undefined` when it is not there.
 */
export async function readAfter(
  folder: PackFolder,
  of: {
    readonly crypto: LogCrypto
    readonly policy: LogPolicy
    readonly packPolicy: LogPolicy
    readonly report: Uint8Array
    readonly last: OpenedCheckpoint
  },
): Promise<After | undefined> {
  const there = [...folder.files.keys()].filter((name) => name.startsWith('after/'))
  if (there.length === 0) return undefined
  const stranger = there.find((name) => !(FILES as readonly string[]).includes(name))
  if (stranger !== undefined || there.length !== FILES.length)
    throw new PackBroken(`after/ should hold ${FILES.join(', ')} and nothing else.`, stranger ?? there[0])
  const [entry, proofText, consistencyText] = await Promise.all([
    wholeOf(folder.read(PACK_FILES.afterEntry), ENTRY_BYTES_MAX, PACK_FILES.afterEntry),
    textFrom(folder, PACK_FILES.afterProof),
    textFrom(folder, PACK_FILES.afterConsistency),
  ])
  requireDigest(entry, toHex(of.crypto.sha256(of.report)))
  const proof = parseProof(proofText)
  if (proof.extra || formatProof(proof) !== proofText)
    throw new PackBroken('The proof is not in its one form.', PACK_FILES.afterProof)
  const checkpoint = openUnder(of.crypto, of.policy, proof.checkpoint)
  requireOwnSignatures(of.crypto, of.packPolicy, checkpoint)
  const tree = createTreeHash(of.crypto.sha256)
  const claim = { index: proof.index, size: checkpoint.size, leaf: tree.leaf(entry), proof: proof.hashes, root: checkpoint.root }
  if (checkpoint.origin !== of.last.origin || !verifyInclusion(tree, claim))
    throw new PackBroken('The entry of the export is not in the log by this proof.', PACK_FILES.afterProof)
  if (proof.index < of.last.size)
    throw new PackBroken('The entry of the export stands before the last checkpoint of the pack.', PACK_FILES.afterProof)
  requireContinued(of.crypto, of.last, checkpoint, consistencyText)
  return { index: proof.index, checkpoint, quorum: quorumOf(of.policy, checkpoint) }
}

function requireDigest(entry: Uint8Array, digest: string): void {
  const value = checkCanonical(entry)
  const shown = memberOf(value, 'shown')
  if (memberOf(value, 'type') !== 'report.exported' || memberOf(shown, EXPORTED_DIGEST) !== digest)
    throw new PackBroken('The entry is not that of this export: it holds another digest of report.json.', PACK_FILES.afterEntry)
}

function requireOwnSignatures(crypto: LogCrypto, policy: LogPolicy, checkpoint: OpenedCheckpoint): void {
  const keys = [...policy.logs, ...policy.witnesses].map(({ key }) => key)
  if (verifyNote(crypto, checkpoint.note, keys).length !== checkpoint.note.signatures.length)
    throw new PackBroken('The checkpoint carries a signature that the policy of the pack does not name.', PACK_FILES.afterProof)
}

function requireContinued(crypto: LogCrypto, last: OpenedCheckpoint, after: OpenedCheckpoint, text: string): void {
  const file = PACK_FILES.afterConsistency
  const read: unknown = JSON.parse(text)
  const proof = (typeof read === 'object' && read !== null ? read : {}) as Partial<ConsistencyProof>
  const hashes = Array.isArray(proof.hashes) ? proof.hashes.map(String) : []
  if (`${JSON.stringify({ from: proof.from, hashes, to: proof.to })}\n` !== text)
    throw new PackBroken('The proof is not in its one form.', file)
  const isCounted = Number.isSafeInteger(proof.from) && Number.isSafeInteger(proof.to)
  const isOurs = isCounted && BigInt(proof.from ?? -1) === last.size && BigInt(proof.to ?? -1) === after.size
  const tree = createTreeHash(crypto.sha256)
  const claim = {
    from: last.size,
    to: after.size,
    fromRoot: last.root,
    toRoot: after.root,
    proof: hashes.map((hash) => fromBase64Url(hash, file)),
  }
  const isSame = last.size === after.size && hashes.length === 0 && isSameHash(last.root, after.root)
  if (!isOurs || !(isSame || verifyConsistency(tree, claim, { allowEmpty: true })))
    throw new PackBroken('The checkpoint of the export does not continue the last one of the pack.', file)
}

async function textFrom(folder: PackFolder, file: string): Promise<string> {
  return textOf(await wholeOf(folder.read(file), PROOF_BYTES_MAX, file), file)
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}
