/** Evidence packs for tests, over the made log: small, whole, and with every kind of file. */
import { createHash } from 'node:crypto'
import {
  canonical,
  consistencyProof,
  createTreeHash,
  formatPolicy,
  formatProof,
  inclusionProof,
  nodesOf,
  parsePolicy,
  rootOf,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
  WIDE_PROFILE,
  type HashOfNode,
  type NoteSigner,
} from 'tokentrail/log'
import {
  crc32,
  gapLine,
  gapRanges,
  PACK_FILES,
  WHAT_IS_NOT_PROVEN,
  writeZip,
  type PackFigure,
  type PackFolder,
  type PackLog,
  type PackManifest,
} from 'tokentrail/verify'
import { madeAt, madeEntry, madeNote, madeOpening, madeSigner, madeTree, ORIGIN, TENANTS } from './made-log.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const TREE = createTreeHash(sha256)
const hex = (bytes: Uint8Array): string => toHex(sha256(bytes))

export const LOG_KEY = madeSigner(ORIGIN)
export const WITNESS_KEY = madeSigner('witness.made', 'cosignature')
export const REPORT_KEY = madeSigner('tokentrail.made/report')
/** What a reader of the made packs brings. */
export const READER = [`log ${LOG_KEY.vkey}`, `witness w ${WITNESS_KEY.vkey}`, 'quorum w', `report ${REPORT_KEY.vkey}`].join('\n')

export interface MadePack {
  readonly scope: PackLog['scope']
  /** Sizes of the two checkpoints. */
  readonly first: number
  readonly last: number
  /** Whose entries, in a pack of a tenant. */
  readonly tenant?: string
  /** Entries that are kept back: their hashes stand in gaps. */
  readonly hide?: readonly number[]
  /** Index of an entry that is an erasure. */
  readonly erasure?: number
  /** Without the log's own entry of the export. */
  readonly bare?: boolean
  /** The checkpoint of the export without its cosignature. */
  readonly unseen?: boolean
  /** Changes the files before they are listed and signed. */
  readonly change?: (files: Map<string, Uint8Array>) => void
  /** Changes what the manifest says. */
  readonly manifest?: (manifest: PackManifest) => PackManifest
}

/** The files of a pack. */
export async function makePack(o: MadePack): Promise<Map<string, Uint8Array>> {
  const tenant = o.tenant ?? 'install'
  const tree = treeWithBatch(o.last, o.erasure)
  const indexes = Array.from({ length: o.last - o.first }, (_, i) => o.first + i).filter(
    (index) => belongs(o, tree.entry(index)) && !o.hide?.includes(index),
  )
  const files = new Map<string, Uint8Array>([
    [PACK_FILES.entries, lines(indexes.map((index) => new TextDecoder().decode(tree.entry(index))))],
    [PACK_FILES.leaves, Buffer.concat(indexes.map((index) => TREE.leaf(tree.entry(index))))],
    [PACK_FILES.gaps, lines([...gapRanges(indexes, [o.first], o.last)].map((gap) => gapText(gap, tree.hashOf)))],
    [PACK_FILES.disclosures, lines(disclosuresOf(indexes.filter((index) => hides(tree.entry(index)))))],
    [PACK_FILES.rows, lines(ROWS.filter((_, at) => at !== 3))],
    [PACK_FILES.rowProofs, lines([canonical({ batch: batchAt(o.last) }), rowGap()])],
    [PACK_FILES.firstCheckpoint, utf8(await madeNote({ size: o.first, root: tree.root(o.first) }, { witnesses: [WITNESS_KEY] }))],
    [PACK_FILES.lastCheckpoint, utf8(await madeNote({ size: o.last, root: tree.root(o.last) }, { witnesses: [WITNESS_KEY] }))],
    [PACK_FILES.policy, utf8(formatPolicy(parsePolicy(sha256, READER.split('\n').slice(0, 3).join('\n'))))],
    ['report.csv', utf8('type,count\r\ntoken.issued,1\r\n')],
  ])
  if (!indexes.includes(batchAt(o.last))) for (const name of [PACK_FILES.rows, PACK_FILES.rowProofs]) files.delete(name)
  o.change?.(files)
  const told = manifestOf(o, { tenant, files, tree, entries: indexes.length, figures: figuresOf(indexes.map(tree.entry), files) })
  const report = utf8(canonical(o.manifest ? o.manifest(told) : told, WIDE_PROFILE))
  files.set(PACK_FILES.manifest, report)
  files.set(PACK_FILES.signature, await jws(report))
  if (!o.bare) await addAfter(files, o.last, tree, report, o.unseen ? [] : [WITNESS_KEY])
  return files
}

/** The pack as a zip. */
export async function zipOf(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const listed = [...files].map(([name, bytes]) => ({ name, bytes: bytes.length, crc32: crc32(bytes), content: [bytes] }))
  const parts: Uint8Array[] = []
  for await (const part of writeZip(listed)) parts.push(part)
  return Buffer.concat(parts)
}

/** A pack that lies in memory. */
export function folderOf(files: ReadonlyMap<string, Uint8Array>): PackFolder {
  return {
    files: new Map([...files].map(([name, bytes]) => [name, bytes.length])),
    async *read(name) {
      yield files.get(name) ?? new Uint8Array(0)
    },
  }
}

/** A signed detached JWS. */
export async function jws(report: Uint8Array, key = REPORT_KEY): Promise<Uint8Array> {
  const head = toBase64Url(
    utf8(JSON.stringify({ alg: 'EdDSA', kid: `${key.key.name}+${key.key.id.toString(16).padStart(8, '0')}` })),
  )
  const signature = await key.sign(utf8(`${head}.${toBase64Url(report)}`))
  return utf8(`${head}..${toBase64Url(signature)}`)
}

/** Rows of the one batch; the fourth was erased and leaves its hash. */
const ROWS = Array.from({ length: 9 }, (_, seq) =>
  canonical({
    count: 1,
    occurred_at: 1_795_392_000_000 + seq,
    outcome: seq % 4 === 0 ? 2 : 1,
    seq,
    tenant: 1,
    type: 120,
    writer: 1,
  }),
)
const ROW_LEAVES = ROWS.map((row) => TREE.leaf(utf8(row)))

/** The last batch below a size has the rows of `ROWS`. */
function batchAt(size: number): number {
  return Math.floor((size - 2) / 50) * 50 + 1
}

interface MadeTree {
  readonly hashOf: HashOfNode
  entry(index: number): Uint8Array
  root(at: number): Uint8Array
}

function treeWithBatch(size: number, erasure: number | undefined): MadeTree {
  const index = batchAt(size)
  const batch = JSON.parse(new TextDecoder().decode(madeEntry(index)))
  const entry = utf8(canonical({ ...batch, shown: { ...batch.shown, root: toBase64Url(rootOf(TREE, ROW_LEAVES)) } }))
  const leaves = [...madeTree(size).leaves]
  const entryAt = (at: number): Uint8Array => (at === index ? entry : at === erasure ? erasureAt(at) : madeEntry(at))
  for (const at of [index, ...(erasure === undefined ? [] : [erasure])]) leaves[at] = TREE.leaf(entryAt(at))
  const hashOf: HashOfNode = ({ level, index: at }) => rootOf(TREE, leaves.slice(Number(at) << level, Number(at + 1n) << level))
  return { hashOf, entry: entryAt, root: (at) => rootOf(TREE, leaves.slice(0, at)) }
}

function erasureAt(index: number): Uint8Array {
  const made = JSON.parse(new TextDecoder().decode(madeEntry(index)))
  return utf8(canonical({ ...made, hidden: {}, shown: { count: 3 }, type: 'subject.erased' }))
}

function belongs(o: MadePack, entry: Uint8Array): boolean {
  if (o.scope === 'range') return true
  const { tenant, type } = JSON.parse(new TextDecoder().decode(entry))
  return o.scope === 'tenant' ? tenant === o.tenant : type === 'token.revoked'
}

function hides(entry: Uint8Array): boolean {
  return 'owner' in JSON.parse(new TextDecoder().decode(entry)).hidden
}

function disclosuresOf(indexes: readonly number[]): string[] {
  return indexes
    .filter((_, at) => at % 3 === 0)
    .map((index) => madeOpening(index, 'owner'))
    .map((opening) => canonical({ ...opening, salt: toBase64Url(opening.salt) }, WIDE_PROFILE))
}

function gapText({ from, to }: { from: number; to: number }, hashOf: HashOfNode): string {
  return gapLine({ from, to, hashes: nodesOf(from, to).map((node) => toBase64Url(hashOf(node))) })
}

function rowGap(): string {
  return gapLine({ from: 3, to: 4, hashes: [toBase64Url(ROW_LEAVES[3] ?? TREE.empty)] })
}

function figuresOf(entries: readonly Uint8Array[], files: ReadonlyMap<string, Uint8Array>): PackFigure[] {
  const read = entries.map((entry) => JSON.parse(new TextDecoder().decode(entry)))
  const revoked = read.filter(({ type }) => type === 'token.revoked').length
  const rows = read.filter(({ type }) => type === 'log.batch').reduce((sum, { shown }) => sum + shown.rows, 0)
  const rejected = files.has(PACK_FILES.rows) ? ROWS.filter((row, at) => at !== 3 && JSON.parse(row).outcome === 2).length : 0
  return [
    { name: 'tokens revoked', source: 'entries', where: { type: 'token.revoked' }, value: revoked },
    { name: 'rows in batches', source: 'entries', where: { type: ['log.batch'] }, sum: 'shown.rows', value: rows },
    {
      name: 'rejected',
      source: 'rows',
      where: { outcome: 2 },
      within: { path: 'occurred_at', from: 0, to: 1_895_392_000_000 },
      value: rejected,
    },
  ]
}

function manifestOf(
  o: MadePack,
  made: {
    tenant: string
    files: ReadonlyMap<string, Uint8Array>
    tree: MadeTree
    entries: number
    figures: readonly PackFigure[]
  },
): PackManifest {
  const checkpoint = (size: number) => ({ size, root: toBase64(made.tree.root(size)) })
  return {
    v: 1,
    format: 'tokentrail/pack',
    report: { id: 'made-1', name: 'privileged-actions', title: 'Privileged actions', version: '1' },
    tenant: made.tenant,
    from: madeAt(o.first),
    to: madeAt(o.last),
    madeAt: madeAt(o.last),
    recipient: 'auditor@example.org',
    expiresAt: '2027-11-25T00:00:00.000Z',
    redaction: 'owners are shown, addresses are not',
    separation: 'enforced',
    sentence: WHAT_IS_NOT_PROVEN,
    reportKey: REPORT_KEY.vkey,
    log: { origin: ORIGIN, first: checkpoint(o.first), last: checkpoint(o.last), scope: o.scope, entries: made.entries },
    questions: [
      { id: 'Q8', name: 'privileged-actions', params: {}, rows: 3, file: 'report.csv', figures: made.figures },
      { id: 'Q1', name: 'token-inventory', params: { state: 'active' }, rows: 0, figures: [] },
    ],
    files: [...made.files]
      .map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: hex(bytes) }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
  }
}

/** The log goes on with the entry of the export. */
async function addAfter(
  files: Map<string, Uint8Array>,
  last: number,
  tree: MadeTree,
  report: Uint8Array,
  witnesses: readonly NoteSigner[],
): Promise<void> {
  const entry = utf8(
    canonical({
      at: madeAt(last),
      event: 'evt_1_export',
      hidden: {},
      n: 1,
      outcome: 'none',
      reason: 'none',
      shown: { digest: hex(report) },
      tenant: 'install',
      type: 'report.exported',
      v: 1,
    }),
  )
  const leaves = Array.from({ length: last }, (_, index) => TREE.leaf(tree.entry(index)))
  leaves.push(TREE.leaf(entry))
  const hashOf: HashOfNode = ({ level, index }) => rootOf(TREE, leaves.slice(Number(index) << level, Number(index + 1n) << level))
  const checkpoint = await madeNote({ size: last + 1, root: rootOf(TREE, leaves) }, { witnesses })
  const consistency = { from: last, hashes: consistencyProof(TREE, last, last + 1, hashOf).map(toBase64Url), to: last + 1 }
  files.set(PACK_FILES.afterEntry, entry)
  files.set(
    PACK_FILES.afterProof,
    utf8(formatProof({ index: last, hashes: inclusionProof(TREE, last, last + 1, hashOf), checkpoint })),
  )
  files.set(PACK_FILES.afterConsistency, utf8(`${JSON.stringify(consistency)}\n`))
}

function lines(texts: readonly string[]): Uint8Array {
  return utf8(texts.map((text) => `${text}\n`).join(''))
}

export { TENANTS }
