import { createEdge, HASH_BYTES, type Edge } from 'tokentrail/log'
import type { EventRow } from '../event/row.ts'
import type { LogHead, LogShard, LogStep, LogWaiting, NewShard } from '../records/audit.ts'
import type { Records } from '../records/records.ts'
import type { Seal, SealedRow } from '../records/sealed.ts'
import { TREE } from './crypto.ts'
import { draftOfEvent, draftOfLog, entryBytes, eventOf, INSTALL, type Draft, type Names } from './entry.ts'

/** Makes the entries of what waits, and everything that must change with them. */
export interface Builder {
  /** `ends` closes the shard with these entries: its last one is `log.closed`. */
  build(shard: LogShard, waiting: readonly LogWaiting[], at: number, ends?: NewShard): Promise<LogStep>
}

export function createBuilder(o: { readonly records: Records; readonly seal: Seal }): Builder {
  const surrogates = new Map<number, string>([[0, INSTALL]])

  async function build(shard: LogShard, waiting: readonly LogWaiting[], at: number, ends?: NewShard): Promise<LogStep> {
    const drafts = await draft(o.records, waiting)
    await nameTenants(drafts.map(({ tenantNo }) => tenantNo))
    const numbers = new Map(await o.records.read.logNumbers([...new Set(drafts.map(({ tenantNo }) => tenantNo))]))
    const sealed = await seal(drafts)
    const edge = edgeOf(shard.head)
    const entries = drafts.map((each) => {
      const n = (numbers.get(each.tenantNo) ?? 0) + 1
      numbers.set(each.tenantNo, n)
      const commitments = sealed.commitments.get(each.id) ?? {}
      const bytes = entryBytes(each, { n, tenant: surrogates.get(each.tenantNo) ?? INSTALL, commitments })
      const index = Number(edge.size)
      edge.append(TREE.leaf(bytes))
      return { index, id: each.id, tenantNo: each.tenantNo, n, type: each.type, at: each.at, bytes }
    })
    return {
      shard: shard.name,
      epoch: shard.epoch,
      from: shard.head,
      to: headOf(edge),
      entries,
      at,
      sealed: sealed.rows,
      taken: waiting.filter(({ position }) => position > 0).map(({ position }) => position),
      ...(ends && { next: ends }),
    }
  }

  /** A tenant's surrogate never changes, so each is read once. */
  async function nameTenants(tenantNos: readonly number[]): Promise<void> {
    for (const no of new Set(tenantNos)) {
      if (!surrogates.has(no)) surrogates.set(no, (await o.records.read.tenant(no))?.id ?? `t_${no}`)
    }
  }

  async function seal(drafts: readonly Draft[]): Promise<{
    readonly commitments: ReadonlyMap<string, Readonly<Record<string, string>>>
    readonly rows: readonly SealedRow[]
  }> {
    const values = drafts.flatMap(({ hidden }) => hidden)
    const sealed = values.length === 0 ? [] : await o.seal(values)
    const commitments = new Map<string, Record<string, string>>()
    for (const { commitment, row } of sealed) {
      const known = commitments.get(row.event) ?? {}
      known[row.field] = commitment
      commitments.set(row.event, known)
    }
    return { commitments, rows: sealed.map(({ row }) => row) }
  }

  return { build }
}

async function draft(records: Records, waiting: readonly LogWaiting[]): Promise<readonly Draft[]> {
  const events = waiting.map(eventOf)
  const names = await readNames(
    records,
    events.filter((event) => event !== undefined),
  )
  return waiting.map((each, at) => {
    const event = events[at]
    return event ? draftOfEvent(each, event, names) : draftOfLog(each)
  })
}

/** A number whose row is gone stands for itself. */
async function readNames(records: Records, events: readonly EventRow[]): Promise<Names> {
  const tokens = new Set(events.map(({ tokenNo }) => tokenNo))
  const owners = new Set(events.flatMap(({ ownerNo, actorNo }) => [ownerNo, actorNo]))
  const found = await records.read.publicIds({ tokens: [...tokens].filter(Boolean), owners: [...owners].filter(Boolean) })
  return { token: (no) => found.tokens.get(no) ?? `#${no}`, owner: (no) => found.owners.get(no) ?? `#${no}` }
}

function edgeOf({ size, edge }: LogHead): Edge {
  const hashes = Array.from({ length: edge.length / HASH_BYTES }, (_, at) => edge.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
  return createEdge(TREE, { size, hashes })
}

function headOf(edge: Edge): LogHead {
  return { size: Number(edge.size), root: edge.root(), edge: new Uint8Array(Buffer.concat(edge.hashes)) }
}
