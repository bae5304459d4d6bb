import { eventId } from '../event.ts'
import { fromBase64Url, toBase64Url, utf8 } from '../log/bytes.ts'
import { checkCanonical, type CanonicalValue, WIDE_PROFILE } from '../log/canonical.ts'
import type { OpenedCheckpoint } from '../log/checkpoint.ts'
import type { LogCrypto } from '../log/keys.ts'
import { formatProof, parseProof, PROOF_HASHES_MAX } from '../log/proof.ts'
import { createTreeHash, verifyInclusion } from '../merkle.ts'
import { openUnder, quorumOf, signedBy } from './checkpoint.ts'
import { compareOlder, olderSay } from './older.ts'
import { attempt, cannotSay, fails, holds, type Outcome, type Verification, verification } from './outcome.ts'
import { checkTrust, type Trust } from './trust.ts'

/*
 * The proof of a single event, as a file. An event with a leaf of its own: a C2SP tlog-proof whose `extra` is the entry. A counted
 * event: JSON with its row, the path from the row to the root of its batch, and the tlog-proof of the batch's entry.
 */

/** The proof of a counted event. */
export interface RowProof {
  readonly v: 1
  readonly format: 'tokentrail/row-proof'
  /** `evt_…` */
  readonly event: string
  /** The row as it is hashed, canonical JSON. `null` where it was erased: then `leaf` stands for it. */
  readonly row: string | null
  /** Hash of the row, base64url. */
  readonly leaf: string
  /** Place of the row in its batch, and how many rows that has. */
  readonly index: number
  readonly size: number
  /** Inclusion proof up to the root of the batch, base64url, lowest first. */
  readonly path: readonly string[]
  /** tlog-proof of the batch's entry, which is its `extra`. */
  readonly batch: string
}

export const ROW_PROOF = 'tokentrail/row-proof'

/** Whether a file is the proof of a single event, by how it begins. */
export function isEventProof(text: string): boolean {
  return text.startsWith('c2sp.org/tlog-proof@') || (text.startsWith('{') && text.slice(0, 4096).includes(ROW_PROOF))
}

/** An entry with the checkpoint that holds it. */
interface Stood {
  readonly entry: Readonly<Record<string, CanonicalValue>>
  readonly index: bigint
  readonly checkpoint: OpenedCheckpoint
}

/** What the proof of an event is verified with. */
export interface ProofToVerify {
  readonly crypto: LogCrypto
  readonly trust: Trust | undefined
  readonly text: string
  /** Notes of older checkpoints of the same log that the reader holds. */
  readonly older?: readonly string[]
}

/** Verifies the proof of a single event under the keys that the reader brings. */
export async function verifyEventProof(o: ProofToVerify): Promise<Verification> {
  const outcomes: Outcome[] = []
  const last = await attempt('inclusion', undefined, () => {
    const row = o.text.startsWith('{') ? readRowProof(o.text) : undefined
    const stood = openEntry(o, row ? row.batch : o.text, outcomes)
    outcomes.push(holds('inclusion', `The entry stands at index ${stood.index.toLocaleString('en-US')} of the signed tree.`))
    return row ? rowOutcome(o.crypto, row, stood) : entryOutcome(stood)
  })
  return verification([...outcomes, last])
}

/** Opens the tlog-proof: note, quorum, and the entry in its `extra` under the root. Throws where one of them is wrong. */
function openEntry({ crypto, trust, older = [] }: ProofToVerify, text: string, outcomes: Outcome[]): Stood {
  const proof = parseProof(text)
  if (!proof.extra || formatProof(proof) !== text)
    throw new RangeError('The proof is not in its one form, with the entry as its extra.')
  if (!trust) {
    outcomes.push(
      cannotSay(
        'trust',
        'You brought no key, so the checkpoint may be signed by anybody. Name the keys that you trust with --policy.',
      ),
    )
    throw new RangeError('Without a key the signed tree cannot be opened.')
  }
  const checkpoint = openUnder(crypto, trust.policy, proof.checkpoint)
  outcomes.push(checkTrust(crypto, trust, checkpoint.origin, undefined))
  outcomes.push(checkpointOutcome(crypto, trust, checkpoint, older))
  const tree = createTreeHash(crypto.sha256)
  const claim = {
    index: proof.index,
    size: checkpoint.size,
    leaf: tree.leaf(proof.extra),
    proof: proof.hashes,
    root: checkpoint.root,
  }
  if (!verifyInclusion(tree, claim)) throw new RangeError('The entry is not in the signed tree by this proof.')
  return { entry: membersOf(checkCanonical(proof.extra)), index: proof.index, checkpoint }
}

/** An event's proof shows no way from one checkpoint to another: only one of the same size can be compared. */
function checkpointOutcome(
  crypto: LogCrypto,
  { policy }: Trust,
  checkpoint: OpenedCheckpoint,
  notes: readonly string[],
): Outcome {
  const quorum = quorumOf(policy, checkpoint)
  const { origin, size, root } = checkpoint
  const older = compareOlder(crypto, policy, notes, {
    origin,
    rootAt: (at) => (at === size ? root : undefined),
    whyNot: () =>
      `because the proof of an event shows no way from one checkpoint to another, and its own is of size ${size.toLocaleString('en-US')}; compare it with a pack or with the log`,
  })
  if (older.bad !== undefined) return fails('checkpoint', older.bad, {}, [quorum.says])
  if (!quorum.isMet) return fails('checkpoint', quorum.says)
  return olderSay(older, `A checkpoint of ${signedBy(checkpoint)}`, [quorum.says])
}

function entryOutcome({ entry }: Stood): Outcome {
  if (!isEntry(entry)) return fails('form', 'What stands there is no entry.')
  return holds(
    'form',
    `It says: ${text(entry['type'])}, event ${text(entry['event'])}, of tenant ${text(entry['tenant'])}, at ${text(entry['at'])}.`,
  )
}

/** It has what every entry has. */
function isEntry(entry: Stood['entry']): boolean {
  return ENTRY_TEXTS.every((name) => typeof entry[name] === 'string') && entry['v'] === 1
}

const ENTRY_TEXTS = ['type', 'event', 'tenant', 'at'] as const

function rowOutcome(crypto: LogCrypto, proof: RowProof, { entry }: Stood): Outcome {
  const shown = membersOf(entry['shown'])
  if (!isEntry(entry)) return fails('form', 'What stands there is no entry.')
  const tree = createTreeHash(crypto.sha256)
  const leaf = proof.row === null ? fromBase64Url(proof.leaf, 'leaf') : tree.leaf(utf8(proof.row))
  if (entry['type'] !== 'log.batch') return fails('form', 'The entry that the row should stand under is no batch.')
  if (toBase64Url(leaf) !== proof.leaf) return fails('form', 'The hash of the row is not the one that is named.')
  if (shown['rows'] !== proof.size)
    return fails('form', `The batch has ${text(shown['rows'])} rows, the proof says ${proof.size}.`)
  const path = proof.path.map((hash) => fromBase64Url(hash, 'path'))
  const claim = { index: proof.index, size: proof.size, leaf, proof: path, root: fromBase64Url(text(shown['root']), 'root') }
  if (!verifyInclusion(tree, claim)) return fails('inclusion', 'The row is not under the root of its batch by this path.')
  return rowSays(proof, text(entry['tenant']))
}

function rowSays(proof: RowProof, tenant: string): Outcome {
  const place = `row ${(proof.index + 1).toLocaleString('en-US')} of ${proof.size.toLocaleString('en-US')} in a batch of tenant ${tenant}`
  if (proof.row === null)
    return cannotSay('form', `The proof is about ${place}, of which only the hash is left.`, [
      `Proven: when this batch was signed, a row with this hash stood at that place, and the batch still is what it was.`,
      `Not proven: that it was the event ${proof.event}, what it said, and why it is gone. All of that is said by whoever made this proof; nobody who does not hold the row can check it.`,
    ])
  const row = membersOf(checkCanonical(utf8(proof.row), WIDE_PROFILE))
  if (eventId(Number(row['writer']), Number(row['seq'])) !== proof.event)
    return fails('form', `The row is not that of the event ${proof.event}.`)
  return holds('form', `The event is ${place}: type ${text(row['type'])}, at ${iso(row['occurred_at'])}.`, [proof.row])
}

function readRowProof(file: string): RowProof {
  const proof = membersOf(JSON.parse(file)) as Partial<RowProof>
  const isWhole =
    proof.v === 1 &&
    proof.format === ROW_PROOF &&
    (proof.row === null || typeof proof.row === 'string') &&
    [proof.leaf, proof.batch, proof.event].every((each) => typeof each === 'string') &&
    [proof.index, proof.size].every(Number.isSafeInteger) &&
    Array.isArray(proof.path) &&
    proof.path.length <= PROOF_HASHES_MAX &&
    proof.path.every((each) => typeof each === 'string')
  if (!isWhole) throw new RangeError('This is no proof of an event, or one of a newer version.')
  // every member was looked at
  return proof as RowProof
}

function membersOf(value: unknown): Readonly<Record<string, CanonicalValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, CanonicalValue>) : {}
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?'
}

function iso(value: unknown): string {
  return typeof value === 'number' && Math.abs(value) < 8.64e15 ? new Date(value).toISOString() : '?'
}
