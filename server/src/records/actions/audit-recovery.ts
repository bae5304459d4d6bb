import { sql } from 'kysely'
import type { LogRecovery, LostEnding } from '../audit.ts'
import { raiseNumbers } from '../numbers.ts'
import type { Action, Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { insertShard } from './audit.ts'

export const recoverLog: Action<'recoverLog'> = async (tx, p) => {
  const ended = await applyEndings(tx, p.endings)
  const reissued = p.choice === 'reissue' ? await endOlder(tx, p) : 0
  for (const table of ['token', 'owner', 'tenant'] as const) await raiseNumbers(tx.db, table, p.floors[table])
  await tx.db.updateTable('log_head').set({ closed: 1 }).where('shard', '=', p.shard).execute()
  await tx.db.updateTable('log_shard').set({ closed_at: p.at, halted: null }).where('name', '=', p.shard).execute()
  const shard = await insertShard(tx, p.next, p.at)
  await takeApproval(tx, { ...p.approved, at: p.at })
  tx.changes.push('all')
  return { shard, ended, reissued }
}

/** The first ending holds: what the records know as ended stays as it is. */
async function applyEndings(tx: Transaction, endings: readonly LostEnding[]): Promise<number> {
  let count = 0
  for (const { tenantNo, tokenNo, ending, reason, at, writer, seq } of endings) {
    const { numUpdatedRows } = await tx.db
      .updateTable('token')
      .set((row) => ({
        ended_at: at,
        ending,
        ending_reason: reason,
        ended_by_writer: writer,
        ended_by_seq: seq,
        version: row('version', '+', 1),
      }))
      .where('no', '=', tokenNo)
      .where('tenant_no', '=', tenantNo)
      .where('ended_at', 'is', null)
      .executeTakeFirst()
    count += Number(numUpdatedRows)
  }
  return count
}

/** Everything older than the recovery is suspect: single-use tokens end, the others are suspended; Tokentrail's own stay. */
async function endOlder(tx: Transaction, { at }: LogRecovery): Promise<number> {
  const living = (query: ReturnType<typeof updating>) => query.where('ended_at', 'is', null).where('role', 'is', null)
  const updating = () => tx.db.updateTable('token').set({ version: sql<number>`version + 1` })
  const ended = await living(updating().set({ ended_at: at, ending: 'revoked', ending_reason: 'policy' }))
    .where((row) => row.or([row('kind', '!=', 'access'), row('uses_max', 'is not', null)]))
    .executeTakeFirst()
  const stopped = await living(updating().set({ suspended_at: at, suspended_until: null }))
    .where('suspended_at', 'is', null)
    .executeTakeFirst()
  return Number(ended.numUpdatedRows) + Number(stopped.numUpdatedRows)
}
