import { join } from 'node:path'
import {
  HASH_BYTES,
  parseCheckpoint,
  parseNote,
  TILE_WIDTH,
  tileAt,
  TokentrailError,
  type LogPolicy,
  type OpenedCheckpoint,
} from 'tokentrail/log'
import {
  cannotSay,
  checkCompleteness,
  checkTrust,
  emptySummary,
  fails,
  holds,
  join as joinSummaries,
  openUnder,
  quorumOf,
  readTrust,
  signedBy,
  verification,
  type Outcome,
  type Trust,
  type Verification,
} from 'tokentrail/verify'
import { LOG_CRYPTO } from '../crypto.ts'
import { BLOCK_LEAVES, type Disagreement } from './block.ts'
import { readBlocks } from './blocks.ts'
import { createFastTree, rootOfSubtrees, type FastTree, type Subtree } from './fast-tree.ts'
import { strayedPartials } from './partials.ts'
import { readIfThere, readTile } from './tile-files.ts'

/** A log's directory to be verified: `checkpoint` and `tile/…`, as any static server would serve it. */
export interface LogToVerify {
  readonly directory: string
  readonly trust: Trust | undefined
  /** Notes of older checkpoints that the reader holds. */
  readonly older: readonly string[]
  readonly threads?: number
  readonly onProgress?: (entries: number, of: number) => void
}

const LISTED_MAX = 20

/** Verifies a log's directory: every entry, every tile, every older checkpoint. Streams; memory does not grow with the log. */
export async function verifyLog(log: LogToVerify): Promise<Verification> {
  const note = readIfThere(join(log.directory, 'checkpoint'))?.toString()
  if (note === undefined)
    return refused(fails('checkpoint', 'There is no checkpoint, so this is no log.', { file: 'checkpoint' }))
  const origin = originOf(note)
  const policy = log.trust?.policy ?? policyOf(log.directory)
  const trust = checkTrust(LOG_CRYPTO, log.trust, origin, log.trust ? undefined : policy)
  if (!policy)
    return verification([trust, ...unread('No key of this log is known, so its checkpoint cannot be opened.', ['checkpoint'])])
  let opened: OpenedCheckpoint
  try {
    opened = openUnder(LOG_CRYPTO, policy, note)
  } catch (error) {
    if (!(error instanceof TokentrailError)) throw error
    const broken = fails('checkpoint', `The checkpoint is not to be believed: ${error.message}.`, { file: 'checkpoint' })
    return verification([trust, broken, ...unread('Without a checkpoint there is no signed root to compare with.')])
  }
  const older = log.older.map((text) => openOlder(policy, text, opened))
  const read = await readAll(
    log,
    Number(opened.size),
    older.flatMap(({ size }) => (size === undefined ? [] : [size])),
  )
  return verification([trust, checkpointOutcome(policy, opened, older, read), ...entryOutcomes(opened, read)])
}

interface Read {
  readonly root: string
  readonly roots: ReadonlyMap<number, string>
  readonly disagreements: readonly Disagreement[]
  readonly misshapen: { readonly index: number; readonly why: string } | undefined
  readonly summary: ReturnType<typeof emptySummary>
}

async function readAll(log: LogToVerify, size: number, cuts: readonly number[]): Promise<Read> {
  const tree = createUpper(log.directory, size)
  const summary = emptySummary()
  const roots = new Map<number, string>([[0, rootOfSubtrees([])]])
  const disagreements: Disagreement[] = []
  let misshapen: Read['misshapen']
  const wanted = cuts.filter((cut) => cut <= size)
  await readBlocks({ directory: log.directory, size, cuts: wanted, threads: log.threads }, (found) => {
    const before = tree.nodes()
    for (const cut of found.cuts) roots.set(cut.size, rootOfSubtrees([...before, ...cut.nodes]))
    disagreements.push(...found.disagreements, ...tree.append(found.nodes))
    disagreements.splice(LISTED_MAX)
    misshapen ??= found.misshapen
    joinSummaries(summary, found.summary)
    log.onProgress?.(Math.min(size, (found.block + 1) * BLOCK_LEAVES), size)
  })
  for (const strayed of strayedPartials(log.directory, size)) if (disagreements.length < LISTED_MAX) disagreements.push(strayed)
  return { root: rootOfSubtrees(tree.nodes()), roots, disagreements, misshapen, summary }
}

/** The first leaf at which something is wrong, and where. */
interface Fault {
  readonly says: string
  readonly file: string
  readonly index?: number
}

function entryOutcomes(opened: OpenedCheckpoint, read: Read): Outcome[] {
  const fault = faultOf(opened, read)
  const count = Number(opened.size).toLocaleString('en-US')
  const inclusion = fault
    ? fails(
        'inclusion',
        fault.says,
        { file: fault.file, ...(fault.index === undefined ? {} : { index: fault.index }) },
        listed(read),
      )
    : holds('inclusion', `All ${count} entries give the signed root, and every tile agrees with them.`)
  const form = read.misshapen
    ? fails('form', `Entry ${read.misshapen.index.toLocaleString('en-US')} is not canonical: ${read.misshapen.why}.`, {
        index: read.misshapen.index,
      })
    : holds('form', `All ${count} entries are canonical JSON in the profile of the log.`)
  return [inclusion, form, checkCompleteness(read.summary, { scope: 'range' })]
}

/** Entries that give the signed root are right, so that what disagrees with them is a tile; otherwise it is the other way round. */
function faultOf(opened: OpenedCheckpoint, read: Read): Fault | undefined {
  const isRooted = read.root === Buffer.from(opened.root).toString('latin1')
  const [first] = finest(read.disagreements).toSorted((one, other) => one.index - other.index)
  if (!first && isRooted) return undefined
  if (!first)
    return {
      says: 'All files agree with one another, but not with the signed root: they were made anew as a whole.',
      file: 'checkpoint',
    }
  const file = (first.sure ?? (isRooted ? 'tile' : 'bundle')) === 'tile' ? first.tile : first.bundle
  const which =
    first.end - first.index > 1
      ? `one of the entries ${format(first.index)} to ${format(first.end - 1)}`
      : `entry ${format(first.index)}`
  return { says: `${file}: ${first.what}, at ${which}.`, file, index: first.index }
}

/** What is wrong with many leaves is not told where it is known which of them. */
function finest(all: readonly Disagreement[]): readonly Disagreement[] {
  const width = ({ index, end }: Disagreement): number => end - index
  return all.filter((one) => !all.some((other) => other.index >= one.index && other.end <= one.end && width(other) < width(one)))
}

function listed(read: Read): string[] {
  return finest(read.disagreements)
    .slice(1)
    .map(({ index, what, tile, bundle }) => `Entry ${format(index)} (${bundle}, ${tile}): ${what}.`)
}

/** An older checkpoint that the reader holds, opened under the same keys. */
interface Older {
  readonly wrong?: string
  readonly size?: number
  readonly root?: string
}

function openOlder(policy: LogPolicy, note: string, now: OpenedCheckpoint): Older {
  try {
    const older = openUnder(LOG_CRYPTO, policy, note)
    if (older.origin !== now.origin) return { wrong: `A checkpoint that you brought is of another log: ${older.origin}.` }
    return { size: Number(older.size), root: Buffer.from(older.root).toString('latin1') }
  } catch (error) {
    if (!(error instanceof TokentrailError)) throw error
    return { wrong: `A checkpoint that you brought is not signed by a key that you brought: ${error.message}.` }
  }
}

function checkpointOutcome(policy: LogPolicy, opened: OpenedCheckpoint, older: readonly Older[], read: Read): Outcome {
  const quorum = quorumOf(policy, opened)
  const notes = [`${signedBy(opened)}.`, quorum.says]
  const size = Number(opened.size)
  for (const each of older) {
    if (each.wrong !== undefined) return fails('checkpoint', each.wrong, {}, notes)
    const held = each.size ?? 0
    if (held > size)
      return fails(
        'checkpoint',
        `The log was rolled back: your checkpoint knows ${format(held)} entries, this log ends after ${format(size)}.`,
        { file: 'checkpoint', index: size },
        notes,
      )
    if (read.roots.get(held) !== each.root)
      return fails('checkpoint', rewritten(older, read, held), { index: continuedUntil(older, read) }, notes)
  }
  if (!quorum.isMet) return fails('checkpoint', quorum.says, { file: 'checkpoint' }, notes)
  const compared =
    older.length === 0
      ? 'No older checkpoint was given to compare with.'
      : `It continues ${older.length} older checkpoints that you hold.`
  return holds('checkpoint', `The log was signed at ${format(size)} entries. ${compared}`, notes)
}

function rewritten(older: readonly Older[], read: Read, held: number): string {
  return `The log was rewritten: it is not what your checkpoint of size ${format(held)} says it was. The change is at entry ${format(continuedUntil(older, read))} or after it.`
}

/** Largest size at which the log still is what a checkpoint says. */
function continuedUntil(older: readonly Older[], read: Read): number {
  return Math.max(0, ...older.filter(({ size = 0, root }) => read.roots.get(size) === root).map(({ size = 0 }) => size))
}

/** The tree above the blocks; compares its hashes with the tiles of level 2 and higher. */
function createUpper(directory: string, size: number): { append(nodes: readonly Subtree[]): Disagreement[]; nodes(): Subtree[] } {
  const tree = createFastTree()
  const towers = new Map<number, { tree: FastTree; count: number }>()
  let leaves = 0

  function rise(level: number, hash: string): Disagreement[] {
    const found = compare(directory, size, { level, hash, leaves })
    const tower = towers.get(level) ?? { tree: createFastTree(), count: 0 }
    towers.set(level, tower)
    tower.tree.append(0, hash)
    tower.count += 1
    if (tower.count < TILE_WIDTH) return found
    towers.delete(level)
    return [...found, ...rise(level + 1, tower.tree.nodes()[0]?.hash ?? '')]
  }

  return {
    nodes: () => tree.nodes(),
    append(nodes) {
      return nodes.flatMap(({ level, hash }) => {
        tree.append(level, hash)
        leaves += 2 ** level
        return 2 ** level === BLOCK_LEAVES ? rise(2, hash) : []
      })
    },
  }
}

/** Compares the subtree that ends at `leaves` with its place in the tile of its level. */
function compare(
  directory: string,
  size: number,
  { level, hash, leaves }: { readonly level: number; readonly hash: string; readonly leaves: number },
): Disagreement[] {
  const place = leaves / TILE_WIDTH ** level - 1
  const id = tileAt(size, level, BigInt(Math.floor(place / TILE_WIDTH)))
  if (!id) return []
  const file = readTile(directory, id)
  const stored = file.bytes?.toString('latin1') ?? ''
  const at = { index: leaves - TILE_WIDTH ** level, end: leaves, bundle: 'tile/entries', tile: file.path }
  const end = (place % TILE_WIDTH) * HASH_BYTES + HASH_BYTES
  const isLast = place % TILE_WIDTH === id.width - 1
  if (stored.length < end)
    return [{ ...at, what: file.bytes ? 'the tile is cut off there' : 'the tile is missing', sure: 'tile' }]
  if (isLast && stored.length !== file.width * HASH_BYTES)
    return [{ ...at, what: 'the tile is cut off, or holds more than its hashes', sure: 'tile' }]
  if (stored.startsWith(hash, end - HASH_BYTES)) return []
  return [{ ...at, what: 'the entries and the hash above them do not belong together' }]
}

/** Who the log says it is: the first line, believed or not. */
function originOf(note: string): string {
  try {
    return parseCheckpoint(parseNote(note).text).origin
  } catch {
    return note.split('\n', 1)[0] ?? ''
  }
}

/** The key that lies beside the log: a convenience, which shows no more than that the directory agrees with itself. */
function policyOf(directory: string): LogPolicy | undefined {
  const key = readIfThere(join(directory, 'log.vkey'))?.toString()
  return key === undefined ? undefined : readTrust(LOG_CRYPTO, key).policy
}

function refused(outcome: Outcome): Verification {
  return verification([outcome, ...unread('There is nothing to verify.')])
}

function unread(why: string, more: readonly ('checkpoint' | 'trust')[] = []): Outcome[] {
  return ([...more, 'inclusion', 'form', 'completeness'] as const).map((check) => cannotSay(check, why))
}

function format(value: number): string {
  return value.toLocaleString('en-US')
}
