import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  createNoteKey,
  createTileTree,
  createTreeHash,
  formatKey,
  type NoteKey,
  SIGNATURE_TYPES,
  signCheckpoint,
  tilePath,
  utf8,
} from 'tokentrail/log'

const SPKI_HEAD = 12
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const tree = createTreeHash(sha256)

/** A log as a server keeps it: its files by name, and its entries as the API shows them. */
export interface RecordedLog {
  readonly vkey: string
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly state: object
  readonly entries: readonly { readonly shard: string; readonly index: number; readonly entry: object; readonly raw: string }[]
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const ORIGIN = 'tokentrail.0123456789abcdef/2026'

/** A real log of so many entries, signed; every time with the same key. `salt` makes another history of it. */
export async function recordedLog(size: number, now: number, salt = ''): Promise<RecordedLog> {
  const raws = Array.from({ length: size }, (_, index) => rawEntry(index, now, salt))
  const tiles = createTileTree(tree)
  const files = new Map<string, Uint8Array>()
  for (const { id, bytes } of tiles.append(raws.map((raw) => tree.leaf(utf8(raw))))) files.set(tilePath(id), bytes)
  const key = keyOf(publicKey)
  const signer = { key, sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)) }
  const root = tiles.root()
  files.set('checkpoint', utf8(await signCheckpoint({ origin: ORIGIN, size, root }, signer)))
  const vkey = formatKey(key)
  return {
    vkey,
    files,
    state: stateOf(size, root, vkey, now),
    entries: raws.map((raw, index) => ({ shard: '2026', index, entry: JSON.parse(raw) as object, raw })),
  }
}

/** The key of somebody else under the same name. */
export function strangersKey(): string {
  return formatKey(keyOf(generateKeyPairSync('ed25519').publicKey))
}

function keyOf(of: KeyObject): NoteKey {
  const material = new Uint8Array(of.export({ format: 'der', type: 'spki' })).slice(SPKI_HEAD)
  return createNoteKey(sha256, { name: ORIGIN, type: SIGNATURE_TYPES.ed25519, publicKey: material })
}

function rawEntry(index: number, now: number, salt: string): string {
  const at = new Date(now - (1000 - index) * 1000).toISOString()
  const hidden = { actor: Buffer.alloc(32, index).toString('base64url') }
  const shown = { actorKind: 'person', note: `<img src=x onerror=alert(${index})>${salt}` }
  return JSON.stringify({
    at,
    event: `evt_1_${index}`,
    hidden,
    n: index + 1,
    outcome: 'none',
    reason: 'leaked',
    shown,
    tenant: 't_demo',
    type: 'token.revoked',
    v: 1,
  })
}

function stateOf(size: number, root: Uint8Array, vkey: string, now: number): object {
  const openedAt = new Date(now - 86_400_000).toISOString()
  return {
    shard: '2026',
    origin: ORIGIN,
    vkey,
    size,
    halted: null,
    failure: null,
    waiting: 2,
    lagMs: 400,
    dropped: 0,
    publish: 'checkpoint',
    checkpoint: { size, root: Buffer.from(root).toString('base64'), at: new Date(now - 5000).toISOString() },
    shards: [{ name: '2026', origin: ORIGIN, vkey, openedAt, closedAt: null, size }],
    anchors: [
      {
        name: 'auditor.example/witness',
        kind: 'witness',
        size,
        at: new Date(now - 40_000).toISOString(),
        failures: 0,
        failure: null,
      },
      { name: 'backup', kind: 'file', size: null, at: null, failures: 3, failure: 'The folder cannot be written.' },
    ],
  }
}
