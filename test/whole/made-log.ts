/** Log directories for tests and measurements: entries as the sequencer writes them, tiles, and a signed checkpoint. */
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  canonicalBytes,
  commitmentOf,
  createNoteKey,
  createTileTree,
  createTreeHash,
  edgeTiles,
  formatBundle,
  formatKey,
  hashOfTiles,
  signCheckpoint,
  cosign,
  formatNote,
  parseNote,
  SIGNATURE_TYPES,
  tilePath,
  toBase64Url,
  TILE_WIDTH,
  withSignatures,
  type NoteSigner,
  type Tile,
} from 'tokentrail/log'

export const ORIGIN = 'tokentrail.made/2026'
export const TENANTS = ['t_0aaaaaaaaaaaaaaa', 't_1bbbbbbbbbbbbbbb', 't_2ccccccccccccccc'] as const
const BEGIN = Date.parse('2026-11-23T00:00:00.000Z')
const STEP_MS = 10
/** Every so many entries a batch, and a heartbeat each minute. */
const [BATCH_EVERY, BEAT_EVERY] = [50, 6000]

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const TREE = createTreeHash(sha256)

/** A key made from a word, the same each time. */
export function madeSigner(name: string, use: 'ed25519' | 'cosignature' = 'ed25519'): NoteSigner & { readonly vkey: string } {
  const key = keyFrom(name)
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(12))
  const noteKey = createNoteKey(sha256, { name, type: SIGNATURE_TYPES[use], publicKey })
  return { key: noteKey, vkey: formatKey(noteKey), sign: (message) => sign(null, message, key) }
}

/** The entry at an index. */
export function madeEntry(index: number): Uint8Array {
  return canonicalBytes(entryAt(index))
}

/** When the entry at an index was made. */
export function madeAt(index: number): string {
  return new Date(BEGIN + index * STEP_MS).toISOString()
}

/** The value that a field of an entry hides, and its salt. */
export function madeOpening(index: number, field: string): { event: string; field: string; salt: Uint8Array; value: string } {
  return { event: eventId(index), field, salt: sha256(Buffer.from(`salt ${field} ${index}`)), value: `${field} of ${index}` }
}

/** How a log is made. */
export interface Making {
  readonly entry?: (index: number) => Uint8Array
  readonly witnesses?: readonly NoteSigner[]
  readonly signer?: NoteSigner
  /** Told the root after every bundle. */
  readonly onRoot?: (size: number, root: Uint8Array) => void
}

/** An entry without anything hidden: ten times as fast to make. */
export function plainEntry(index: number): Uint8Array {
  return canonicalBytes(entryAt(index, {}))
}

/** An entry as long as a real one, whose commitments commit to nothing: fast to make. */
export function filledEntry(index: number): Uint8Array {
  const commitment = toBase64Url(sha256(Buffer.from(`filled ${index}`)))
  return canonicalBytes(entryAt(index, Object.fromEntries(HIDDEN.map((field) => [field, commitment]))))
}

/** Writes the directory of a log of this size, by 256 entries at a time. Gives its note. */
export async function makeLog(directory: string, size: number, o: Making = {}): Promise<string> {
  const tree = createTileTree(TREE)
  let edges: readonly Tile[] = []
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const count = Math.min(TILE_WIDTH, size - first)
    const entries = Array.from({ length: count }, (_, i) => (o.entry ?? madeEntry)(first + i))
    const tiles = tree.append(entries.map((entry) => TREE.leaf(entry)))
    for (const tile of tiles) if (tile.id.width === TILE_WIDTH) put(directory, tile)
    edges = [
      ...edges.filter(({ id }) => !tiles.some((tile) => tile.id.level === id.level)),
      ...tiles.filter(({ id }) => id.width < TILE_WIDTH),
    ]
    put(directory, { id: { level: 'entries', index: BigInt(first / TILE_WIDTH), width: count }, bytes: formatBundle(entries) })
    o.onRoot?.(first + count, tree.root())
  }
  const wanted = new Set(edgeTiles(size).map(tilePath))
  for (const tile of edges) if (wanted.has(tilePath(tile.id))) put(directory, tile)
  const note = await madeNote({ size, root: tree.root() }, o)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'checkpoint'), note)
  return note
}

/** A signed and cosigned checkpoint. */
export async function madeNote(
  tree: { readonly size: number; readonly root: Uint8Array },
  o: { readonly witnesses?: readonly NoteSigner[]; readonly signer?: NoteSigner } = {},
): Promise<string> {
  const note = parseNote(await signCheckpoint({ origin: ORIGIN, ...tree }, o.signer ?? madeSigner(ORIGIN)))
  const more = await Promise.all((o.witnesses ?? []).map((witness) => cosign(note.text, witness, 1_780_000_000n)))
  return formatNote(withSignatures(note, more))
}

/** Leaf hashes of the made entries, and any node above them. */
export function madeTree(size: number): {
  readonly leaves: readonly Uint8Array[]
  root(at: number): Uint8Array
  hashOf: ReturnType<typeof hashOfTiles>
} {
  const leaves = Array.from({ length: size }, (_, index) => TREE.leaf(madeEntry(index)))
  const tree = createTileTree(TREE)
  const tiles = new Map(tree.append(leaves).map((tile) => [tilePath(tile.id), tile.bytes]))
  const hashOf = hashOfTiles(TREE, size, (id) => tiles.get(tilePath(id)) ?? new Uint8Array(0))
  return {
    leaves,
    hashOf,
    root(at) {
      const sub = createTileTree(TREE)
      sub.append(leaves.slice(0, at))
      return sub.root()
    },
  }
}

function entryAt(index: number, hidden: Record<string, string> = hiddenAt(index)): Record<string, unknown> {
  const common = { at: madeAt(index), event: eventId(index), outcome: 'none', reason: 'none', v: 1 }
  if (isBeat(index))
    return { ...common, hidden: {}, n: index / BEAT_EVERY + 1, shown: { lagMs: 3 }, tenant: 'install', type: 'log.heartbeat' }
  const n = tenantNumber(index)
  const tenant = TENANTS[index % TENANTS.length]
  if (isBatch(index)) return { ...common, hidden: {}, n, shown: batchShown(index), tenant, type: 'log.batch' }
  const type = index % 7 === 0 ? 'token.revoked' : 'token.issued'
  return { ...common, hidden, n, shown: { actorKind: 'person' }, tenant, type }
}

function hiddenAt(index: number): Record<string, string> {
  return Object.fromEntries(HIDDEN.map((field) => [field, toBase64Url(commitmentOf(sha256, madeOpening(index, field)))]))
}

const HIDDEN = ['actor', 'owner', 'token'] as const

function isBeat(index: number): boolean {
  return index % BEAT_EVERY === 0
}

function isBatch(index: number): boolean {
  return index % BATCH_EVERY === 1
}

/** How many entries of the same tenant there were; heartbeats take the places of one tenant only, whose index is a multiple of three. */
function tenantNumber(index: number): number {
  const before = Math.floor(index / TENANTS.length) + 1
  return index % TENANTS.length === 0 ? before - Math.floor(index / BEAT_EVERY) - 1 : before
}

function batchShown(index: number): Record<string, unknown> {
  // batches stand at 50 k + 1: each tenant has every third of them
  const turn = Math.floor((index - 1) / BATCH_EVERY / TENANTS.length)
  const place = { journal: 1, from: turn * 4, to: turn * 4 + 4, first: index, last: index }
  const counts = { accepted: 8, rejected: 2, events: 10, rows: 9, eventsTotal: 10 * (turn + 1), rowsTotal: 9 * (turn + 1) }
  return { ...place, ...counts, root: toBase64Url(sha256(Buffer.from(`rows ${index}`))) }
}

function eventId(index: number): string {
  return `evt_1_${index}`
}

function put(directory: string, tile: Tile): void {
  const file = join(directory, tilePath(tile.id))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, tile.bytes)
}

function keyFrom(name: string): KeyObject {
  const seed = createHash('sha256').update(`made key of ${name}`).digest()
  return createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
}
