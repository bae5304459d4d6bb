import type { Milliseconds } from 'tokentrail'
import type { Ending, TokenRecord } from '../records.ts'
import { isPurgeable } from '../hold-row.ts'
import { selectTokens, toToken } from '../token-row.ts'
import { changed, type Action, type Transaction } from '../transaction.ts'
import { noteToken, updateUnchanged, type TokenValues } from './token-change.ts'

/** Tokens that one sweep may take of each sort. */
const SWEEP_MAX = 1_000

const SCHEDULE = { no: 0, kind: 'schedule' } as const

export const sweep: Action<'sweep'> = async (tx, { at, max, purgeBefore }) => {
  const limit = Math.min(max, SWEEP_MAX)
  const superseded = await endAll(tx, await overGrace(tx, at, limit), 'superseded', (token) => token.graceUntil)
  const expired = await endAll(tx, await overTime(tx, at, limit), 'expired', (token) => token.expiresAt)
  const resumed = await resumeAll(tx, at, limit)
  const purged = await purge(tx, at, purgeBefore, limit)
  const more = [superseded.length, expired.length, resumed.length, purged].some((count) => count === limit)
  return { expired, superseded, resumed, purged, more }
}

/** At the same moment the end of grace comes before expiry, as in the order of reasons. */
async function overGrace(tx: Transaction, at: Milliseconds, limit: number): Promise<readonly TokenRecord[]> {
  const rows = await selectTokens(tx.db)
    .where('token.ended_at', 'is', null)
    .where('token.grace_until', '<=', at)
    .where((token) =>
      token.or([token('token.expires_at', 'is', null), token('token.expires_at', '>=', token.ref('token.grace_until'))]),
    )
    .orderBy('token.grace_until')
    .limit(limit)
    .execute()
  return rows.map(toToken)
}

async function overTime(tx: Transaction, at: Milliseconds, limit: number): Promise<readonly TokenRecord[]> {
  const rows = await selectTokens(tx.db)
    .where('token.ended_at', 'is', null)
    .where('token.expires_at', '<=', at)
    .where((token) =>
      token.or([token('token.grace_until', 'is', null), token('token.grace_until', '>', token.ref('token.expires_at'))]),
    )
    .orderBy('token.expires_at')
    .limit(limit)
    .execute()
  return rows.map(toToken)
}

async function endAll(
  tx: Transaction,
  tokens: readonly TokenRecord[],
  ending: Ending,
  endedAt: (token: TokenRecord) => Milliseconds | null,
): Promise<readonly TokenRecord[]> {
  return updateAll(tx, tokens, (token) => ({ ended_at: endedAt(token), ending }))
}

async function resumeAll(tx: Transaction, at: Milliseconds, limit: number): Promise<readonly TokenRecord[]> {
  const rows = await selectTokens(tx.db)
    .where('token.ended_at', 'is', null)
    .where('token.suspended_until', '<=', at)
    .orderBy('token.suspended_until')
    .limit(limit)
    .execute()
  const resumed = await updateAll(tx, rows.map(toToken), () => ({ suspended_at: null, suspended_until: null }))
  for (const token of resumed) await noteToken(tx, token, { type: 'token.resumed', at, actor: SCHEDULE })
  return resumed
}

/** Changes each token once, in the order of their numbers; one that another transaction just changed waits for the next sweep. */
async function updateAll(
  tx: Transaction,
  tokens: readonly TokenRecord[],
  values: (token: TokenRecord) => TokenValues,
): Promise<readonly TokenRecord[]> {
  const done: TokenRecord[] = []
  for (const token of tokens.toSorted((a, b) => a.no - b.no)) {
    const next = await updateUnchanged(tx, token, values(token))
    if (!next) continue
    changed(tx, next)
    done.push(next)
  }
  return done
}

/** Removes tombstones whose time is over and which no hold keeps; each leaves a `token.purged`. */
async function purge(tx: Transaction, at: Milliseconds, before: Milliseconds, limit: number): Promise<number> {
  const rows = await selectTokens(tx.db)
    .where(await isPurgeable(tx, at, before))
    .orderBy('token.ended_at')
    .limit(limit)
    .execute()
  let count = 0
  for (const token of rows.map(toToken).toSorted((a, b) => a.no - b.no)) {
    const gone = await tx.db.deleteFrom('token').where('no', '=', token.no).returning('no').executeTakeFirst()
    if (!gone) continue
    await tx.db.deleteFrom('session').where('token_no', '=', token.no).execute()
    await noteToken(tx, token, { type: 'token.purged', at, actor: SCHEDULE, reason: 'retention' })
    tx.changes.push({ no: token.no, id: token.id, version: token.version + 1 })
    count += 1
  }
  return count
}
