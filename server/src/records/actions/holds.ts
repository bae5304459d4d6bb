import { randomBytes } from 'node:crypto'
import { eventId } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import { toHold } from '../hold-row.ts'
import type { Hold, HoldScope } from '../holds.ts'
import type { Actor } from '../records.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { takeApproval } from './approvals.ts'
import { describeActor, retentionOf } from './token-change.ts'

const SCHEDULE = { no: 0, kind: 'schedule' } as const

export const setHold: Action<'setHold'> = async (tx, { tenantNo, scope, endsAt, ground, approval, params, at, actor }) => {
  await refuseStrangers(tx, tenantNo, scope)
  const taken = await takeApproval(tx, { tenantNo, id: approval, action: 'hold.set', params, at, actor, ground })
  const row = await tx.db
    .insertInto('hold')
    .values({
      id: `hld_${randomBytes(12).toString('hex')}`,
      tenant_no: tenantNo,
      owner_no: scope.ownerNo,
      token_no: scope.tokenNo,
      from_at: scope.from,
      to_at: scope.to,
      ground,
      set_at: at,
      set_by: actor.no,
      ends_at: endsAt,
      approval: taken.id,
      released_at: null,
      released_by: null,
      release_ground: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const hold = toHold(row)
  await noteHold(tx, 'hold.set', hold, { at, actor }, { until: endsAt, ground, approval: taken.id, ...waiver(taken) })
  return hold
}

export const releaseHold: Action<'releaseHold'> = async (tx, { tenantNo, id, ground, approval, params, at, actor }) => {
  const taken = await takeApproval(tx, { tenantNo, id: approval, action: 'hold.release', params, at, actor, ground })
  const row = await tx.db
    .updateTable('hold')
    .set({ released_at: at, released_by: actor.no, release_ground: ground })
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', id)
    .where('released_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
  if (!row)
    throw new TrailError(
      'not_found',
      'There is no hold of this id here that is not released already. GET /v1/holds lists them.',
      {
        input: 'id',
      },
    )
  const hold = toHold(row)
  await noteHold(tx, 'hold.released', hold, { at, actor }, { ground, approval: taken.id, ...waiver(taken) })
  return hold
}

export const endHolds: Action<'endHolds'> = async (tx, { at }) => {
  const rows = await tx.db
    .updateTable('hold')
    .set({ released_at: at, released_by: 0, release_ground: 'its end came' })
    .where('released_at', 'is', null)
    .where('ends_at', '<=', at)
    .returningAll()
    .execute()
  for (const hold of rows.map(toHold))
    await noteHold(tx, 'hold.released', hold, { at, actor: SCHEDULE }, { ground: 'its end came' })
  return rows.length
}

export const noteRetention: Action<'noteRetention'> = async (tx, run) => {
  const { leaves, at, tenantNo } = run
  const places = leaves === null ? {} : { shard: leaves.shard, firstLeaf: leaves.first, lastLeaf: leaves.last }
  const { class: name, days, cut, rows, bytes, keys, held } = run
  const event = await note(tx, {
    type: typeId('retention.applied'),
    tenant: tenantNo,
    retention: await retentionOf(tx, tenantNo),
    occurredAt: at,
    ...describeActor(SCHEDULE),
    detail: JSON.stringify({ class: name, cut, ...(days === null ? {} : { days }), rows, bytes, keys, held, ...places }),
  })
  const id = eventId(event.writer, event.seq)
  await tx.db
    .insertInto('retention_run')
    .values({
      id,
      tenant_no: tenantNo,
      class: name,
      days,
      cut,
      rows,
      bytes,
      keys,
      held,
      shard: leaves?.shard ?? null,
      first_leaf: leaves?.first ?? null,
      last_leaf: leaves?.last ?? null,
      at,
    })
    .execute()
  return { ...run, id }
}

function waiver({ selfApproved }: { readonly selfApproved: boolean }): { readonly waived?: true } {
  return selfApproved ? { waived: true } : {}
}

/** A hold names what is of its own tenant. */
async function refuseStrangers(tx: Transaction, tenantNo: number, { ownerNo, tokenNo }: HoldScope): Promise<void> {
  for (const [table, no] of [
    ['owner', ownerNo],
    ['token', tokenNo],
  ] as const) {
    if (no === null) continue
    const row = await tx.db
      .selectFrom(table)
      .select('no')
      .where('no', '=', no)
      .where('tenant_no', '=', tenantNo)
      .executeTakeFirst()
    if (!row) throw new TrailError('not_found', `There is no such ${table} here.`, { input: table })
  }
}

/** The scope is said by kind alone where everyone can read it; numbers and ground stand in the hidden detail. */
async function noteHold(
  tx: Transaction,
  type: 'hold.set' | 'hold.released',
  hold: Hold,
  { at, actor }: { readonly at: number; readonly actor: Actor },
  more: object,
): Promise<void> {
  await note(tx, {
    type: typeId(type),
    tenant: hold.tenantNo,
    retention: await retentionOf(tx, hold.tenantNo),
    occurredAt: at,
    ...(hold.ownerNo === null ? {} : { ownerNo: hold.ownerNo }),
    ...(hold.tokenNo === null ? {} : { tokenNo: hold.tokenNo }),
    ...describeActor(actor),
    detail: JSON.stringify({ hold: hold.id, scope: kindOf(hold), from: hold.from, to: hold.to, ...more }),
  })
}

function kindOf({ ownerNo, tokenNo, from, to }: HoldScope): string {
  const of = tokenNo !== null ? 'token' : ownerNo !== null ? 'owner' : 'tenant'
  return from === null && to === null ? of : `${of}, time range`
}
