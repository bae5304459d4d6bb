import { randomBytes } from 'node:crypto'
import type { Milliseconds, TypeName } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import { toApproval } from '../access-row.ts'
import type { Approval, FourEyes } from '../approvals.ts'
import type { Actor } from '../records.ts'
import { note, typeId, type Action, type Transaction } from '../transaction.ts'
import { isSeparationWaived } from './separation.ts'
import { describeActor, retentionOf } from './token-change.ts'

/** An action that needs a second person, about to happen in this transaction. */
export interface ToTake {
  readonly tenantNo: number
  /** The approval's id; without one nobody was asked. */
  readonly id: string | null | undefined
  readonly action: FourEyes
  /** Canonical JSON of what exactly will happen. */
  readonly params: string
  readonly at: Milliseconds
  readonly actor: Actor
  /** Why; where the actor's own approval is recorded under a waiver. */
  readonly ground?: string
}

/**
 * Spends the approval of what is about to happen, in its transaction: if that rolls back, the approval stands. While separation
 * of duties is waived and no approval is named, the actor's own request and approval are recorded at once.
 */
export async function takeApproval(tx: Transaction, what: ToTake): Promise<Approval> {
  if (what.id === null || what.id === undefined) return approveOwn(tx, what)
  const approval = await lockApproval(tx, what.tenantNo, what.id, what.at)
  refuseOthers(approval, what)
  const row = await tx.db
    .updateTable('approval')
    .set({ state: 'spent', spent_at: what.at })
    .where('id', '=', approval.id)
    .where('state', '=', 'given')
    .returningAll()
    .executeTakeFirst()
  if (!row) throw refusal('approval_missing', 'This approval was used already. Ask for another.')
  return toApproval(row, what.at)
}

export const requestApproval: Action<'requestApproval'> = async (tx, { tenantNo, action, params, ground, at, actor }) => {
  const approval = await insert(tx, { tenantNo, action, params, ground, at, actor })
  await noteApproval(tx, 'approval.requested', approval, { at, actor }, { lapsesAt: approval.lapsesAt })
  return approval
}

export const decideApproval: Action<'decideApproval'> = async (tx, { tenantNo, id, given, note: because, at, actor }) => {
  const approval = await lockApproval(tx, tenantNo, id, at)
  if (approval.state === 'lapsed') throw lapsed()
  if (approval.state !== 'requested')
    throw new TrailError('approval_state', `This approval is ${approval.state} already.`, { input: 'id' })
  const own = approval.requesterNo === actor.no
  if (given && own && !(await isSeparationWaived(tx))) {
    throw refusal('approval_own', 'Who asked for an approval cannot give it. A second person gives it.')
  }
  const row = await tx.db
    .updateTable('approval')
    .set({
      state: given ? 'given' : 'refused',
      decider_no: actor.no,
      decided_at: at,
      note: because ?? null,
      self_approved: given && own ? 1 : 0,
    })
    .where('id', '=', id)
    .where('state', '=', 'requested')
    .returningAll()
    .executeTakeFirstOrThrow()
  const type = given ? 'approval.given' : 'approval.refused'
  await noteApproval(
    tx,
    type,
    approval,
    { at, actor },
    { ...(given && own ? { waived: true } : {}), ...(because ? { because } : {}) },
  )
  return toApproval(row, at)
}

const LIFE_MS = 24 * 3_600_000

type Request = Omit<ToTake, 'id'>

async function insert(tx: Transaction, { tenantNo, action, params, ground, at, actor }: Request): Promise<Approval> {
  const row = await tx.db
    .insertInto('approval')
    .values({
      id: `apr_${randomBytes(12).toString('hex')}`,
      tenant_no: tenantNo,
      action,
      params,
      ground: ground ?? '',
      state: 'requested',
      requester_no: actor.no,
      requested_at: at,
      lapses_at: at + LIFE_MS,
      self_approved: 0,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toApproval(row, at)
}

/** One person does both parts, and the log says so. */
async function approveOwn(tx: Transaction, what: ToTake): Promise<Approval> {
  if (!(await isSeparationWaived(tx)))
    throw refusal('approval_missing', 'This needs a second person: ask for an approval, and name it when it was given.')
  const { at, actor } = what
  const approval = await insert(tx, what)
  await noteApproval(tx, 'approval.requested', approval, { at, actor }, { lapsesAt: approval.lapsesAt, waived: true })
  await noteApproval(tx, 'approval.given', approval, { at, actor }, { waived: true })
  const row = await tx.db
    .updateTable('approval')
    .set({ state: 'spent', decider_no: actor.no, decided_at: at, self_approved: 1, spent_at: at })
    .where('id', '=', approval.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toApproval(row, at)
}

function refuseOthers(approval: Approval, { action, params, actor }: ToTake): void {
  if (approval.state === 'lapsed') throw lapsed()
  if (approval.state !== 'given')
    throw refusal('approval_missing', `This approval is ${approval.state}: only one that was given, once, lets anything happen.`)
  if (approval.action !== action || approval.params !== params || approval.requesterNo !== actor.no)
    throw refusal(
      'approval_differs',
      'This approval was given for something else, or to somebody else. Ask for one for exactly this.',
    )
  if (approval.deciderNo === actor.no && !approval.selfApproved)
    throw refusal('approval_own', 'Who asked for an approval cannot give it. A second person gives it.')
}

/** Takes the row's lock, so that of two who decide or spend at once one sees what the other did. */
async function lockApproval(tx: Transaction, tenantNo: number, id: string, at: Milliseconds): Promise<Approval> {
  const row = await tx.db
    .updateTable('approval')
    .set((approval) => ({ state: approval.ref('state') }))
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw refusal('approval_missing', 'There is no such approval here. GET /v1/approvals lists them.')
  return toApproval(row, at)
}

function lapsed(): TrailError {
  return refusal('approval_lapsed', 'This approval was asked for more than 24 hours ago. Ask for another.')
}

function refusal(
  code: 'approval_missing' | 'approval_lapsed' | 'approval_differs' | 'approval_own',
  message: string,
): TrailError {
  return new TrailError(code, message, { input: 'approval' })
}

type ApprovalEvent = Extract<TypeName, `approval.${string}`>

async function noteApproval(
  tx: Transaction,
  type: ApprovalEvent,
  { id, tenantNo, action, params, ground }: Approval,
  { at, actor }: { readonly at: Milliseconds; readonly actor: Actor },
  more: object,
): Promise<void> {
  const about = { tenant: tenantNo, retention: await retentionOf(tx, tenantNo), occurredAt: at, ...describeActor(actor) }
  await note(tx, { type: typeId(type), ...about, detail: JSON.stringify({ action, approval: id, params, ground, ...more }) })
}
