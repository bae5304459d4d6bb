import type { Milliseconds } from 'tokentrail'
import type { Changed, EventNumber, RecordActions, Refused, TokenRecord } from '../records.ts'
import { hasEnded, isSuspended } from '../token-state.ts'
import { changed, type Action, type Transaction } from '../transaction.ts'
import { describeChange, valuesOf } from './change-detail.ts'
import { insertToken, noteIssued, tokenExists } from './issue.ts'
import { findToken, nextEvent, noteToken, updateUnchanged, type TokenNote, type TokenValues } from './token-change.ts'

export const changeToken: Action<'changeToken'> = async (tx, { tenantNo, id, change, at, actor }) => {
  const done = await update(tx, { tenantNo, id, at }, () => valuesOf(change))
  if ('refused' in done) return done
  let event: EventNumber = { writer: 0, seq: 0 }
  for (const what of describeChange(done.before, done.token)) event = await noteToken(tx, done.token, { ...what, at, actor })
  return { token: done.token, event }
}

export const rotateToken: Action<'rotateToken'> = async (tx, { tenantNo, id, successor, graceUntil, reason, at, actor }) => {
  const done = await update(tx, { tenantNo, id, at }, (token) =>
    token.successorNo !== null || isSuspended(token, at) ? null : { successor_no: 0, grace_until: graceUntil, ...nextEvent(tx) },
  )
  if ('refused' in done) return done
  const { no, familyNo, generation } = done.token
  const made = await insertToken(tx, { ...successor, tenantNo }, at, { familyNo, generation: generation + 1, predecessorNo: no })
  if (!made) throw tokenExists(successor.id)
  await tx.db.updateTable('token').set({ successor_no: made.no }).where('no', '=', no).execute()
  const predecessor: TokenRecord = { ...done.token, successorNo: made.no }
  const detail = { successor: made.id, graceUntil }
  const event = await noteToken(tx, predecessor, { type: 'token.rotated', at, actor, reason, detail })
  await noteIssued(tx, made, { at, actor, reason: 'successor' })
  return { predecessor, successor: made, event }
}

export const revokeToken: Action<'revokeToken'> = async (tx, { tenantNo, id, reason, note, family, at, actor }) => {
  const what: TokenNote = { type: 'token.revoked', at, actor, reason, ...(note !== undefined && { detail: { note } }) }
  const values = () => ({ ended_at: at, ending: 'revoked', ending_reason: reason, ...nextEvent(tx) })
  const done = await updateAndNote(tx, { tenantNo, id, at }, values, what)
  if (!family) return done
  for (const other of await otherGenerations(tx, done.token)) {
    await updateAndNote(tx, { tenantNo, id: other, at }, values, { ...what, detail: { note, familyOf: id } })
  }
  return done
}

export const suspendToken: Action<'suspendToken'> = async (tx, { tenantNo, id, until, note, at, actor }) => {
  const detail = { until: until ?? null, note }
  return updateAndNote(
    tx,
    { tenantNo, id, at },
    (token) => (isSuspended(token, at) ? null : { suspended_at: at, suspended_until: until ?? null }),
    { type: 'token.suspended', at, actor, detail },
  )
}

export const resumeToken: Action<'resumeToken'> = async (tx, { tenantNo, id, at, actor }) =>
  updateAndNote(
    tx,
    { tenantNo, id, at },
    (token) => (token.suspendedAt === null ? null : { suspended_at: null, suspended_until: null }),
    { type: 'token.resumed', at, actor },
  )

export const noteObserved: Action<'noteObserved'> = async (tx, { tenantNo, id, change, endedBy }) => {
  const found = await tx.db
    .selectFrom('token')
    .select('no')
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!found) return null
  for (;;) {
    const token = await findToken(tx, tenantNo, id)
    const next = await updateUnchanged(tx, token, observedValues(token, change, endedBy))
    if (!next) continue
    changed(tx, next)
    return next
  }
}

type ObservedChange = Parameters<RecordActions['noteObserved']>[0]['change']

/** Of several endings that arrive out of order the earliest is the first ending. */
function observedValues(token: TokenRecord, change: ObservedChange, endedBy: EventNumber | undefined): TokenValues {
  const ends = change.endedAt !== undefined && (token.endedAt === null || change.endedAt < token.endedAt)
  return {
    ...(change.issuedAt !== undefined && { issued_at: change.issuedAt, issued_at_known: 1 }),
    ...(change.suspendedAt !== undefined && { suspended_at: change.suspendedAt, suspended_until: null }),
    ...(ends && { ended_at: change.endedAt, ending: change.ending ?? 'revoked', ending_reason: change.endingReason ?? null }),
    ...(ends && endedBy && { ended_by_writer: endedBy.writer, ended_by_seq: endedBy.seq }),
  }
}

type Where = { readonly tenantNo: number; readonly id: string; readonly at: Milliseconds }
type Decide = (token: TokenRecord) => TokenValues | null

/** Changes a token that has not ended, if `decide` gives values. Reads again where another transaction was faster. */
async function update(
  tx: Transaction,
  where: Where,
  decide: Decide,
): Promise<{ before: TokenRecord; token: TokenRecord } | Refused> {
  for (;;) {
    const before = await findToken(tx, where.tenantNo, where.id)
    const values = hasEnded(before, where.at) ? null : decide(before)
    if (!values) return { refused: true, token: before }
    const token = await updateUnchanged(tx, before, values)
    if (!token) continue
    changed(tx, token)
    return { before, token }
  }
}

async function updateAndNote(tx: Transaction, where: Where, decide: Decide, what: TokenNote): Promise<Changed | Refused> {
  const done = await update(tx, where, decide)
  return 'refused' in done ? done : { token: done.token, event: await noteToken(tx, done.token, what) }
}

async function otherGenerations(tx: Transaction, { tenantNo, familyNo, no }: TokenRecord): Promise<readonly string[]> {
  const rows = await tx.db
    .selectFrom('token')
    .select('id')
    .where('tenant_no', '=', tenantNo)
    .where('family_no', '=', familyNo)
    .where('no', '!=', no)
    .where('ended_at', 'is', null)
    .orderBy('no')
    .execute()
  return rows.map(({ id }) => id)
}
