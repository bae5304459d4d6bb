import type { Selectable } from 'kysely'
import { TrailError } from '../../errors.ts'
import type { SecondFactorTable } from '../access-tables.ts'
import type { Actor } from '../records.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { describeActor, retentionOf } from './token-change.ts'

const TRIES = 5
const WAIT_MS = 15 * 60_000

export const startFactor: Action<'startFactor'> = async (tx, { tenantNo, ownerNo, secret, at }) => {
  const known = await read(tx, ownerNo)
  if (known?.active === 1)
    throw new TrailError('factor_exists', 'There is a second factor already. Remove it first, with one of its codes.')
  await tx.db.deleteFrom('second_factor').where('owner_no', '=', ownerNo).execute()
  await tx.db
    .insertInto('second_factor')
    .values({ owner_no: ownerNo, tenant_no: tenantNo, secret, active: 0, enrolled_at: at, last_step: 0, failures: 0 })
    .execute()
}

export const proveFactor: Action<'proveFactor'> = async (tx, { tenantNo, ownerNo, step, at, actor }) => {
  const known = await lock(tx, ownerNo)
  const waitMs = waitOf(known, at)
  if (waitMs > 0) return { proven: false, triesLeft: 0, waitMs }
  if (step === null || step <= known.last_step) {
    const failures = known.failures >= TRIES ? 1 : known.failures + 1
    await tx.db.updateTable('second_factor').set({ failures, failed_at: at }).where('owner_no', '=', ownerNo).execute()
    return { proven: false, triesLeft: TRIES - failures, waitMs: failures >= TRIES ? WAIT_MS : 0 }
  }
  const values = { last_step: step, failures: 0, failed_at: null, active: 1 }
  await tx.db.updateTable('second_factor').set(values).where('owner_no', '=', ownerNo).execute()
  if (known.active === 0) await noteFactor(tx, { tenantNo, ownerNo, at, actor }, 'enrolled')
  return { proven: true }
}

export const removeFactor: Action<'removeFactor'> = async (tx, { tenantNo, ownerNo, at, actor }) => {
  const gone = await tx.db
    .deleteFrom('second_factor')
    .where('owner_no', '=', ownerNo)
    .where('tenant_no', '=', tenantNo)
    .returning('active')
    .executeTakeFirst()
  if (gone?.active === 1) await noteFactor(tx, { tenantNo, ownerNo, at, actor }, 'removed')
  return gone !== undefined
}

export const rewrapFactors: Action<'rewrapFactors'> = async (tx, { factors }) => {
  let count = 0
  for (const { ownerNo, from, to } of factors) {
    const { numUpdatedRows } = await tx.db
      .updateTable('second_factor')
      .set({ secret: to })
      .where('owner_no', '=', ownerNo)
      .where('secret', '=', from)
      .executeTakeFirstOrThrow()
    count += Number(numUpdatedRows)
  }
  return count
}

type Factor = Selectable<SecondFactorTable>

function waitOf({ failures, failed_at: failedAt }: Factor, at: number): number {
  return failures >= TRIES && failedAt !== null ? Math.max(0, failedAt + WAIT_MS - at) : 0
}

function read(tx: Transaction, ownerNo: number): Promise<Factor | undefined> {
  return tx.db.selectFrom('second_factor').selectAll().where('owner_no', '=', ownerNo).executeTakeFirst()
}

/** With the row's lock: of two who show the same code one is late. */
async function lock(tx: Transaction, ownerNo: number): Promise<Factor> {
  const row = await tx.db
    .updateTable('second_factor')
    .set((factor) => ({ failures: factor.ref('failures') }))
    .where('owner_no', '=', ownerNo)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new TrailError('factor_missing', 'There is no second factor. Set one up: POST /v1/second-factor.')
  return row
}

interface About {
  readonly tenantNo: number
  readonly ownerNo: number
  readonly at: number
  readonly actor: Actor
}

async function noteFactor(tx: Transaction, { tenantNo, ownerNo, at, actor }: About, secondFactor: 'enrolled' | 'removed') {
  const about = { tenant: tenantNo, retention: await retentionOf(tx, tenantNo), occurredAt: at, ownerNo, ...describeActor(actor) }
  await note(tx, { type: typeId('principal.changed'), ...about, detail: JSON.stringify({ secondFactor }) })
}
