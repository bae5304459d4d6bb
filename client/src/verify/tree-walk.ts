import { fromBase64Url } from '../log/bytes.ts'
import type { Sha256 } from '../merkle.ts'
import { aligned, createGrowing } from './gaps.ts'
import type { LineReader } from './lines.ts'
import type { Gap } from './pack.ts'
import { PackBroken } from './zip.ts'

/** Gives the gaps of one tree, one after another. */
export interface GapReader {
  next(): Promise<Gap | undefined>
}

/** A tree put together again from leaves and gaps. */
export interface Walk {
  readonly sha256: Sha256
  readonly size: number
  readonly gaps: GapReader
  /** Only as many lines are taken as the tree has leaves here. */
  readonly leaves: LineReader
  /** Names of the files, for what is wrong. */
  readonly files: { readonly gaps: string; readonly leaves: string }
  /** Sizes at which the root is wanted. */
  readonly cuts: readonly number[]
  /** Each leaf with its index and hash, in order. */
  readonly onLeaf: (index: number, bytes: Uint8Array, hash: Uint8Array) => void | Promise<void>
}

/** What came out of it. */
export interface Walked {
  readonly root: Uint8Array
  /** Roots at the cuts that were met; a cut inside a gap is not. */
  readonly roots: ReadonlyMap<number, Uint8Array>
  readonly leaves: number
  /** Leaves that are not here. */
  readonly absent: number
  /** End of the last gap that is followed by a leaf or stands alone: from there on every leaf is here. */
  readonly wholeFrom: number
}

/** Goes through the leaves and the gaps between them once, left to right, in memory for one path of the tree. */
export async function walkTree(walk: Walk): Promise<Walked> {
  const tree = createGrowing(walk.sha256)
  const roots = new Map<number, Uint8Array>()
  const cuts = new Set(walk.cuts)
  let [leaves, wholeFrom] = [0, 0]
  const note = (): void => {
    if (cuts.has(tree.size)) roots.set(tree.size, tree.root())
  }
  note()
  for (let gap = await walk.gaps.next(); ; gap = await walk.gaps.next()) {
    const until = gap?.from ?? walk.size
    if (until < tree.size || until > walk.size || (gap && gap.to > walk.size))
      throw new PackBroken('The gaps overlap, or reach beyond the tree.', walk.files.gaps)
    while (tree.size < until) {
      const bytes = await walk.leaves.next()
      if (!bytes)
        throw new PackBroken(
          `There should be a line for leaf ${tree.size.toLocaleString('en-US')}; there are too few.`,
          walk.files.leaves,
        )
      const hash = leafHash(walk.sha256, bytes)
      await walk.onLeaf(tree.size, bytes, hash)
      tree.append(0, hash)
      leaves += 1
      note()
    }
    if (!gap) break
    bridge(gap, tree, walk.files.gaps)
    wholeFrom = gap.to
    note()
  }
  return { root: tree.root(), roots, leaves, absent: walk.size - leaves, wholeFrom }
}

/** Reads a gap's line, in its one spelling. */
export function parseGap(line: Uint8Array, file: string): Gap {
  const text = TEXT.decode(line)
  const [, from = '', hashes = '', to = ''] = GAP_LINE.exec(text) ?? []
  if (to === '') throw new PackBroken('A line is not that of a gap.', file)
  const gap = { from: Number(from), hashes: hashes === '' ? [] : hashes.slice(1, -1).split('","'), to: Number(to) }
  if (gap.from >= gap.to || !Number.isSafeInteger(gap.to)) throw new PackBroken('A gap does not end after it begins.', file)
  return gap
}

function bridge(gap: Gap, tree: ReturnType<typeof createGrowing>, file: string): void {
  const levels = aligned(gap.from, gap.to)
  if (levels.length !== gap.hashes.length)
    throw new PackBroken(`The gap from ${gap.from} to ${gap.to} should have ${levels.length} hashes.`, file)
  levels.forEach((level, i) => {
    const hash = fromBase64Url(gap.hashes[i] ?? '', file)
    if (hash.length !== 32) throw new PackBroken('A hash of a gap does not have 32 bytes.', file)
    tree.append(level, hash)
  })
}

function leafHash(sha256: Sha256, bytes: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(1 + bytes.length)
  prefixed.set(bytes, 1)
  return sha256(prefixed)
}

const TEXT = new TextDecoder('utf-8', { ignoreBOM: true })
const NUMBER = '(0|[1-9][0-9]{0,15})'
const GAP_LINE = new RegExp(
  `^\\{"from":${NUMBER},"hashes":\\[((?:"[0-9A-Za-z_-]{43}"(?:,"[0-9A-Za-z_-]{43}")*)?)\\],"to":${NUMBER}\\}$`,
)
