import type { Milliseconds } from 'tokentrail'
import type { Window } from '../../query/answer.ts'
import type { LogPlace } from '../../records/audit.ts'
import type { RecordReads } from '../../records/records.ts'

/** An entry of the audit log as a question sees it: what it shows to everybody. */
export interface SeenEntry {
  readonly index: number
  /** The tenant's own gapless number. */
  readonly n: number
  readonly at: Milliseconds
  readonly type: string
  readonly id: string
  readonly shown: Readonly<Record<string, unknown>>
}

/** How the log stands. */
export interface LogFacts {
  readonly shard: string
  readonly origin: string
  readonly openedAt: Milliseconds
  /** Leaves that stood in the log then, and those of them that a checkpoint covers. */
  readonly size: number
  readonly covered: number
  readonly checkpointAt: Milliseconds | null
  /** Committed events without a leaf now. */
  readonly waiting: number
}

/** The audit log, as far as questions need it. */
export interface LogReader {
  /** Entries of a window in their order; tenant 0 is the install itself. */
  entries(tenantNo: number, window: Window, types?: readonly string[]): AsyncIterable<SeenEntry>
  /** Index of the leaf of each event that has one of its own. */
  leavesOf(events: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** As the log stood at a moment; null where none was kept. */
  facts(at: Milliseconds): Promise<LogFacts | null>
}

const PAGE = 500

/** Reads the log where records keep it. */
export function createLogReader(read: RecordReads): LogReader {
  return {
    async *entries(tenantNo, { from, to }, types) {
      let after: LogPlace | undefined
      for (;;) {
        const filter = { tenantNo, from, to, ...(types ? { types } : {}) }
        const page = await read.logInOrder(filter, { limit: PAGE, ...(after ? { after } : {}) })
        for (const { index, n, at, type, id, bytes } of page) yield { index, n, at, type, id, shown: shownIn(bytes) }
        const last = page.at(-1)
        if (last === undefined || page.length < PAGE) return
        after = { epoch: last.epoch, index: last.index }
      }
    },
    async leavesOf(events) {
      return new Map([...(await read.logPlaces(events))].map(([event, { index }]) => [event, index]))
    },
    async facts(at) {
      const shard = (await read.logShards()).findLast(({ openedAt }) => openedAt < at)
      if (shard === undefined) return null
      const [last] = await read.logPage({ to: at }, { before: { epoch: shard.epoch + 1, index: 0 }, limit: 1 })
      const size = last?.shard === shard.name ? last.index + 1 : 0
      const [covering, { noted }, backlog] = await Promise.all([
        read.logNoteFor(shard.name, size),
        read.logSigned(shard.name),
        read.logBacklog(),
      ])
      return {
        shard: shard.name,
        origin: shard.origin,
        openedAt: shard.openedAt,
        size,
        covered: Math.min(size, noted?.size ?? 0),
        checkpointAt: covering?.signedAt ?? noted?.signedAt ?? null,
        waiting: backlog.count,
      }
    },
  }
}

function shownIn(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const { shown } = JSON.parse(Buffer.from(bytes).toString()) as { shown?: Readonly<Record<string, unknown>> }
  return shown ?? {}
}
