import { EVENT_COLUMNS, blankEvent } from '../event/row.ts'
import type { ColumnForm, EventRow } from '../event/row.ts'
import { canonicalRow } from '../event/canonical-row.ts'
import { TYPES_NOT_IN_BATCH } from '../event/leaf.ts'
import { decodeRuns } from '../event/runs.ts'
import type { Run } from '../event/runs.ts'
import type { Batch } from '../records/batches.ts'
import type { RecordReads } from '../records/records.ts'
import type { SqlValue, Store } from '../store/store.ts'
import { TREE } from './crypto.ts'

/** One leaf of a batch: its hash, and the row where it is still there. */
export interface BatchLeaf {
  readonly index: number
  readonly row: EventRow | null
  /** The row as it was hashed; `null` where only the hash was kept. */
  readonly json: string | null
  readonly hash: Uint8Array
}

/** Columns that JSON cannot hold as they are. */
const SELECTED: Readonly<Partial<Record<ColumnForm, (column: string) => string>>> = {
  u64: (column) => `toString(${column})`,
  bytes16: (column) => `hex(${column})`,
  time: (column) => `toUnixTimestamp64Milli(${column})`,
  'u64[]': (column) => `arrayMap(each -> toString(each), ${column})`,
}
const READ: Readonly<Partial<Record<ColumnForm, (value: unknown) => unknown>>> = {
  u64: (value) => BigInt(String(value)),
  bytes16: (value) => new Uint8Array(Buffer.from(String(value), 'hex')),
  'u64[]': (value) => (value as readonly string[]).map(BigInt),
}

const COLUMNS = EVENT_COLUMNS.map(({ column, form }) => SELECTED[form]?.(`\`${column}\``) ?? `\`${column}\``)
const SQL = `WHERE tenant = {tenant:UInt32}
  AND occurred_at >= fromUnixTimestamp64Milli({first:Int64}) AND occurred_at <= fromUnixTimestamp64Milli({last:Int64})
  AND seq >= {fromSeq:UInt64} AND seq <= {toSeq:UInt64} AND NOT has({own:Array(UInt16)}, type)`
const LIMITS = { timeoutMs: 60_000 } as const

/** The rows of a batch as the store has them now, in no order, each with its place and hash. */
export async function* readBatchRows(store: Pick<Store, 'stream'>, batch: Batch): AsyncIterable<BatchLeaf> {
  if (batch.firstAt === null || batch.lastAt === null) return
  const runs = decodeRuns(batch.runs)
  const placeOf = createPlaces(runs)
  const params = {
    tenant: batch.tenantNo,
    first: batch.firstAt,
    last: batch.lastAt,
    fromSeq: runs.reduce((least, { from }) => Math.min(least, from), Number.MAX_SAFE_INTEGER),
    toSeq: runs.reduce((most, { from, count }) => Math.max(most, from + count - 1), 0),
    own: TYPES_NOT_IN_BATCH,
  }
  for await (const row of readRows(store, SQL, params)) {
    const index = placeOf(row.writer, row.seq)
    if (index === undefined) continue
    yield { index, row, ...leafOf(row) }
  }
}

/** Rows of events as the store has them now; `where` is constant SQL. */
export async function* readRows(
  store: Pick<Store, 'stream'>,
  where: string,
  params: Readonly<Record<string, SqlValue>>,
): AsyncIterable<EventRow> {
  const sql = `SELECT ${COLUMNS.join(', ')} FROM events\n${where}`
  for await (const line of linesOf(await store.stream({ sql, params, limits: LIMITS, format: 'JSONCompactEachRow' })))
    yield rowOf(JSON.parse(line) as unknown[])
}

/** A row as it is hashed, and its leaf hash. */
export function leafOf(row: EventRow): { readonly json: string; readonly hash: Uint8Array } {
  const json = canonicalRow(row)
  return { json, hash: TREE.leaf(new TextEncoder().encode(json)) }
}

/**
 * Hashes of a batch's leaves in their order; `undefined` where a row is gone without a trace. A hash that was kept wins: the row is
 * gone, or was emptied of what led to a person.
 */
export async function readLeaves(
  o: { store: Pick<Store, 'stream'>; read: Pick<RecordReads, 'keptLeaves'> },
  batch: Batch,
  visit: (leaf: BatchLeaf) => void = () => undefined,
): Promise<readonly (Uint8Array | undefined)[]> {
  const hashes = Array.from<Uint8Array | undefined>({ length: batch.rows })
  for (const [index, hash] of await keptIn(o.read, batch)) {
    hashes[index] = hash
    visit({ index, row: null, json: null, hash })
  }
  for await (const leaf of readBatchRows(o.store, batch)) {
    if (hashes[leaf.index] !== undefined) continue
    hashes[leaf.index] = leaf.hash
    visit(leaf)
  }
  return hashes
}

/** Kept hashes by their place: one question per writer, for a batch may have very many runs. */
async function keptIn(read: Pick<RecordReads, 'keptLeaves'>, batch: Batch): Promise<ReadonlyMap<number, Uint8Array>> {
  const runs = decodeRuns(batch.runs)
  const placeOf = createPlaces(runs)
  const kept = new Map<number, Uint8Array>()
  for (const [writer, own] of Map.groupBy(runs, (run) => run.writer)) {
    const from = own.reduce((least, run) => Math.min(least, run.from), Number.MAX_SAFE_INTEGER)
    const to = own.reduce((most, run) => Math.max(most, run.from + run.count - 1), 0)
    for (const { seq, hash } of await read.keptLeaves(batch.tenantNo, { writer, from, to })) {
      const index = placeOf(writer, seq)
      if (index !== undefined) kept.set(index, hash)
    }
  }
  return kept
}

/** Where an event stands among the leaves, found by halving: a batch may have very many runs. */
function createPlaces(runs: readonly Run[]): (writer: number, seq: number) => number | undefined {
  const byWriter = new Map<number, (Run & { readonly place: number })[]>()
  let place = 0
  for (const run of runs) {
    const own = byWriter.get(run.writer)
    if (own) own.push({ ...run, place })
    else byWriter.set(run.writer, [{ ...run, place }])
    place += run.count
  }
  for (const each of byWriter.values()) each.sort((a, b) => a.from - b.from)
  return (writer, seq) => {
    const own = byWriter.get(writer) ?? []
    let [low, high] = [0, own.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((own[middle]?.from ?? 0) <= seq) low = middle + 1
      else high = middle
    }
    const run = own[low - 1]
    return run && seq < run.from + run.count ? run.place + seq - run.from : undefined
  }
}

function rowOf(values: readonly unknown[]): EventRow {
  const row: Record<string, unknown> = { ...blankEvent() }
  EVENT_COLUMNS.forEach(({ field, form }, i) => (row[field] = READ[form]?.(values[i]) ?? values[i]))
  return row as unknown as EventRow
}

async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
  if (rest !== '') yield rest
}
