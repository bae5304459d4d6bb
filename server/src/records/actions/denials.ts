import { ACTORS } from 'tokentrail'
import type { TokenRecord } from '../records.ts'
import { selectTokens, toToken } from '../token-row.ts'
import { hasEnded, isSuspended } from '../token-state.ts'
import { changed, note, typeId, type Action, type Transaction } from '../transaction.ts'
import { noteToken, updateUnchanged } from './token-change.ts'

type Params = Parameters<Action<'enterDenial'>>[1]

export const enterDenial: Action<'enterDenial'> = async (tx, denial) => {
  const isNew = await tx.db
    .insertInto('denial')
    .values({ key: denial.key, entered_at: denial.at })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .executeTakeFirst()
  const tokens = await tokensOf(tx, denial)
  if (!isNew) return tokens
  if (tokens.length === 0) await noteUnknown(tx, denial)
  const entered: TokenRecord[] = []
  for (const token of tokens) entered.push(await suspend(tx, token, denial))
  return entered
}

async function tokensOf(tx: Transaction, { tokenId, tenantNo }: Params): Promise<readonly TokenRecord[]> {
  const all = selectTokens(tx.db).where('token.id', '=', tokenId).orderBy('token.no')
  return (await (tenantNo === null ? all : all.where('token.tenant_no', '=', tenantNo)).execute()).map(toToken)
}

async function suspend(tx: Transaction, found: TokenRecord, denial: Params): Promise<TokenRecord> {
  let token = found
  const stands = (): boolean => hasEnded(token, denial.at) || (isSuspended(token, denial.at) && token.suspendedUntil === null)
  while (!stands()) {
    const next = await updateUnchanged(tx, token, { suspended_at: denial.deniedAt, suspended_until: null })
    if (next) {
      token = next
      changed(tx, token)
      break
    }
    token = (await tokensOf(tx, { ...denial, tenantNo: token.tenantNo }))[0] ?? token
  }
  await noteToken(tx, token, { type: 'token.suspended', at: denial.at, actor: denial.actor, detail: detailOf(denial) })
  return token
}

async function noteUnknown(tx: Transaction, denial: Params): Promise<void> {
  await note(tx, {
    tenant: denial.tenantNo ?? denial.installTenantNo,
    type: typeId('token.suspended'),
    occurredAt: denial.at,
    actorNo: denial.actor.no,
    actorKind: ACTORS[denial.actor.kind],
    detail: JSON.stringify({ ...detailOf(denial), token: denial.tokenId, known: false }),
  })
}

function detailOf({ deniedAt }: Params): Readonly<Record<string, unknown>> {
  return { until: null, emergency: true, deniedAt }
}
