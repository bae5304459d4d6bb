import { randomBytes } from 'node:crypto'
import { TrailError } from '../../errors.ts'
import { toSuppression } from '../finding-row.ts'
import type { Action, Transaction } from '../transaction.ts'
import { noteFinding, noteOf } from './finding-event.ts'
import { replaceFinding } from './findings.ts'
import { findFinding, settleIncident } from './findings-triage.ts'

/** Suppressions of one tenant that have not ended. */
const SUPPRESSIONS_MAX = 1_000

export const suppressFinding: Action<'suppressFinding'> = async (tx, { tenantNo, id, suppression, at, actor }) => {
  await refuseTooMany(tx, tenantNo, at)
  const before = await findFinding(tx, tenantNo, id)
  const { subject, needsApproval } = suppression
  const row = await tx.db
    .insertInto('suppression')
    .values({
      id: `sup_${randomBytes(10).toString('hex')}`,
      tenant_no: tenantNo,
      finding_id: id,
      detector: suppression.detector,
      subject_kind: subject?.kind ?? null,
      subject_key: subject?.key ?? null,
      value: suppression.value,
      reason: suppression.reason,
      author_no: actor.no,
      needs_approval: needsApproval ? 1 : 0,
      approver_no: null,
      created_at: at,
      ends_at: suppression.endsAt,
      hits: 0,
      last_hit_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const detail = { suppression: row.id, reason: row.reason, endsAt: row.ends_at }
  if (!needsApproval) return { finding: await rest(tx, before, { at, actor }, detail), suppression: toSuppression(row) }
  await noteOf(tx, tenantNo, { type: 'approval.requested', at, actor, detail: { ...detail, finding: id } })
  return { finding: before, suppression: toSuppression(row) }
}

export const approveSuppression: Action<'approveSuppression'> = async (tx, { tenantNo, id, at, actor }) => {
  const found = await findSuppression(tx, tenantNo, id)
  if (found.author_no === actor.no)
    throw new TrailError('not_permitted', 'Whoever asks for a suppression cannot approve it: a second person must.', {
      input: 'id',
    })
  if (found.needs_approval === 0 || found.approver_no !== null) return toSuppression(found)
  const row = await tx.db
    .updateTable('suppression')
    .set({ approver_no: actor.no })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  await noteOf(tx, tenantNo, { type: 'approval.given', at, actor, detail: { suppression: id, finding: row.finding_id } })
  const finding = await findFinding(tx, tenantNo, row.finding_id).catch(() => undefined)
  if (finding) await rest(tx, finding, { at, actor }, { suppression: id })
  return toSuppression(row)
}

export const endSuppression: Action<'endSuppression'> = async (tx, { tenantNo, id, at, actor }) => {
  const row = await tx.db
    .updateTable('suppression')
    .set({ ends_at: at })
    .where('id', '=', id)
    .where('tenant_no', '=', tenantNo)
    .where('ends_at', '>', at)
    .returning(['detector', 'hits'])
    .executeTakeFirst()
  if (!row) return false
  const detail = { path: `suppressions/${id}`, ended: true, detector: row.detector, hits: row.hits }
  await noteOf(tx, tenantNo, { type: 'config.changed', at, actor, detail })
  return true
}

type Finding = Awaited<ReturnType<typeof findFinding>>
type By = Parameters<typeof settleIncident>[2]

/** Puts a finding to rest that nobody wants to see. */
async function rest(tx: Transaction, before: Finding, by: By, detail: Readonly<Record<string, unknown>>): Promise<Finding> {
  if (before.state === 'closed' || before.state === 'suppressed') return before
  const finding = { ...before, state: 'suppressed', changedAt: by.at, version: before.version + 1 } as const
  await replaceFinding(tx, finding, before.version)
  await noteFinding(tx, finding, { change: 'changed', ...by, detail: { was: before.state, ...detail } })
  await settleIncident(tx, finding, by)
  return finding
}

async function findSuppression(tx: Transaction, tenantNo: number, id: string) {
  const row = await tx.db
    .selectFrom('suppression')
    .selectAll()
    .where('id', '=', id)
    .where('tenant_no', '=', tenantNo)
    .executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no suppression of this id here.', { input: 'id' })
  return row
}

async function refuseTooMany(tx: Transaction, tenantNo: number, at: number): Promise<void> {
  const { count } = await tx.db
    .selectFrom('suppression')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('tenant_no', '=', tenantNo)
    .where('ends_at', '>', at)
    .executeTakeFirstOrThrow()
  if (count >= SUPPRESSIONS_MAX)
    throw new TrailError('too_many_items', `There are already ${SUPPRESSIONS_MAX} suppressions. End some of them first.`)
}
