import { TrailError } from '../../errors.ts'
import { TOUCHES_MAX, type FindingRecord, type IncidentRecord, type Write } from '../findings.ts'
import { fromFinding, fromIncident } from '../finding-row.ts'
import type { Action, Transaction } from '../transaction.ts'
import { noteFinding, noteIncident } from './finding-event.ts'

/** Findings, incidents and ended suppressions are kept so long after their last change; their events stay as retention says. */
const KEPT_MS = 400 * 86_400_000
/** Old findings that go with one batch. */
const FORGOTTEN_MAX = 100

export const keepFindings: Action<'keepFindings'> = async (tx, { tenantNo, findings, incidents, hits, credit, at }) => {
  for (const write of incidents) await writeIncident(tx, write, at)
  for (const write of findings) await writeFinding(tx, write, at)
  for (const { row } of incidents) if (row.mergedInto !== null) await moveFindings(tx, row.id, row.mergedInto)
  for (const hit of hits) await countHit(tx, tenantNo, hit)
  if (credit) await writeCredit(tx, tenantNo, credit)
  await forgetOld(tx, tenantNo, at - KEPT_MS)
  return { findings: findings.length }
}

/** Somebody else was faster: nothing of this transaction is kept, and reading again helps. */
export function hasChanged(): TrailError {
  return new TrailError(
    'finding_changed',
    'The finding or its incident was changed by somebody else in this moment; read it and try again.',
  )
}

/** Replaces the row of the version that was read. */
export async function replaceFinding(tx: Transaction, finding: FindingRecord, before: number): Promise<void> {
  const { numUpdatedRows } = await tx.db
    .updateTable('finding')
    .set(fromFinding(finding))
    .where('id', '=', finding.id)
    .where('version', '=', before)
    .executeTakeFirst()
  if (Number(numUpdatedRows) === 0) throw hasChanged()
}

/** Replaces the row of the version that was read. */
export async function replaceIncident(tx: Transaction, incident: IncidentRecord, before: number): Promise<void> {
  const { numUpdatedRows } = await tx.db
    .updateTable('incident')
    .set(fromIncident(incident))
    .where('id', '=', incident.id)
    .where('version', '=', before)
    .executeTakeFirst()
  if (Number(numUpdatedRows) === 0) throw hasChanged()
}

async function writeFinding(tx: Transaction, { row, before, event }: Write<FindingRecord>, at: number): Promise<void> {
  if (before === null) await insertFinding(tx, row)
  else await replaceFinding(tx, row, before)
  await putTouches(tx, row)
  if (event) await noteFinding(tx, row, { change: event, at })
}

async function insertFinding(tx: Transaction, finding: FindingRecord): Promise<void> {
  const { numInsertedOrUpdatedRows } = await tx.db
    .insertInto('finding')
    .values(fromFinding(finding))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  if (Number(numInsertedOrUpdatedRows) === 0) throw hasChanged()
}

async function putTouches(tx: Transaction, { id, tenantNo, touches }: FindingRecord): Promise<void> {
  const rows = touches
    .slice(0, TOUCHES_MAX)
    .map(({ kind, key }) => ({ tenant_no: tenantNo, subject_kind: kind, subject_key: key, finding_id: id }))
  if (rows.length === 0) return
  await tx.db
    .insertInto('finding_touch')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function writeIncident(tx: Transaction, { row, before, event }: Write<IncidentRecord>, at: number): Promise<void> {
  if (before === null) await insertIncident(tx, row)
  else await replaceIncident(tx, row, before)
  if (event) await noteIncident(tx, row, { change: event, at })
}

/** Findings of an incident that was merged stand in the other one. */
async function moveFindings(tx: Transaction, from: string, to: string): Promise<void> {
  await tx.db.updateTable('finding').set({ incident_id: to }).where('incident_id', '=', from).execute()
}

async function insertIncident(tx: Transaction, incident: IncidentRecord): Promise<void> {
  const { numInsertedOrUpdatedRows } = await tx.db
    .insertInto('incident')
    .values(fromIncident(incident))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  if (Number(numInsertedOrUpdatedRows) === 0) throw hasChanged()
}

async function countHit(tx: Transaction, tenantNo: number, hit: { id: string; count: number; at: number }): Promise<void> {
  await tx.db
    .updateTable('suppression')
    .set((row) => ({ hits: row('hits', '+', hit.count), last_hit_at: hit.at }))
    .where('id', '=', hit.id)
    .where('tenant_no', '=', tenantNo)
    .execute()
}

type Credit = NonNullable<Parameters<Action<'keepFindings'>>[1]['credit']>

async function writeCredit(tx: Transaction, tenantNo: number, { before, after }: Credit): Promise<void> {
  const values = { credit_ms: after.creditMs, at: after.at }
  const written = before
    ? await tx.db
        .updateTable('notice_credit')
        .set(values)
        .where('tenant_no', '=', tenantNo)
        .where('credit_ms', '=', before.creditMs)
        .where('at', '=', before.at)
        .executeTakeFirst()
    : await tx.db
        .insertInto('notice_credit')
        .values({ tenant_no: tenantNo, ...values })
        .onConflict((conflict) => conflict.column('tenant_no').doNothing())
        .executeTakeFirst()
  const count = 'numUpdatedRows' in written ? written.numUpdatedRows : (written.numInsertedOrUpdatedRows ?? 0n)
  if (Number(count) === 0) throw hasChanged()
}

async function forgetOld(tx: Transaction, tenantNo: number, before: number): Promise<void> {
  await tx.db
    .deleteFrom('incident')
    .where('tenant_no', '=', tenantNo)
    .where('last_at', '<', before)
    .where('changed_at', '<', before)
    .execute()
  await tx.db.deleteFrom('suppression').where('tenant_no', '=', tenantNo).where('ends_at', '<', before).execute()
  const old = await tx.db.selectFrom('finding').select('id').where('changed_at', '<', before).limit(FORGOTTEN_MAX).execute()
  if (old.length === 0) return
  const ids = old.map(({ id }) => id)
  await tx.db.deleteFrom('finding_touch').where('finding_id', 'in', ids).execute()
  await tx.db.deleteFrom('finding').where('id', 'in', ids).execute()
}
