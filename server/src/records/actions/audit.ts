import type { LogShard, LogStep, NewShard } from '../audit.ts'
import { readShard, toSigned } from '../audit-row.ts'
import { TrailError } from '../../errors.ts'
import type { Action, Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { insertSealed } from './sealed.ts'

/** Rows in one statement: eight parameters each, far below the databases' bounds. */
const ROWS_PER_STATEMENT = 250

export const offerToLog: Action<'offerToLog'> = async (tx, { items }) => {
  let count = 0
  for (const { id, form, tenantNo, at, body } of items) {
    if (await hasEntry(tx, id)) continue
    const row = await tx.db
      .insertInto('audit_outbox')
      .values({ id, form, tenant_no: tenantNo, at, body })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('position')
      .executeTakeFirst()
    // while the insert waited for an append, the entry may have been made: then it is not offered twice
    if (row && (await hasEntry(tx, id))) await tx.db.deleteFrom('audit_outbox').where('id', '=', id).execute()
    else if (row) count += 1
  }
  return count
}

async function hasEntry(tx: Transaction, id: string): Promise<boolean> {
  return (await tx.db.selectFrom('log_entry').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
}

/** Servers that start at once take turns at the install's row: the first makes the shard, the others find it. */
export const openShard: Action<'openShard'> = async (tx, { shard, at }) => {
  const install = tx.db.updateTable('setting').set((row) => ({ value: row.ref('value') }))
  await install.where('tenant_no', '=', 0).where('name', '=', 'install.id').execute()
  const open = await tx.db.selectFrom('log_shard').select('name').where('closed_at', 'is', null).executeTakeFirst()
  return open ? readShard(tx.db, open.name) : insertShard(tx, shard, at)
}

/** The swap comes first: where it changes no row, nothing else was written. */
export const appendToLog: Action<'appendToLog'> = async (tx, step) => {
  const { numUpdatedRows } = await tx.db
    .updateTable('log_head')
    .set({ size: step.to.size, root: step.to.root, edge: step.to.edge, closed: step.next ? 1 : 0 })
    .where('shard', '=', step.shard)
    .where('size', '=', step.from.size)
    .where('root', '=', step.from.root)
    .where('epoch', '=', step.epoch)
    .where('closed', '=', 0)
    .where((head) =>
      head.not(
        head.exists(head.selectFrom('log_shard').select('name').where('name', '=', step.shard).where('halted', 'is not', null)),
      ),
    )
    .executeTakeFirst()
  if (Number(numUpdatedRows) !== 1) return 'moved'
  await insertEntries(tx, step)
  await moveNumbers(tx, step)
  await insertSealed(tx, step.sealed)
  await forgetTaken(tx, step.taken)
  if (step.next) await closeShard(tx, step.shard, step.next, step.at)
  if (step.approved) await takeApproval(tx, { ...step.approved, action: 'log.operate', at: step.at })
  return 'appended'
}

export const fixCheckpoint: Action<'fixCheckpoint'> = async (tx, { shard, size, root, at }) => {
  await tx.db
    .insertInto('log_signed')
    .values({ shard, size, root, signed_at: at, note: null })
    .onConflict((conflict) => conflict.columns(['shard', 'size']).doNothing())
    .execute()
  const rows = await tx.db
    .selectFrom('log_signed')
    .selectAll()
    .where('shard', '=', shard)
    .where('size', '>=', size)
    .orderBy('size', 'desc')
    .limit(1)
    .execute()
  const largest = rows.map(toSigned)[0]
  if (largest && (largest.size !== size || !isSame(largest.root, root))) return { refused: true, by: largest }
  return { refused: false }
}

export const keepNote: Action<'keepNote'> = async (tx, { shard, size, note }) => {
  await tx.db.updateTable('log_signed').set({ note }).where('shard', '=', shard).where('size', '=', size).execute()
}

export const haltLog: Action<'haltLog'> = async (tx, { shard, halted }) => {
  await tx.db.updateTable('log_shard').set({ halted }).where('name', '=', shard).execute()
}

export const nameInstall: Action<'nameInstall'> = async (tx, { id }) => {
  await tx.db
    .insertInto('setting')
    .values({ tenant_no: 0, name: 'install.id', value: id })
    .onConflict((conflict) => conflict.columns(['tenant_no', 'name']).doNothing())
    .execute()
  const row = await tx.db
    .selectFrom('setting')
    .select('value')
    .where('tenant_no', '=', 0)
    .where('name', '=', 'install.id')
    .executeTakeFirstOrThrow()
  return row.value
}

/** Makes an open shard of size 0. */
export async function insertShard(tx: Transaction, shard: NewShard, at: number): Promise<LogShard> {
  const { name, origin, vkey, epoch, previous, recovered = null } = shard
  await tx.db
    .insertInto('log_shard')
    .values({ name, origin, vkey, epoch, previous, opened_at: at, closed_at: null, halted: null, recovered })
    .execute()
  await tx.db
    .insertInto('log_head')
    .values({ shard: name, size: 0, root: EMPTY_ROOT, edge: new Uint8Array(0), epoch, closed: 0 })
    .execute()
  return readShard(tx.db, name)
}

async function closeShard(tx: Transaction, name: string, next: NewShard, at: number): Promise<void> {
  await tx.db.updateTable('log_shard').set({ closed_at: at }).where('name', '=', name).execute()
  await insertShard(tx, next, at)
}

async function insertEntries(tx: Transaction, { shard, entries }: LogStep): Promise<void> {
  const rows = entries.map(({ index, id, tenantNo, n, type, at, bytes }) => {
    return { shard, place: index, id, tenant_no: tenantNo, n, type, at, bytes }
  })
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    await tx.db
      .insertInto('log_entry')
      .values(rows.slice(from, from + ROWS_PER_STATEMENT))
      .execute()
  }
}

/** The last number of each tenant in this step. */
async function moveNumbers(tx: Transaction, { entries }: LogStep): Promise<void> {
  const last = new Map(entries.map(({ tenantNo, n }) => [tenantNo, n]))
  if (last.size === 0) return
  await tx.db
    .insertInto('log_tenant')
    .values([...last].map(([tenantNo, n]) => ({ tenant_no: tenantNo, n })))
    .onConflict((conflict) => conflict.column('tenant_no').doUpdateSet((row) => ({ n: row.ref('excluded.n') })))
    .execute()
}

/** Each of them was there when the step was made, and only who moves the head takes them away. */
async function forgetTaken(tx: Transaction, taken: readonly number[]): Promise<void> {
  if (taken.length === 0) return
  const { numDeletedRows } = await tx.db.deleteFrom('audit_outbox').where('position', 'in', taken).executeTakeFirstOrThrow()
  if (Number(numDeletedRows) === taken.length) return
  throw new TrailError(
    'data_damaged',
    `Of ${taken.length} rows that wait for the log ${numDeletedRows} were there; nothing was appended.`,
  )
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

/** SHA-256 of nothing: the root of the empty tree (RFC 6962 §2.1). */
const EMPTY_ROOT = new Uint8Array(Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex'))
