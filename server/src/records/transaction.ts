import type { Insertable } from 'kysely'
import { eventId, TYPES, type TypeName } from 'tokentrail'
import { TrailError } from '../errors.ts'
import { blankEvent, type EventRow } from '../event/row.ts'
import type { EventNumber, RecordActions, TokenChange, TokenRecord } from './records.ts'
import { encodeEvent } from './outbox-event.ts'
import { prepared } from './prepared.ts'
import type { Database, Schema } from './schema.ts'

/**
 * What an action works in. The same actions run on SQLite (in the writer thread) and on PostgreSQL. Everything done through
 * `db` commits or rolls back together with the events that were noted.
 */
export interface Transaction {
  readonly db: Database
  /** Numbers the events of this transaction; no other transaction uses it at the same time. */
  readonly writer: number
  /** What every cache has to forget once this is committed. */
  readonly changes: TokenChange[]
  /** Events noted so far. */
  notedCount: number
  /** Retention class by tenant, read once. */
  readonly retentions: Map<number, number>
}

/** What an action works in, at its beginning. The caller begins and ends the database's own transaction. */
export function newTransaction(db: Database, writer: number): Transaction {
  return { db, writer, changes: [], notedCount: 0, retentions: new Map() }
}

/** One action: in a transaction, with plain parameters, to a plain result. */
export type Action<Name extends keyof RecordActions> = (
  tx: Transaction,
  params: Parameters<RecordActions[Name]>[0],
) => Promise<ReturnType<RecordActions[Name]>>

/** Writes a critical event under the writer's next number: to the outbox of the journal and to that of the audit log. */
export async function note(tx: Transaction, event: Partial<EventRow> & { readonly type: number }): Promise<EventNumber> {
  const seq = await nextSeq(tx)
  const row: EventRow = Object.assign(blankEvent(), event, { writer: tx.writer, seq })
  const body = encodeEvent(row)
  await toJournal(tx.db, { writer: tx.writer, seq, event: body })
  await toLog(tx.db, { id: eventId(tx.writer, seq), form: 'event', tenant_no: row.tenant, at: row.occurredAt, body })
  tx.notedCount += 1
  return { writer: tx.writer, seq }
}

async function nextSeq(tx: Transaction): Promise<number> {
  const [row] = await countOn(tx.db, { no: tx.writer })
  if (!row) throw new TrailError('records_unavailable', 'The number of this writer is gone from the records; start again.')
  return row.seq
}

const countOn = prepared((db, { no }: { no: number }) =>
  db
    .updateTable('writer')
    .set((row) => ({ seq: row('seq', '+', 1) }))
    .where('no', '=', no)
    .returning('seq'),
)

const toJournal = prepared((db, row: Insertable<Schema['outbox']>) => db.insertInto('outbox').values(row))

const toLog = prepared((db, row: Insertable<Schema['audit_outbox']>) => db.insertInto('audit_outbox').values(row))

/** The integer of a type. */
export function typeId(name: TypeName): number {
  return TYPES[name].id
}

/** Tells every cache, once this is committed, that a token changed. */
export function changed(tx: Transaction, token: TokenRecord): void {
  tx.changes.push({ no: token.no, id: token.id, version: token.version })
}
