import { createHash } from 'node:crypto'
import { TYPES, typeName } from 'tokentrail'
import type { Selectable } from 'kysely'
import type { StoredKey } from '../records.ts'
import type { KeyTable } from '../schema.ts'
import { isNotHeld } from '../hold-row.ts'
import { raiseNumbers, writerFloor } from '../numbers.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { describeActor, noteToken, readToken, retentionOf } from './token-change.ts'

export const noteCritical: Action<'noteCritical'> = async (tx, { tenantNo, type, facts, at }) => {
  const name = typeName(type)
  if (TYPES[name].class !== 'critical')
    throw new TypeError(`The event type ${type} (${name}) is not critical: it goes through the journal.`)
  return note(tx, { tenant: tenantNo, retention: await retentionOf(tx, tenantNo), occurredAt: at, ...facts, type })
}

export const createSession: Action<'createSession'> = async (tx, p) => {
  const { idDigest, tokenNo, tenantNo, csrf, at, expiresAt, id, provenAt, actor } = p
  const times = { created_at: at, expires_at: expiresAt, proven_at: provenAt }
  await tx.db.deleteFrom('session').where('expires_at', '<=', at).execute()
  await tx.db
    .insertInto('session')
    .values({ id_digest: idDigest, token_no: tokenNo, tenant_no: tenantNo, csrf, id, ...times })
    .execute()
  const token = await readToken(tx, tokenNo)
  return noteToken(
    tx,
    { ...token, tenantNo },
    {
      type: 'principal.signed_in',
      at,
      actor,
      detail: { expiresAt, secondFactor: provenAt !== null },
    },
  )
}

export const endSession: Action<'endSession'> = async (tx, { idDigest }) => {
  const gone = await tx.db.deleteFrom('session').where('id_digest', '=', idDigest).returning('token_no').executeTakeFirst()
  return gone !== undefined
}

export const leaseWriter: Action<'leaseWriter'> = async (tx, { purpose, at }) => {
  await raiseNumbers(tx.db, 'writer', writerFloor(at))
  const row = await tx.db
    .insertInto('writer')
    .values({ purpose, leased_at: at, seq: 0 })
    .returning('no')
    .executeTakeFirstOrThrow()
  return row.no
}

export const putKey: Action<'putKey'> = async (tx, key) => {
  const { domain, tenantNo, epoch, wrapped, destroyAfter } = key
  await tx.db
    .insertInto('pseudonym_key')
    .values({ domain, tenant_no: tenantNo, epoch, wrapped, destroy_after: destroyAfter })
    .onConflict((conflict) => conflict.columns(['domain', 'tenant_no', 'epoch']).doNothing())
    .execute()
  const row = await tx.db
    .selectFrom('pseudonym_key')
    .selectAll()
    .where('domain', '=', domain)
    .where('tenant_no', '=', tenantNo)
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow()
  return toKey(row)
}

/** 606 for each tenant whose keys went. What a hold may need stays. */
export const destroyKeys: Action<'destroyKeys'> = async (tx, { before, only }) => {
  let query = tx.db.deleteFrom('pseudonym_key').where('destroy_after', '<', before).where(isNotHeld)
  if (only) query = query.where('domain', '=', only.domain).where('tenant_no', '=', only.tenantNo)
  const gone = await query.returning(['domain', 'tenant_no', 'epoch']).execute()
  for (const [tenant, keys] of Map.groupBy(gone, (key) => key.tenant_no)) {
    const detail = JSON.stringify({ count: keys.length, keys: keys.map(({ domain, epoch }) => [domain, epoch]) })
    const about = {
      tenant,
      retention: await retentionOf(tx, tenant),
      occurredAt: only?.at ?? before,
      ...describeActor({ no: 0, kind: 'schedule' }),
    }
    await note(tx, { type: typeId('key.destroyed'), ...about, detail })
  }
  if (only && gone.length > 0) tx.changes.push('all')
  return gone.length
}

/** 601 with digests of the value before and after; the values may be secret. */
export const putSetting: Action<'putSetting'> = async (tx, { tenantNo, name, value, at, actor }) => {
  const before = await tx.db
    .selectFrom('setting')
    .select('value')
    .where('tenant_no', '=', tenantNo)
    .where('name', '=', name)
    .executeTakeFirst()
  await tx.db
    .insertInto('setting')
    .values({ tenant_no: tenantNo, name, value })
    .onConflict((conflict) => conflict.columns(['tenant_no', 'name']).doUpdateSet({ value }))
    .execute()
  const detail = JSON.stringify({ path: name, before: before ? digestOf(before.value) : null, after: digestOf(value) })
  const about = { tenant: tenantNo, retention: await retentionOf(tx, tenantNo), occurredAt: at, ...describeActor(actor) }
  await note(tx, { type: typeId('config.changed'), ...about, detail })
}

export const putImport: Action<'putImport'> = async (tx, progress) => {
  const { tenantNo, source, file, recordsDone, recordsTotal, finishedAt } = progress
  const values = { file, records_done: recordsDone, records_total: recordsTotal, finished_at: finishedAt }
  await tx.db
    .insertInto('import_progress')
    .values({ tenant_no: tenantNo, source, ...values })
    .onConflict((conflict) => conflict.columns(['tenant_no', 'source']).doUpdateSet(values))
    .execute()
}

export const forgetOutbox: Action<'forgetOutbox'> = async (tx, { events }) => {
  for (const [writer, numbers] of Map.groupBy(events, (event) => event.writer))
    await forgetOf(
      tx,
      writer,
      numbers.map(({ seq }) => seq),
    )
}

/** The key of a row. */
export function toKey(row: Selectable<KeyTable>): StoredKey {
  const { domain, tenant_no: tenantNo, epoch, wrapped, destroy_after: destroyAfter } = row
  return { domain, tenantNo, epoch, wrapped: new Uint8Array(wrapped), destroyAfter }
}

/** Numbers in one statement, far below the databases' bounds on parameters. */
const NUMBERS_PER_STATEMENT = 1_000

async function forgetOf(tx: Transaction, writer: number, seqs: readonly number[]): Promise<void> {
  for (let from = 0; from < seqs.length; from += NUMBERS_PER_STATEMENT) {
    const some = seqs.slice(from, from + NUMBERS_PER_STATEMENT)
    await tx.db.deleteFrom('outbox').where('writer', '=', writer).where('seq', 'in', some).execute()
  }
}

function digestOf(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}
