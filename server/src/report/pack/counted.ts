import { nodesOf, toBase64Url } from 'tokentrail/log'
import { gapLine, gapRanges, PACK_FILES, type PackFigure, type PackQuestion } from 'tokentrail/verify'
import { OUTCOMES, TYPES } from 'tokentrail'
import { createNodes } from '../../audit/nodes.ts'
import { readLeaves, type BatchLeaf } from '../../audit/batch-rows.ts'
import { TrailError } from '../../errors.ts'
import { decodeRuns, placeInRuns } from '../../event/runs.ts'
import { openReader, type ReaderParts } from '../../query/reader.ts'
import { OF } from '../../query/scope.ts'
import type { Batch } from '../../records/batches.ts'
import type { EventNumber, RecordReads } from '../../records/records.ts'
import type { LogPart } from './log-part.ts'
import type { PackFolder } from './pack-folder.ts'
import type { PackPlan } from './plan.ts'

/** Counted rows that stand in a pack, under the batches that cover them. */
export interface CountedRows {
  readonly rows: number
  readonly batches: number
  /** Rows that were found and are not here, because no batch of this pack covers them, or its rows are no longer kept. */
  readonly absent: number
  /** The question that they answer, with figures that anyone counts again. */
  readonly question: PackQuestion
}

/** Writes the counted rows that a pack rests on, each with its way to the root of its batch. */
export type WriteCounted = (folder: PackFolder, plan: PackPlan, log: LogPart, signal: AbortSignal) => Promise<CountedRows>

/** Batches that one pack proves: each is read whole. Beyond them rows are counted as absent, and the pack says so. */
const BATCHES_MAX = 2000
const TOKENS_MAX = 200

const SQL = `SELECT writer, seq FROM ${OF.events} AND token_no IN {tokens:Array(UInt64)}
    AND type = ${TYPES['token.validated'].id}
    AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  ORDER BY occurred_at, writer, seq`

/** Every validation of the tokens that a pack is about: of one token, or of those that an incident touched. */
export function createCounted(parts: ReaderParts): WriteCounted {
  const { store, records } = parts
  return async (folder, plan, log, signal) => {
    const tokens = await tokensOf(records.read, plan)
    const reader = await openReader(parts, plan.tenant.no, signal)
    const found = await batchesOf(
      reader.stream<{ writer: number; seq: number | string }>(SQL, { tokens: tokens.map(({ no }) => no), ...plan.window }),
      { read: records.read, tenantNo: plan.tenant.no, log },
    )
    const [rows, proofs] = [await folder.open(PACK_FILES.rows), await folder.open(PACK_FILES.rowProofs)]
    const tally = { rows: 0, batches: 0, absent: found.absent, accepted: 0, refused: 0 }
    const wanted = new Set(tokens.map(({ no }) => no))
    for (const { index, batch, wants } of found.batches) {
      signal.throwIfAborted()
      const leaves: BatchLeaf[] = []
      const hashes = await readLeaves({ store, read: records.read }, batch, (leaf) => {
        if (leaf.json !== null && leaf.row !== null && wanted.has(leaf.row.tokenNo) && isWanted(leaf.row, plan)) leaves.push(leaf)
      })
      if (hashes.includes(undefined)) {
        tally.absent += wants
        continue
      }
      const nodes = createNodes(hashes as readonly Uint8Array[])
      leaves.sort((a, b) => a.index - b.index)
      await proofs.write(`{"batch":${index}}\n`)
      for (const { from, to } of gapRanges(
        leaves.map((leaf) => leaf.index),
        [],
        batch.rows,
      ))
        await proofs.write(`${gapLine({ from, hashes: nodesOf(from, to).map((node) => toBase64Url(nodes.hashOf(node))), to })}\n`)
      if (leaves.length > 0) await rows.write(leaves.map(({ json }) => `${json ?? ''}\n`).join(''))
      tally.batches += 1
      tally.rows += leaves.length
      for (const { row } of leaves) count(tally, row)
    }
    await rows.end()
    await proofs.end()
    return { rows: tally.rows, batches: tally.batches, absent: tally.absent, question: questionOf(tokens, tally) }
  }
}

interface Tally {
  accepted: number
  refused: number
}

function count(tally: Tally, row: BatchLeaf['row']): void {
  if (row?.outcome === OUTCOMES.accepted) tally.accepted += row.count
  if (row?.outcome === OUTCOMES.rejected) tally.refused += row.count
}

function isWanted({ type, occurredAt }: NonNullable<BatchLeaf['row']>, { window }: PackPlan): boolean {
  return type === TYPES['token.validated'].id && occurredAt >= window.from && occurredAt < window.to
}

function questionOf(tokens: readonly Token[], tally: Tally & { readonly rows: number }): PackQuestion {
  const figure = (name: string, outcome: number, value: number): PackFigure => ({
    name,
    source: 'rows',
    where: { token_no: tokens.map(({ no }) => no), outcome },
    sum: 'count',
    value,
  })
  return {
    id: 'rows',
    name: 'uses-of-tokens',
    params: { tokens: tokens.map(({ id }) => id) },
    rows: tally.rows,
    file: PACK_FILES.rows,
    figures: [figure('accepted', OUTCOMES.accepted, tally.accepted), figure('refused', OUTCOMES.rejected, tally.refused)],
  }
}

interface Token {
  readonly no: number
  readonly id: string
}

/** The tokens that the pack is about, without those that do not exist for its reader. */
async function tokensOf(read: RecordReads, { tenant, params }: PackPlan): Promise<readonly Token[]> {
  const restricted = new Set((await read.restrictions(tenant.no)).map(({ ownerNo }) => ownerNo))
  const named = params.token === undefined ? [] : [await read.token(tenant.no, params.token)]
  const incident = params.incident === undefined ? null : await read.incident(tenant.no, params.incident)
  if (params.incident !== undefined && incident === null)
    throw new TrailError('not_found', 'There is no such incident. GET /v1/incidents lists them.', { input: 'incident' })
  const touched = Object.keys(incident?.touches ?? {}).flatMap((touch) =>
    touch.startsWith('token:') ? [Number(touch.slice(6))] : [],
  )
  const found = [...named, ...(await read.tokensByNo(touched.slice(0, TOKENS_MAX)))]
  return found.flatMap((token) =>
    token === null || token.tenantNo !== tenant.no || token.canary || restricted.has(token.ownerNo)
      ? []
      : [{ no: token.no, id: token.id }],
  )
}

interface Found {
  readonly batches: readonly Covering[]
  readonly absent: number
}

interface Covering {
  /** Index of its entry in the log. */
  readonly index: number
  readonly batch: Batch
  /** Rows of the pack that it covers. */
  wants: number
}

/** The batches that cover some events and whose entries stand in the pack, in the order of the log. */
async function batchesOf(
  events: AsyncIterable<{ readonly writer: number; readonly seq: number | string }>,
  { read, tenantNo, log }: { readonly read: RecordReads; readonly tenantNo: number; readonly log: LogPart },
): Promise<Found> {
  const covering = new Map<string, Covering | null>()
  let absent = 0
  let last: Batch | null = null
  for await (const { writer, seq } of events) {
    const event: EventNumber = { writer, seq: Number(seq) }
    if (last === null || placeInRuns(decodeRuns(last.runs), event.writer, event.seq) === undefined)
      last = await read.batchOf(tenantNo, event)
    const known = last === null ? null : await coveringOf(last, covering, read, log)
    if (known === null) absent += 1
    else known.wants += 1
  }
  const batches = [...covering.values()].filter((each) => each !== null)
  return { batches: batches.sort((a, b) => a.index - b.index), absent }
}

async function coveringOf(
  batch: Batch,
  covering: Map<string, Covering | null>,
  read: RecordReads,
  { span }: LogPart,
): Promise<Covering | null> {
  const known = covering.get(batch.id)
  if (known !== undefined) return known
  const place = (await read.logPlaces([batch.id])).get(batch.id)
  const isHere = place?.shard === span.shard.name && place.index >= span.from && place.index < span.last.size
  const found = place !== undefined && isHere && covering.size < BATCHES_MAX ? { index: place.index, batch, wants: 0 } : null
  covering.set(batch.id, found)
  return found
}
