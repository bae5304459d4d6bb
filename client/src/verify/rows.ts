import type { LogCrypto } from '../log/keys.ts'
import { isSameHash } from '../merkle.ts'
import type { CitedBatch } from './entries.ts'
import { linesFrom } from './entries.ts'
import type { Recount } from './figures.ts'
import type { LineReader } from './lines.ts'
import { PACK_FILES } from './pack.ts'
import { parseGap, walkTree, type GapReader } from './tree-walk.ts'
import { PackBroken, type PackFolder } from './zip.ts'

/** What came of the rows. */
export interface RowsRead {
  readonly batches: number
  readonly rows: number
  /** Leaves of the cited batches that are not here. */
  readonly absent: number
}

const FILE = PACK_FILES.rowProofs
const CITED_MAX = 1_000_000
const MARK = /^\{"batch":(0|[1-9][0-9]{0,15})\}$/

/** Which batches the rows of a pack point to. */
export async function citedBatches(folder: PackFolder): Promise<ReadonlySet<number>> {
  const cited = new Set<number>()
  const lines = linesFrom(folder, FILE)
  for (let line = await lines.next(); line; line = await lines.next()) {
    const batch = markOf(line)
    if (batch === undefined) continue
    if (cited.size >= CITED_MAX) throw new PackBroken(`Rows point to more than ${CITED_MAX} batches.`, FILE)
    if (cited.has(batch)) throw new PackBroken(`Batch ${batch} is named twice.`, FILE)
    cited.add(batch)
  }
  return cited
}

/** Leads every row to the root in its batch's entry. */
export async function readRows(
  folder: PackFolder,
  crypto: LogCrypto,
  batches: ReadonlyMap<number, CitedBatch>,
  recount: Recount,
): Promise<RowsRead> {
  const source = markedGaps(linesFrom(folder, FILE))
  const rows = linesFrom(folder, PACK_FILES.rows)
  const found = { batches: 0, rows: 0, absent: 0 }
  for (let index = await source.nextMark(); index !== undefined; index = await source.nextMark()) {
    const batch = batches.get(index)
    if (!batch) throw new PackBroken(`Batch ${index} is not among the entries.`, FILE)
    const walked = await walkTree({
      sha256: crypto.sha256,
      size: batch.rows,
      gaps: source,
      leaves: rows,
      files: { gaps: FILE, leaves: PACK_FILES.rows },
      cuts: [],
      onLeaf: (_, bytes) => recount.add('rows', rowFrom(bytes, index)),
    })
    if (!isSameHash(walked.root, batch.root))
      throw new PackBroken(
        `The rows of batch ${index} do not give the root in its entry: a row was changed, left out or put in.`,
        PACK_FILES.rows,
      )
    found.batches += 1
    found.rows += walked.leaves
    found.absent += walked.absent
  }
  if (await rows.next()) throw new PackBroken('There are rows that belong to no batch.', PACK_FILES.rows)
  return found
}

/** Gaps of one batch after another: `next` ends before a mark, `nextMark` goes on with it. */
function markedGaps(lines: LineReader): GapReader & { nextMark(): Promise<number | undefined> } {
  let mark: number | undefined
  async function next(): Promise<ReturnType<typeof parseGap> | undefined> {
    if (mark !== undefined) return undefined
    const line = await lines.next()
    if (!line) return undefined
    mark = markOf(line)
    return mark === undefined ? parseGap(line, FILE) : undefined
  }
  return {
    next,
    async nextMark() {
      if (mark === undefined && (await next())) throw new PackBroken('A gap belongs to no batch.', FILE)
      const found = mark
      mark = undefined
      return found
    },
  }
}

function markOf(line: Uint8Array): number | undefined {
  const [, batch] = MARK.exec(new TextDecoder().decode(line)) ?? []
  return batch === undefined ? undefined : Number(batch)
}

function rowFrom(bytes: Uint8Array, batch: number): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new PackBroken(`A row of batch ${batch} is no JSON.`, PACK_FILES.rows)
  }
}
