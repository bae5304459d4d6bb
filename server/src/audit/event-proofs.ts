import { setTimeout as after } from 'node:timers/promises'
import { eventId, parseEventId } from 'tokentrail'
import { formatProof, inclusionProof, isSameHash, toBase64Url } from 'tokentrail/log'
import { ROW_PROOF } from 'tokentrail/verify'
import type { RowProof } from 'tokentrail/verify'
import { TrailError } from '../errors.ts'
import { decodeRuns, placeInRuns } from '../event/runs.ts'
import type { Batch } from '../records/batches.ts'
import type { EventNumber, RecordReads } from '../records/records.ts'
import type { Store } from '../store/store.ts'
import type { AuditLog, LogProof } from './audit.ts'
import { readLeaves } from './batch-rows.ts'
import type { BatchLeaf } from './batch-rows.ts'
import { TREE } from './crypto.ts'
import { createNodes } from './nodes.ts'

/** The proof of one event: text of a C2SP tlog-proof, or JSON of a row in its batch. */
export type EventProof = { readonly form: 'entry'; readonly text: string } | { readonly form: 'row'; readonly proof: RowProof }

export interface EventProofs {
  /**
   * `not_found` when the tenant has no such event in the log yet; `waitMs` waits for it. `proof_gone` when rows that the proof rests on
   * are no longer kept. `data_damaged` when the store's rows are not those that were recorded.
   */
  prove(tenantNo: number, event: string, o?: { readonly waitMs?: number }): Promise<EventProof>
}

const LOOK_MS = 50

export function createEventProofs(o: {
  audit: Pick<AuditLog, 'proof'>
  read: Pick<RecordReads, 'batchOf' | 'keptLeaves'>
  store: Pick<Store, 'stream'>
  /** Told of a batch whose rows do not give its root. */
  onMismatch?: (batch: Batch) => void
}): EventProofs {
  const { audit, read, store } = o

  async function prove(tenantNo: number, id: string, { waitMs = 0 } = {}): Promise<EventProof> {
    const number = parseEventId(id)
    if (!number) throw notYet()
    const until = performance.now() + waitMs
    for (;;) {
      const proof = await proveNow(tenantNo, number, Math.max(0, until - performance.now()))
      if (proof) return proof
      if (performance.now() >= until) throw notYet()
      await after(LOOK_MS)
    }
  }

  async function proveNow(tenantNo: number, number: EventNumber, waitMs: number): Promise<EventProof | undefined> {
    const id = eventId(number.writer, number.seq)
    const own = await audit.proof(id, { waitMs })
    if (own) return own.entry.tenantNo === tenantNo ? { form: 'entry', text: textOf(own) } : undefined
    const batch = await read.batchOf(tenantNo, number)
    if (!batch) return undefined
    const entry = await audit.proof(batch.id, { waitMs })
    return entry ? { form: 'row', proof: await rowProof(batch, number, entry) } : undefined
  }

  async function rowProof(batch: Batch, { writer, seq }: EventNumber, entry: LogProof): Promise<RowProof> {
    let found: BatchLeaf | undefined
    const index = placeInRuns(decodeRuns(batch.runs), writer, seq) ?? 0
    const leaves = await readLeaves({ store, read }, batch, (leaf) => {
      if (leaf.index === index) found = leaf
    })
    if (leaves.includes(undefined)) throw gone(batch)
    const nodes = createNodes(leaves as readonly Uint8Array[])
    if (!isSameHash(nodes.root(), batch.root)) throw mismatch(batch)
    const path = inclusionProof(TREE, index, batch.rows, nodes.hashOf).map(toBase64Url)
    const leaf = toBase64Url(leaves[index] ?? TREE.empty)
    const event = eventId(writer, seq)
    return { v: 1, format: ROW_PROOF, event, row: found?.json ?? null, leaf, index, size: batch.rows, path, batch: textOf(entry) }
  }

  function mismatch(batch: Batch): TrailError {
    o.onMismatch?.(batch)
    return new TrailError(
      'data_damaged',
      `The rows of the batch ${batch.id} in the store do not give the root that was recorded: they were changed, or some are missing.`,
    )
  }

  return { prove }
}

/** The proof as text, which stands alone: its `extra` is the entry. */
function textOf({ entry, hashes, checkpoint }: LogProof): string {
  return formatProof({ index: entry.index, hashes, checkpoint, extra: entry.bytes })
}

function notYet(): TrailError {
  return new TrailError(
    'not_found',
    'The audit log has no event of this id here, or not yet: a counted event is under a checkpoint within two seconds, of a quiet tenant within a minute.',
    { input: 'id' },
  )
}

function gone({ id }: Batch): TrailError {
  return new TrailError(
    'proof_gone',
    `Rows of the batch ${id} are no longer kept, so no proof can be made any more. A proof that was made before stays good.`,
  )
}
