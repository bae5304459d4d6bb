import { perform, type Call } from './act.ts'
import { toFailure } from './failure.ts'
import type { TokenChange } from './records.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import type { Answer } from './sqlite-thread.ts'
import { newTransaction, type Transaction } from './transaction.ts'

export type WriterCall = Call & { readonly id: number }

/** Asks for everything to move from the write-ahead log into the file, and for an empty log. */
export interface Scrub {
  readonly scrub: true
}

export interface GroupDone {
  readonly answers: readonly Answer[]
  readonly changes: readonly TokenChange[]
  readonly notedCount: number
}

/**
 * Runs actions in one transaction, each in a savepoint, so that they share one wait for the disk. A failed action does not
 * fail its neighbours; a failed commit fails all of them and changes nothing.
 */
export async function runGroup(connection: SqliteConnection, writer: number, calls: readonly WriterCall[]): Promise<GroupDone> {
  const { raw } = connection
  const done = { answers: [] as Answer[], changes: [] as TokenChange[], notedCount: 0 }
  try {
    raw.exec('BEGIN IMMEDIATE')
    for (const call of calls) {
      const { answer, tx } = await runOne(connection, writer, call)
      done.answers.push(answer)
      done.changes.push(...tx.changes)
      done.notedCount += tx.notedCount
    }
    raw.exec('COMMIT')
    return done
  } catch (error) {
    if (raw.isTransaction) raw.exec('ROLLBACK')
    const failure = toFailure(error)
    return { answers: calls.map(({ id }) => ({ id, failure })), changes: [], notedCount: 0 }
  }
}

async function runOne(
  { raw, db }: SqliteConnection,
  writer: number,
  call: WriterCall,
): Promise<{ answer: Answer; tx: Transaction }> {
  const tx = newTransaction(db, writer)
  raw.exec('SAVEPOINT action')
  try {
    const result = await perform(tx, call)
    raw.exec('RELEASE action')
    return { answer: { id: call.id, result }, tx }
  } catch (error) {
    // A full disk or a failing one ends the whole transaction, not the savepoint alone.
    if (!raw.isTransaction) throw error
    raw.exec('ROLLBACK TO action; RELEASE action')
    return { answer: { id: call.id, failure: toFailure(error) }, tx: newTransaction(db, writer) }
  }
}
