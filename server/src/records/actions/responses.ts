import type { Milliseconds, TypeName } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { Actor } from '../records.ts'
import { fromResponse, toResponse } from '../response-row.ts'
import { AUTOMATIC_SHARE_PER_DAY, AUTOMATIC_TOKENS_PER_HOUR, type NewResponse, type ResponseRecord } from '../responses.ts'
import { selectTokens, toToken } from '../token-row.ts'
import type { Action, Transaction } from '../transaction.ts'
import { noteOf } from './finding-event.ts'
import { noteToken } from './token-change.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const proposeResponse: Action<'proposeResponse'> = async (tx, { tenantNo, response, at, actor }) => {
  await inTurn(tx, tenantNo)
  const known = await tx.db.selectFrom('response').selectAll().where('id', '=', response.id).executeTakeFirst()
  if (known) return toResponse(known)
  const within = await withinLimits(tx, tenantNo, response, at)
  const state = within.dryRun ? 'rehearsed' : within.approvalsNeeded > 0 ? 'proposed' : 'approved'
  const record: ResponseRecord = {
    ...within,
    tenantNo,
    state,
    proposer: actor,
    approvers: [],
    results: [],
    tries: 0,
    nextAt: state === 'approved' ? at : null,
    failure: null,
    createdAt: at,
    changedAt: at,
    appliedAt: null,
    version: 1,
  }
  await tx.db.insertInto('response').values(fromResponse(record)).execute()
  await noteResponse(tx, record, { type: 'response.proposed', at, actor })
  return record
}

export const approveResponse: Action<'approveResponse'> = async (tx, { tenantNo, id, at, actor }) =>
  changeResponse(tx, { tenantNo, id, at }, async (before) => {
    if (before.proposer.no === actor.no && before.proposer.kind !== 'system')
      throw new TrailError('not_permitted', 'Whoever proposes a response cannot approve it: another person must.', {
        input: 'id',
      })
    if (before.approvers.includes(actor.no)) return before
    refuseUnless(before, ['proposed'])
    const approvers = [...before.approvers, actor.no]
    const isEnough = approvers.length >= before.approvalsNeeded
    const record: ResponseRecord = { ...before, approvers, ...(isEnough ? { state: 'approved', nextAt: at } : {}) }
    await noteResponse(tx, record, { type: 'response.approved', at, actor })
    return record
  })

export const declineResponse: Action<'declineResponse'> = async (tx, { tenantNo, id, note, at, actor }) =>
  changeResponse(tx, { tenantNo, id, at }, async (before) => {
    refuseUnless(before, ['proposed', 'approved'])
    const record: ResponseRecord = { ...before, state: 'declined', nextAt: null }
    await noteResponse(tx, record, { type: 'response.declined', at, actor, detail: { note } })
    return record
  })

/** Changes a response in turn; what `change` gives back unchanged is not written. */
export async function changeResponse(
  tx: Transaction,
  { tenantNo, id, at }: { readonly tenantNo: number; readonly id: string; readonly at: Milliseconds },
  change: (before: ResponseRecord) => Promise<ResponseRecord>,
): Promise<ResponseRecord> {
  await inTurn(tx, tenantNo)
  const row = await tx.db
    .selectFrom('response')
    .selectAll()
    .where('id', '=', id)
    .where('tenant_no', '=', tenantNo)
    .executeTakeFirst()
  if (!row) throw new TrailError('not_found', 'There is no response of this id here.', { input: 'id' })
  const before = toResponse(row)
  const changed = await change(before)
  if (changed === before) return before
  const after = { ...changed, changedAt: at, version: before.version + 1 }
  await tx.db.updateTable('response').set(fromResponse(after)).where('id', '=', id).execute()
  return after
}

/** A response in a state that does not allow this. */
export function refuseUnless({ state }: ResponseRecord, states: readonly ResponseRecord['state'][]): void {
  if (states.includes(state)) return
  throw new TrailError('response_state', `The response is ${state}, which does not allow this.`, { input: 'id' })
}

/** Notes what happened to a response: on each of its tokens, or once where it has none. */
export async function noteResponse(
  tx: Transaction,
  response: ResponseRecord,
  what: {
    readonly type: TypeName
    readonly at: Milliseconds
    readonly actor: Actor
    readonly detail?: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  const { id, findingId, detector, detectorVersion, step, state, dryRun, automatic, until, rate, because, reason } = response
  const summary = { response: id, finding: findingId, detector, version: detectorVersion, step, state, dryRun, automatic }
  const people = { proposer: response.proposer, approvers: response.approvers, approvalsNeeded: response.approvalsNeeded }
  const detail = { ...summary, ...people, until, rate, because, reason, tokens: response.tokens.length, ...what.detail }
  if (response.tokens.length === 0) return noteOf(tx, response.tenantNo, { ...what, detail })
  const rows = await selectTokens(tx.db)
    .where('token.tenant_no', '=', response.tenantNo)
    .where('token.no', 'in', [...response.tokens])
    .orderBy('token.no')
    .execute()
  for (const row of rows) await noteToken(tx, toToken(row), { ...what, detail })
}

/** One change of a tenant's responses after another, on either database: their limits count what the others did. */
async function inTurn(tx: Transaction, tenantNo: number): Promise<void> {
  await tx.db
    .updateTable('tenant')
    .set((tenant) => ({ name: tenant.ref('name') }))
    .where('no', '=', tenantNo)
    .execute()
}

/** What is automatic beyond its limits becomes a proposal for a person. Dry runs count among themselves. */
async function withinLimits(tx: Transaction, tenantNo: number, response: NewResponse, at: Milliseconds): Promise<NewResponse> {
  if (!response.automatic || response.tokens.length === 0) return response
  const tokens = response.tokens.length
  const perDay = (await touchedSince(tx, tenantNo, response.dryRun, at - DAY_MS)) + tokens
  const perHour = (await touchedSince(tx, tenantNo, response.dryRun, at - HOUR_MS)) + tokens
  const over = [
    ...(perHour > AUTOMATIC_TOKENS_PER_HOUR ? [`more than ${AUTOMATIC_TOKENS_PER_HOUR} tokens in an hour`] : []),
    ...(perDay > 1 && !(await isWithinShare(tx, tenantNo, perDay))
      ? [`more than ${AUTOMATIC_SHARE_PER_DAY * 100} % of the active tokens in a day`]
      : []),
  ]
  if (over.length === 0) return response
  const because = [...response.because, ...over.map((limit) => `automatic steps stop here: ${limit}`)]
  return { ...response, automatic: false, approvalsNeeded: Math.max(1, response.approvalsNeeded), because }
}

async function touchedSince(tx: Transaction, tenantNo: number, dryRun: boolean, since: Milliseconds): Promise<number> {
  const rows = await tx.db
    .selectFrom('response')
    .select('tokens')
    .where('tenant_no', '=', tenantNo)
    .where('created_at', '>', since)
    .where('automatic', '=', 1)
    .where('dry_run', '=', dryRun ? 1 : 0)
    .where('state', 'in', ['rehearsed', 'approved', 'applied', 'undone'])
    .execute()
  return rows.reduce((sum, { tokens }) => sum + (JSON.parse(tokens) as unknown[]).length, 0)
}

/** Reads no more rows than the answer needs. */
async function isWithinShare(tx: Transaction, tenantNo: number, count: number): Promise<boolean> {
  const needed = Math.ceil(count / AUTOMATIC_SHARE_PER_DAY)
  const rows = await tx.db
    .selectFrom('token')
    .select('no')
    .where('tenant_no', '=', tenantNo)
    .where('ended_at', 'is', null)
    .where('canary', '=', 0)
    .limit(needed)
    .execute()
  return rows.length >= needed
}
