import { OUTCOMES, reasonId, type Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { Ending, EventFacts, EventNumber, Refused, TokenRecord } from '../records.ts'
import { selectTokens, toToken } from '../token-row.ts'
import { changed, type Action, type Transaction } from '../transaction.ts'
import { findToken, nextEvent, noteToken, readToken, spendable, type TokenValues } from './token-change.ts'

/** Of any number of callers exactly one gets the row. */
export const consumeToken: Action<'consumeToken'> = async (tx, { tenantNo, no, at, facts }) => {
  const won = await tx.db
    .updateTable('token')
    .set((token) => ({ ...endsAs(tx, 'consumed', at, facts), version: token('version', '+', 1) }))
    .where('no', '=', no)
    .where('tenant_no', '=', tenantNo)
    .where((token) => spendable(token, at))
    .returning('no')
    .executeTakeFirst()
  if (!won) return refuse(tx, tenantNo, no)
  const token = await readToken(tx, no)
  changed(tx, token)
  return { token, event: await noteConsumed(tx, token, at, facts) }
}

/** The guard takes the use and holds the row; the last use then ends the token in the same transaction. */
export const useToken: Action<'useToken'> = async (tx, { tenantNo, no, at, facts }) => {
  const won = await tx.db
    .updateTable('token')
    .set((token) => ({ uses_left: token('uses_left', '-', 1), version: token('version', '+', 1) }))
    .where('no', '=', no)
    .where('tenant_no', '=', tenantNo)
    .where('uses_left', '>', 0)
    .where((token) => spendable(token, at))
    .returning('uses_left')
    .executeTakeFirst()
  if (!won) return refuse(tx, tenantNo, no)
  const token = won.uses_left === 0 ? await endToken(tx, no, 'exhausted', at, facts) : await readToken(tx, no)
  if (token.endedAt !== null) await noteToken(tx, token, { type: 'token.exhausted', at, facts: withoutDecision(facts) })
  changed(tx, token)
  return { usesLeft: won.uses_left ?? 0, token }
}

/** The guard takes the attempt and holds the row; success or the last failure then ends the token in the same transaction. */
export const attemptToken: Action<'attemptToken'> = async (tx, { tenantNo, no, succeeded, at, facts }) => {
  const won = await tx.db
    .updateTable('token')
    .set((token) => ({ attempts_used: token('attempts_used', '+', 1), version: token('version', '+', 1) }))
    .where('no', '=', no)
    .where('tenant_no', '=', tenantNo)
    .where((token) => token.or([token('attempts_max', 'is', null), token('attempts_used', '<', token.ref('attempts_max'))]))
    .where((token) => spendable(token, at))
    .returning(['attempts_used', 'attempts_max'])
    .executeTakeFirst()
  if (!won) return refuse(tx, tenantNo, no)
  const attemptsUsed = won.attempts_used
  const isLocked = !succeeded && attemptsUsed === won.attempts_max
  const ending = succeeded ? 'consumed' : isLocked ? 'locked' : null
  const token = ending ? await endToken(tx, no, ending, at, facts) : await readToken(tx, no)
  changed(tx, token)
  return { attemptsUsed, locked: isLocked, token, event: await noteAttempted(tx, token, at, facts) }
}

export const noteSent: Action<'noteSent'> = async (tx, { tenantNo, id, at, delivered }) => {
  const { no } = await findToken(tx, tenantNo, id)
  await tx.db
    .updateTable('token')
    .set((token) => ({ sent_at: delivered ? at : null, version: token('version', '+', 1) }))
    .where('no', '=', no)
    .execute()
  const token = await readToken(tx, no)
  changed(tx, token)
  return token
}

export const rekeyToken: Action<'rekeyToken'> = async (tx, { no, scheme, digest, version }) => {
  const won = await tx.db
    .updateTable('token')
    .set({ scheme, digest, version: version + 1 })
    .where('no', '=', no)
    .where('version', '=', version)
    .returning('id')
    .executeTakeFirst()
  if (won) tx.changes.push({ no, id: won.id, version: version + 1 })
  return won !== undefined
}

function endsAs(tx: Transaction, ending: Ending, at: Milliseconds, facts: EventFacts): TokenValues {
  return {
    ended_at: at,
    ending,
    ended_network: String(facts.network ?? 0n),
    ended_client_hash: facts.clientHash ?? 0,
    ...nextEvent(tx),
  }
}

/** Ends a token whose row this transaction holds. */
async function endToken(tx: Transaction, no: number, ending: Ending, at: Milliseconds, facts: EventFacts): Promise<TokenRecord> {
  await tx.db
    .updateTable('token')
    .set(endsAs(tx, ending, at, facts))
    .where('no', '=', no)
    .execute()
  return readToken(tx, no)
}

async function noteAttempted(
  tx: Transaction,
  token: TokenRecord,
  at: Milliseconds,
  facts: EventFacts,
): Promise<EventNumber | null> {
  if (token.ending === 'consumed') return noteConsumed(tx, token, at, facts)
  return token.ending === 'locked' ? noteToken(tx, token, { type: 'token.locked', at, facts: withoutDecision(facts) }) : null
}

/** 202 is a validation and its decision in one. */
async function noteConsumed(tx: Transaction, token: TokenRecord, at: Milliseconds, facts: EventFacts): Promise<EventNumber> {
  const decided: EventFacts = { outcome: OUTCOMES.accepted, reason: reasonId('valid'), ...facts }
  return noteToken(tx, token, { type: 'token.consumed', at, facts: decided })
}

/** Locking and exhausting are facts beside the validation, which has an event of its own. */
function withoutDecision(facts: EventFacts): EventFacts {
  return { ...facts, outcome: OUTCOMES.none, reason: reasonId('none') }
}

/** Nothing was changed; the token as it stands, with the winner's traces. */
async function refuse(tx: Transaction, tenantNo: number, no: number): Promise<Refused> {
  const row = await selectTokens(tx.db).where('token.no', '=', no).where('token.tenant_no', '=', tenantNo).executeTakeFirst()
  if (!row) throw new TrailError('not_found', `There is no token number ${no}.`, { input: 'no' })
  return { refused: true, token: toToken(row) }
}
