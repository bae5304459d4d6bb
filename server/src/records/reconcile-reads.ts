import type { Milliseconds } from 'tokentrail'
import type { Ending, EventNumber } from './records.ts'
import type { Database } from './schema.ts'

/** What must have left a leaf in the audit log, for the nightly comparison. */
export interface ReconcileReads {
  /** Who numbers critical events, and the last number given. A roll-back takes its number back, so there is no hole. */
  criticalWriters(): Promise<readonly EventNumber[]>
  /** Which of these stand in the log, and which wait for their place in it; the others it does not know. */
  knownToLog(ids: readonly string[]): Promise<ReadonlyMap<string, 'entered' | 'waiting'>>
  /** Tokens in the order of their numbers. */
  tokensAfter(no: number, limit: number): Promise<readonly ReconcileToken[]>
}

export interface ReconcileToken {
  readonly no: number
  readonly tenantNo: number
  /** Another system issued it: no event of ours did. */
  readonly observed: boolean
  readonly knownSince: Milliseconds
  readonly ending: Ending | null
  readonly endedAt: Milliseconds | null
  /** The critical event that ended it. */
  readonly endedBy: EventNumber | null
}

type AnswerRead = <Value>(read: () => Promise<Value>) => Promise<Value>

export function readsOfReconcile(db: Database, answer: AnswerRead): ReconcileReads {
  return {
    criticalWriters: async () => {
      const rows = await answer(() =>
        db
          .selectFrom('writer')
          .select(['no', 'seq'])
          .where('purpose', '=', 'records')
          .where('seq', '>', 0)
          .orderBy('no')
          .execute(),
      )
      return rows.map(({ no, seq }) => ({ writer: no, seq }))
    },
    knownToLog: async (ids) => {
      if (ids.length === 0) return new Map()
      // What waits goes into the log and never back, so it is looked for there last.
      const waiting = await answer(() => db.selectFrom('audit_outbox').select('id').where('id', 'in', ids).execute())
      const entries = await answer(() => db.selectFrom('log_entry').select('id').where('id', 'in', ids).execute())
      return new Map([...waiting.map(({ id }) => [id, 'waiting'] as const), ...entries.map(({ id }) => [id, 'entered'] as const)])
    },
    tokensAfter: async (no, limit) => {
      const rows = await answer(() =>
        db
          .selectFrom('token')
          .select(['no', 'tenant_no', 'observed', 'known_since', 'ending', 'ended_at', 'ended_by_writer', 'ended_by_seq'])
          .where('no', '>', no)
          .orderBy('no')
          .limit(limit)
          .execute(),
      )
      return rows.map((row) => ({
        no: row.no,
        tenantNo: row.tenant_no,
        observed: row.observed === 1,
        knownSince: row.known_since,
        ending: row.ending as Ending | null,
        endedAt: row.ended_at,
        endedBy: row.ended_by_writer > 0 ? { writer: row.ended_by_writer, seq: row.ended_by_seq } : null,
      }))
    },
  }
}
