import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { Actor, TokenRecord } from '../records.ts'
import type { ResponseRecord, Step, TokenResult } from '../responses.ts'
import { hasEnded, isSuspended, stateOf } from '../token-state.ts'
import { changed, type Action, type Transaction } from '../transaction.ts'
import { changeResponse, noteResponse, refuseUnless } from './responses.ts'
import { nextEvent, noteToken, readToken, updateUnchanged, type TokenNote, type TokenValues } from './token-change.ts'

const RESPONSE: Actor = { no: 0, kind: 'system' }

/** How a step changes a token: `null` where its state does not allow it. */
interface Change {
  readonly values: TokenValues
  readonly note: Pick<TokenNote, 'type' | 'reason'>
}
type Decide = (tx: Transaction, token: TokenRecord, response: ResponseRecord, at: Milliseconds) => Change | null

const CHANGES: Readonly<Record<Exclude<Step, 'notify'>, Decide>> = {
  throttle: (_tx, _token, { rate, until }) =>
    rate === null || until === null
      ? null
      : { values: { throttle: JSON.stringify({ ...rate, until }) }, note: { type: 'token.changed' } },
  suspend: (_tx, token, { until }, at) =>
    isSuspended(token, at) ? null : { values: { suspended_at: at, suspended_until: until }, note: { type: 'token.suspended' } },
  revoke: (tx, _token, { detector }, at) => {
    const reason = detector === 'leaked-token' ? 'leaked' : 'response'
    return {
      values: { ended_at: at, ending: 'revoked', ending_reason: reason, ...nextEvent(tx) },
      note: { type: 'token.revoked', reason },
    }
  },
}

export const applyResponse: Action<'applyResponse'> = async (tx, { tenantNo, id, at }) =>
  changeResponse(tx, { tenantNo, id, at }, async (before) => {
    if (before.state !== 'approved') return before
    const actor = before.automatic ? RESPONSE : before.proposer
    const isOver = before.until !== null && before.until <= at
    const results: TokenResult[] = []
    if (!isOver) for (const no of before.tokens) results.push(await applyTo(tx, no, before, { at, actor }))
    const isDone = before.step === 'notify' || results.some(({ did }) => did === 'changed')
    const failure = isDone ? null : isOver ? 'Its time was over before it could be applied.' : 'No token was in a state for it.'
    const record: ResponseRecord = {
      ...before,
      state: isDone ? 'applied' : 'failed',
      results,
      nextAt: null,
      failure,
      appliedAt: isDone ? at : null,
    }
    const counts = { changed: results.filter(({ did }) => did === 'changed').length, of: results.length }
    await noteResponse(tx, record, {
      type: isDone ? 'response.applied' : 'response.failed',
      at,
      actor,
      detail: { result: counts, failure },
    })
    return record
  })

export const failResponse: Action<'failResponse'> = async (tx, { tenantNo, id, failure, nextAt, at }) =>
  changeResponse(tx, { tenantNo, id, at }, async (before) => {
    if (before.state !== 'approved') return before
    const state = nextAt === null ? 'failed' : 'approved'
    const record: ResponseRecord = { ...before, state, tries: before.tries + 1, nextAt, failure }
    await noteResponse(tx, record, {
      type: 'response.failed',
      at,
      actor: RESPONSE,
      detail: { failure, tries: record.tries, nextAt },
    })
    return record
  })

export const undoResponse: Action<'undoResponse'> = async (tx, { tenantNo, id, at, actor }) =>
  changeResponse(tx, { tenantNo, id, at }, async (before) => {
    if (before.state === 'undone') return before
    refuseUnless(before, ['applied'])
    if (before.step !== 'throttle' && before.step !== 'suspend')
      throw new TrailError('response_state', UNDOABLE[before.step], { input: 'id' })
    const restored: string[] = []
    const left: string[] = []
    for (const result of before.results) {
      const token = await undoOn(tx, result, before, { at, actor })
      if (result.did === 'changed') (token.restored ? restored : left).push(token.id)
    }
    const record: ResponseRecord = { ...before, state: 'undone' }
    await noteResponse(tx, record, {
      type: 'response.undone',
      at,
      actor,
      detail: { restored: restored.length, leftAsItIs: left.length },
    })
    return record
  })

const UNDOABLE = {
  notify: 'What was told cannot be taken back.',
  revoke: 'Nothing un-revokes a token: issue a successor.',
} as const

type By = { readonly at: Milliseconds; readonly actor: Actor }

async function applyTo(tx: Transaction, no: number, response: ResponseRecord, { at, actor }: By): Promise<TokenResult> {
  for (;;) {
    const token = await readToken(tx, no)
    const step = response.step === 'notify' || token.tenantNo !== response.tenantNo ? undefined : CHANGES[response.step]
    const change = hasEnded(token, at) ? null : step?.(tx, token, response, at)
    if (!change) return { no, did: 'unchanged', found: stateOf(token, at) }
    const after = await updateUnchanged(tx, token, change.values)
    if (!after) continue
    changed(tx, after)
    const detail = { response: response.id, finding: response.findingId, until: response.until, rate: response.rate }
    await noteToken(tx, after, { ...change.note, at, actor, detail })
    const { suspendedAt, suspendedUntil, throttle } = token
    return { no, did: 'changed', before: { suspendedAt, suspendedUntil, throttle } }
  }
}

/** Puts back what stood before, if the token is still as the response left it: what people did since is not undone. */
async function undoOn(
  tx: Transaction,
  { no, did, before }: TokenResult,
  response: ResponseRecord,
  { at, actor }: By,
): Promise<{ id: string; restored: boolean }> {
  for (;;) {
    const token = await readToken(tx, no)
    if (did !== 'changed' || !before || hasEnded(token, at) || !isAsLeft(token, response))
      return { id: token.id, restored: false }
    const isSuspension = response.step === 'suspend'
    const values: TokenValues = isSuspension
      ? { suspended_at: before.suspendedAt, suspended_until: before.suspendedUntil }
      : { throttle: before.throttle && JSON.stringify(before.throttle) }
    const after = await updateUnchanged(tx, token, values)
    if (!after) continue
    changed(tx, after)
    const detail = { response: response.id, finding: response.findingId, undone: response.step }
    await noteToken(tx, after, { type: isSuspension ? 'token.resumed' : 'token.changed', at, actor, detail })
    return { id: token.id, restored: true }
  }
}

function isAsLeft(token: TokenRecord, { step, until, rate, appliedAt }: ResponseRecord): boolean {
  if (step === 'suspend') return token.suspendedAt === appliedAt && token.suspendedUntil === until
  const { throttle } = token
  return throttle !== null && throttle.until === until && throttle.count === rate?.count && throttle.windowMs === rate.windowMs
}
