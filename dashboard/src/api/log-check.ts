import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  consistencyProof,
  createTreeHash,
  formatKeyId,
  fromBase64,
  hashOfTiles,
  inclusionProof,
  openCheckpoint,
  parseKey,
  proofNodes,
  proofRanges,
  tilePath,
  tilesOfNodes,
  toBase64,
  type TreeNode,
  utf8,
  verifyConsistency,
  verifyInclusion,
  type LogCrypto,
  type OpenedCheckpoint,
} from 'tokentrail/log'
import type { LogEntry } from './audit.ts'
import { Problem } from './http.ts'

/** What this browser found out about the log by itself. */
export interface LogCheck {
  readonly origin: string
  readonly keyId: string
  readonly size: number
  readonly root: string
  /** The checkpoint that this browser saw before, and whether the log only grew since; null at the first sight. */
  readonly before: { readonly size: number; readonly at: number; readonly holds: boolean } | null
  /** Entries of the page that were looked up in the tree; null where this reader may not fetch the tree. */
  readonly entries: { readonly checked: number; readonly wrong: readonly number[] } | null
}

const crypto: LogCrypto = {
  sha256,
  verifyEd25519: (publicKey, message, signature) => ed25519.verify(signature, message, publicKey, { zip215: false }),
}
const tree = createTreeHash(sha256)
const SEEN_KEY = 'tokentrail.checkpoint'

/**
 * Checks the log in this browser: the signature of the newest checkpoint, that the log continues the one that this browser saw last,
 * and that entries stand in it. Throws where the signature is wrong. What was seen is kept in the browser; it names nobody.
 */
export async function checkLog(vkey: string, entries: readonly LogEntry[]): Promise<LogCheck> {
  const note = new TextDecoder().decode(await file('checkpoint'))
  const key = parseKey(sha256, vkey)
  const checkpoint = openCheckpoint(crypto, note, { logs: [key] })
  const [before, checked] = [await comparedWithSeen(checkpoint), await lookedUp(checkpoint, entries)]
  if (before?.holds !== false) remember(checkpoint)
  return {
    origin: checkpoint.origin,
    keyId: formatKeyId(key.id),
    size: Number(checkpoint.size),
    root: toBase64(checkpoint.root),
    before,
    entries: checked,
  }
}

async function comparedWithSeen({ origin, size, root }: OpenedCheckpoint): Promise<LogCheck['before']> {
  const seen = seenBefore()
  if (!seen || seen.origin !== origin) return null
  const about = { size: seen.size, at: seen.at }
  if (BigInt(seen.size) > size) return { ...about, holds: false }
  const nodes = seen.size === 0 ? [] : proofNodes(proofRanges(0n, BigInt(seen.size), size))
  const hashOf = await hashesFor(nodes, size)
  if (!hashOf) return null
  const proof = consistencyProof(tree, BigInt(seen.size), size, hashOf)
  const fromRoot = fromBase64(seen.root, 'root')
  const claim = { from: BigInt(seen.size), to: size, fromRoot, toRoot: root, proof }
  return { ...about, holds: verifyConsistency(tree, claim, { allowEmpty: true }) }
}

async function lookedUp({ origin, size, root }: OpenedCheckpoint, entries: readonly LogEntry[]): Promise<LogCheck['entries']> {
  const here = entries.filter(({ shard, index }) => origin.endsWith(`/${shard}`) && BigInt(index) < size)
  const nodes = here.flatMap(({ index }) => proofNodes(proofRanges(BigInt(index), BigInt(index) + 1n, size)))
  const hashOf = await hashesFor(nodes, size)
  if (!hashOf) return null
  const isThere = ({ index, raw }: LogEntry): boolean =>
    verifyInclusion(tree, { index, size, leaf: tree.leaf(utf8(raw)), proof: inclusionProof(tree, index, size, hashOf), root })
  return { checked: here.length, wrong: here.filter((entry) => !isThere(entry)).map(({ index }) => index) }
}

/** Hashes of nodes out of the tiles that hold them; `undefined` where this reader may not fetch tiles. */
async function hashesFor(nodes: readonly TreeNode[], size: bigint) {
  const ids = tilesOfNodes(nodes, size)
  try {
    const tiles = new Map(await Promise.all(ids.map(async (id) => [tilePath(id), await file(tilePath(id))] as const)))
    return hashOfTiles(tree, size, (id) => tiles.get(tilePath(id)) ?? new Uint8Array())
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) return undefined
    throw error
  }
}

async function file(name: string): Promise<Uint8Array> {
  const response = await fetch(`/audit/${name}`, { credentials: 'same-origin', cache: 'no-store', redirect: 'error' })
  if (!response.ok) throw new Problem(`http_${response.status}`, response.status, `The log did not give ${name}.`)
  return new Uint8Array(await response.arrayBuffer())
}

interface Seen {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly at: number
}

function seenBefore(): Seen | undefined {
  try {
    const seen: unknown = JSON.parse(localStorage.getItem(SEEN_KEY) ?? 'null')
    return isSeen(seen) ? seen : undefined
  } catch {
    return undefined
  }
}

function isSeen(value: unknown): value is Seen {
  if (typeof value !== 'object' || value === null) return false
  const { origin, size, root, at } = value as Partial<Record<keyof Seen, unknown>>
  return typeof origin === 'string' && Number.isSafeInteger(size) && typeof root === 'string' && typeof at === 'number'
}

function remember({ origin, size, root }: OpenedCheckpoint): void {
  const seen: Seen = { origin, size: Number(size), root: toBase64(root), at: Date.now() }
  localStorage.setItem(SEEN_KEY, JSON.stringify(seen))
}
