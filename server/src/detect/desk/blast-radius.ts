import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { Completeness, Share } from '../../query/answer.ts'
import type { PlaceRow, TokenRef, UseRow } from '../../query/rows.ts'
import { refOf } from '../../query/token-ref.ts'
import { shareOf } from '../../query/wilson.ts'
import { type NextUse, nextUseOf } from './next-use.ts'
import type { DeskParts } from './parts.ts'

const DAY_MS = 86_400_000
const ROWS = 100

/** What stops when a token is stopped, from its own use of the last 28 days. */
export interface BlastRadius {
  readonly token: TokenRef
  readonly at: Milliseconds
  readonly watermark: Milliseconds
  readonly completeness: Completeness
  /** Who is responsible: the token's owner, and how many tokens of theirs go on working. */
  readonly owner: { readonly id: string; readonly otherTokens: number }
  readonly services: readonly UseRow[]
  readonly clients: readonly UseRow[]
  readonly networks: readonly PlaceRow[]
  /** Accepted uses of this token ÷ all accepted validations of the tenant. */
  readonly share7d: Share | null
  readonly share28d: Share | null
  readonly lastUsedAt: Milliseconds | null
  readonly nextUse: NextUse | null
  readonly cost: { readonly rowsRead: number }
}

/** Tokens of the same owner that are counted. */
const OTHERS_MAX = 500

/** Who uses a token, from where, how much, when last and when probably next. */
export async function blastRadiusOf(
  { records, ask, clock }: Pick<DeskParts, 'records' | 'ask' | 'clock'>,
  tenantNo: number,
  tokenId: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<BlastRadius> {
  const token = await records.read.token(tenantNo, tokenId)
  if (!token) throw new TrailError('not_found', 'There is no token of this id here.', { input: 'id' })
  const at = clock.now()
  const last = (days: number) => ({ from: at - days * DAY_MS, to: at + 1 })
  const month = { ...last(28), token: tokenId, limit: ROWS }
  let rowsRead = 0
  const asked: DeskParts['ask'] = async (...question) => {
    const answer = await ask(...question)
    rowsRead += answer.cost.rowsRead
    return answer
  }
  const accepted = (days: number, id?: string) =>
    acceptedIn(asked, tenantNo, { ...last(days), ...(id === undefined ? {} : { token: id }) }, options)
  const [services, clients, networks, hours, use, others, own7, own28, all7, all28] = await Promise.all([
    asked(tenantNo, 'services-of-token', month, options),
    asked(tenantNo, 'agents-of-token', month, options),
    asked(tenantNo, 'places-of-token', month, options),
    asked(tenantNo, 'validations-by-step', { ...last(28), token: tokenId, step: 'hour', by: 'class' }, options),
    asked(tenantNo, 'last-used-by-token', { tokens: [tokenId] }, options),
    records.read.tokens({ tenantNo, ownerId: token.ownerId, state: 'active' }, { limit: OTHERS_MAX }),
    accepted(7, tokenId),
    accepted(28, tokenId),
    accepted(7),
    accepted(28),
  ])
  return {
    token: refOf(token, at),
    at,
    watermark: services.watermark,
    completeness: services.completeness,
    owner: { id: token.ownerId, otherTokens: others.filter(({ no }) => no !== token.no).length },
    services: services.rows,
    clients: clients.rows,
    networks: networks.rows,
    share7d: shareOf(own7, all7),
    share28d: shareOf(own28, all28),
    lastUsedAt: use.rows[0]?.lastAcceptedAt ?? null,
    nextUse: nextUseOf(
      hours.rows.filter(({ key }) => key === 'accepted').map((row) => row.at),
      at,
    ),
    cost: { rowsRead },
  }
}

async function acceptedIn(
  ask: DeskParts['ask'],
  tenantNo: number,
  params: { readonly from: Milliseconds; readonly to: Milliseconds; readonly token?: string },
  options: { readonly signal?: AbortSignal },
): Promise<number> {
  const { rows } = await ask(tenantNo, 'validations-by-step', { ...params, step: 'day', by: 'class' }, options)
  return rows.filter(({ key }) => key === 'accepted').reduce((sum, { count }) => sum + count, 0)
}
