import { TrailError } from '../../errors.ts'
import type { FindingRecord } from '../findings.ts'
import { toFinding, toIncident } from '../finding-row.ts'
import type { Actor } from '../records.ts'
import type { Action, Transaction } from '../transaction.ts'
import { noteFinding, noteIncident } from './finding-event.ts'
import { replaceFinding, replaceIncident } from './findings.ts'

export const triageFinding: Action<'triageFinding'> = async (tx, { tenantNo, id, change, at, actor }) => {
  const before = await findFinding(tx, tenantNo, id)
  const state = change.state ?? before.state
  const closes = state === 'closed'
  const verdict = closes ? (change.verdict ?? before.verdict) : null
  if (closes && verdict === null)
    throw new TrailError(
      'parameter_invalid',
      'A finding closes with a verdict: say true_positive, false_positive, benign, duplicate, test or unclear.',
      {
        input: '/verdict',
      },
    )
  const { note = before.note, assignee = before.assignee } = change
  const finding = { ...before, state, verdict, note, assignee, changedAt: at, version: before.version + 1 }
  await replaceFinding(tx, finding, before.version)
  const detail = { was: before.state, note, assignee }
  await noteFinding(tx, finding, { change: closes && before.state !== 'closed' ? 'closed' : 'changed', at, actor, detail })
  if (isAtRest(finding) !== isAtRest(before)) await settleIncident(tx, finding, { at, actor })
  return finding
}

/** The finding of a tenant, else `not_found`. */
export async function findFinding(tx: Transaction, tenantNo: number, id: string): Promise<FindingRecord> {
  const row = await tx.db
    .selectFrom('finding')
    .selectAll()
    .where('id', '=', id)
    .where('tenant_no', '=', tenantNo)
    .executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no finding of this id here.', { input: 'id' })
  return toFinding(row)
}

/** An incident is closed exactly when none of its findings is open or acknowledged. */
export async function settleIncident(
  tx: Transaction,
  { tenantNo, incidentId }: FindingRecord,
  by: { at: number; actor: Actor },
): Promise<void> {
  if (incidentId === null) return
  const row = await tx.db
    .selectFrom('incident')
    .selectAll()
    .where('id', '=', incidentId)
    .where('tenant_no', '=', tenantNo)
    .executeTakeFirst()
  if (!row) return
  const alive = await tx.db
    .selectFrom('finding')
    .select('id')
    .where('incident_id', '=', incidentId)
    .where('state', 'in', ['open', 'acknowledged'])
    .limit(1)
    .executeTakeFirst()
  const before = toIncident(row)
  const state = alive ? 'open' : 'closed'
  if (state === before.state) return
  const incident = { ...before, state, changedAt: by.at, version: before.version + 1 } as const
  await replaceIncident(tx, incident, before.version)
  await noteIncident(tx, incident, { change: state === 'closed' ? 'closed' : 'changed', ...by })
}

function isAtRest({ state }: FindingRecord): boolean {
  return state === 'closed' || state === 'suppressed'
}
