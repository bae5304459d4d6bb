import { fromBase64, fromBase64Url, textOf } from '../log/bytes.ts'
import type { LogCrypto } from '../log/keys.ts'
import { isSameHash } from '../merkle.ts'
import { addWrong, emptySummary, take, type Summary } from './completeness.ts'
import { createDisclosures, type Disclosures } from './disclosure.ts'
import type { EventEntries } from './event-rows.ts'
import type { Recount } from './figures.ts'
import { linesOf, readerOf, type LineReader } from './lines.ts'
import { fails, type Outcome, type Place } from './outcome.ts'
import { PACK_FILES, type PackLog, type PackManifest } from './pack.ts'
import { createScanner } from './scan.ts'
import { parseGap, walkTree, type GapReader, type Walked } from './tree-walk.ts'
import { PackBroken, type PackFolder } from './zip.ts'

/** What one pass over the entries of a pack brings to light. */
export interface EntriesRead {
  readonly walked: Walked
  readonly summary: Summary
  readonly disclosure: Outcome
  /** The first entry that is not in canonical form. */
  readonly misshapen: { readonly index: number; readonly why: string } | undefined
  /** The first entry whose hash is not the one in `proofs/leaves`. */
  readonly strayed: number | undefined
  /** Batches that rows point to. */
  readonly batches: ReadonlyMap<number, CitedBatch>
}

export interface CitedBatch {
  readonly rows: number
  readonly root: Uint8Array
}

/** What the pass needs. */
export interface EntriesPass {
  readonly folder: PackFolder
  readonly crypto: LogCrypto
  readonly manifest: PackManifest
  readonly log: PackLog
  readonly recount: Recount
  /** Those that rows of tables tell of. */
  readonly events: EventEntries
  /** Sizes at which a root is wanted, besides the two checkpoints. */
  readonly cuts: readonly number[]
  /** Indexes of batches that rows point to. */
  readonly cited: ReadonlySet<number>
  readonly onProgress?: ((entries: number) => void) | undefined
}

const PROGRESS_EVERY = 4096

/** Reads entries, gaps, leaves and disclosures together, once, in order. */
export async function readEntries(pass: EntriesPass): Promise<EntriesRead> {
  const { folder, crypto, log, recount } = pass
  const disclosures = await createDisclosures(crypto, linesFrom(folder, PACK_FILES.disclosures), ({ event, field, value }) =>
    pass.events.open(event, field, value),
  )
  const leaves = await leafReader(folder, log.entries)
  const state = { misshapen: undefined as EntriesRead['misshapen'], strayed: undefined as number | undefined, count: 0 }
  const [summary, batches, scanner] = [emptySummary(), new Map<number, CitedBatch>(), createScanner([])]

  async function onLeaf(index: number, bytes: Uint8Array, hash: Uint8Array): Promise<void> {
    state.count += 1
    if (state.count % PROGRESS_EVERY === 0) pass.onProgress?.(state.count)
    if (!isSameHash(await leaves(), hash)) state.strayed ??= index
    const why = scanner.scan(bytes)
    if (why !== undefined) state.misshapen ??= { index, why }
    const entry = entryFrom(bytes)
    if (!entry) return addWrong(summary, index, 'what stands there is no entry')
    await visit({ pass, summary, disclosures, batches }, index, entry)
    recount.add('entries', entry)
  }

  const lines = linesFrom(folder, PACK_FILES.entries)
  const walked = await walkTree({
    sha256: crypto.sha256,
    size: log.last.size,
    gaps: gapsFrom(folder),
    leaves: lines,
    files: { gaps: PACK_FILES.gaps, leaves: PACK_FILES.entries },
    cuts: [log.first.size, ...pass.cuts],
    onLeaf,
  })
  if (await lines.next()) throw new PackBroken('There are more entries than places for them.', PACK_FILES.entries)
  if (walked.leaves !== log.entries)
    throw new PackBroken(`report.json names ${log.entries} entries; ${walked.leaves} are here.`, PACK_FILES.entries)
  return { walked, summary, disclosure: await disclosures.end(), misshapen: state.misshapen, strayed: state.strayed, batches }
}

/** Check `inclusion` for the entries: the root that comes out must be the signed one. */
export function wrongRoot(read: EntriesRead, log: PackLog): Outcome | undefined {
  const { roots, root } = read.walked
  const place: Place = read.strayed === undefined ? { file: PACK_FILES.gaps } : { file: PACK_FILES.entries, index: read.strayed }
  if (!isSameHash(root, rootOf(log.last.root))) {
    const where =
      read.strayed === undefined
        ? 'No entry can be named: hashes and proofs disagree as a whole.'
        : `Entry ${count(read.strayed)} is the first whose hash is another.`
    return fails('inclusion', `The entries and the hashes between them do not give the root that was signed. ${where}`, place)
  }
  const first = roots.get(log.first.size)
  if (!first)
    return fails('inclusion', 'A gap crosses the size of the first checkpoint, so nothing shows that the log continued it.', {
      file: PACK_FILES.gaps,
    })
  if (!isSameHash(first, rootOf(log.first.root)))
    return fails('inclusion', 'The tree does not continue the first checkpoint.', { file: PACK_FILES.firstCheckpoint })
  if (read.strayed !== undefined)
    return fails('inclusion', `The leaf hash of entry ${count(read.strayed)} is not the one in ${PACK_FILES.leaves}.`, {
      file: PACK_FILES.leaves,
      index: read.strayed,
    })
  return undefined
}

/** Lines of a file; none where it is missing. */
export function linesFrom(folder: PackFolder, name: string): LineReader {
  return readerOf(folder.files.has(name) ? linesOf(folder.read(name), name) : undefined)
}

/** A root in standard base64 as bytes. */
export function rootOf(text: string): Uint8Array {
  return fromBase64(text, 'root')
}

interface Visit {
  readonly pass: EntriesPass
  readonly summary: Summary
  readonly disclosures: Disclosures
  readonly batches: Map<number, CitedBatch>
}

interface Entry {
  readonly at: string
  readonly event: string
  readonly hidden: Readonly<Record<string, unknown>>
  readonly n: number
  readonly reason?: unknown
  readonly shown: Readonly<Record<string, unknown>>
  readonly tenant: string
  readonly type: string
}

async function visit({ pass, summary, disclosures, batches }: Visit, index: number, entry: Entry): Promise<void> {
  const isOthers = pass.log.scope === 'tenant' && entry.tenant !== pass.manifest.tenant
  if (isOthers && entry.tenant !== 'install')
    addWrong(summary, index, `an entry of tenant ${entry.tenant} is in a pack of another`)
  if (!isOthers) take(summary, { ...entry, index, shown: () => entry.shown })
  pass.events.take(index, entry)
  await disclosures.visit({ ...entry, index })
  if (!pass.cited.has(index) || entry.type !== 'log.batch') return
  const { rows, root } = entry.shown
  if (typeof rows === 'number' && typeof root === 'string')
    batches.set(index, { rows, root: fromBase64Url(root, 'root of a batch') })
}

/** The members that a verifier reads, or nothing where one is missing. */
function entryFrom(bytes: Uint8Array): Entry | undefined {
  let value: unknown
  try {
    value = JSON.parse(textOf(bytes, 'entry'))
  } catch {
    return undefined
  }
  if (!isRecord(value)) return undefined
  const entry = value as Partial<Entry> & { readonly v?: unknown }
  const isWhole =
    [entry.at, entry.event, entry.tenant, entry.type].every((text) => typeof text === 'string') &&
    !Number.isNaN(Date.parse(entry.at ?? '')) &&
    Number.isSafeInteger(entry.n) &&
    entry.v === 1
  return isWhole && isRecord(entry.shown) && isRecord(entry.hidden) ? (entry as Entry) : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function gapsFrom(folder: PackFolder): GapReader {
  const lines = linesFrom(folder, PACK_FILES.gaps)
  return {
    async next() {
      const line = await lines.next()
      return line && parseGap(line, PACK_FILES.gaps)
    },
  }
}

/** Gives 32 bytes at a time. */
async function leafReader(folder: PackFolder, entries: number): Promise<() => Promise<Uint8Array>> {
  const file = PACK_FILES.leaves
  if ((folder.files.get(file) ?? 0) !== entries * 32) throw new PackBroken(`This file should hold ${entries} hashes.`, file)
  const chunks = entries === 0 ? undefined : folder.read(file)[Symbol.asyncIterator]()
  let [rest, at]: [Uint8Array, number] = [new Uint8Array(0), 0]
  return async () => {
    while (rest.length - at < 32) {
      const next = await chunks?.next()
      if (!next || next.done === true) throw new PackBroken('There are too few hashes.', file)
      const left = rest.subarray(at)
      const grown = new Uint8Array(left.length + next.value.length)
      grown.set(left)
      grown.set(next.value, left.length)
      ;[rest, at] = [grown, 0]
    }
    at += 32
    return rest.subarray(at - 32, at)
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
