import type { FactReason, Milliseconds } from 'tokentrail'
import type { Insertable } from 'kysely'
import { TrailError } from '../../errors.ts'
import type { Actor, DigestScheme, EventFacts, EventNumber, NewToken, TokenRecord } from '../records.ts'
import { prepared } from '../prepared.ts'
import type { TokenTable } from '../schema.ts'
import { changed, type Action, type Transaction } from '../transaction.ts'
import { giveFirstRole, takeRoleApproval } from './first-role.ts'
import { matchLeaks } from './leaks.ts'
import { internOwner } from './owners.ts'
import { noteToken, readToken } from './token-change.ts'

/** Tokens that one import or observation may hold. */
const TOKENS_PER_CALL_MAX = 10_000

/** Schemes whose text is not ours: such tokens are looked up by what their text hashes to. */
const FOREIGN_SCHEMES: ReadonlySet<DigestScheme> = new Set<DigestScheme>(['sha256:hex', 'sha256:base64', 'sha512-256'])

export const issueToken: Action<'issueToken'> = async (tx, { token, at, actor, facts }) => {
  const made = await insertToken(tx, token, at)
  if (!made) throw tokenExists(token.id)
  await takeRoleApproval(tx, token, { at, actor })
  const event = await noteIssued(tx, made, { at, actor, reason: made.canary ? 'canary_issued' : 'new', ...(facts && { facts }) })
  return { token: made, event }
}

export const importTokens: Action<'importTokens'> = async (tx, { tokens, at, actor }) => {
  refuseTooMany(tokens.length)
  await markForeign(tx, tokens)
  const imported: TokenRecord[] = []
  const existing: string[] = []
  for (const token of inOneOrder(tokens)) {
    const made = await insertToken(tx, token, at)
    if (made) imported.push(made)
    else existing.push(token.id)
  }
  for (const token of imported) await noteImported(tx, token, at, actor)
  for (const token of imported) await matchLeaks(tx, token, at, actor)
  return { imported, existing }
}

export const observeTokens: Action<'observeTokens'> = async (tx, { tenantNo, tokens, simulated }) => {
  refuseTooMany(tokens.length)
  const nos = new Map<string, number>()
  for (const seen of inOneOrder(tokens)) {
    nos.set(seen.id, nos.get(seen.id) ?? (await observeOne(tx, tenantNo, seen, simulated ?? false)))
  }
  const records: TokenRecord[] = []
  for (const { id } of tokens) records.push(await readToken(tx, nos.get(id) ?? 0))
  return records
}

/** Where a successor stands in its family. */
export interface Lineage {
  readonly familyNo: number
  readonly generation: number
  readonly predecessorNo: number
}

/** Adds a token; `null` when its id is taken in its tenant. */
export async function insertToken(
  tx: Transaction,
  token: NewToken,
  at: Milliseconds,
  lineage?: Lineage,
): Promise<TokenRecord | null> {
  const ownerNo = await internOwner(tx, token.tenantNo, token.ownerId)
  const [row] = await addToken(tx.db, toValues(token, ownerNo, at, lineage))
  if (!row) return null
  if (!lineage) await ownFamily(tx.db, row)
  const made = await readToken(tx, row.no)
  changed(tx, made)
  return made
}

const addToken = prepared((db, row: Insertable<TokenTable>) =>
  db
    .insertInto('token')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant_no', 'id']).doNothing())
    .returning('no'),
)

const ownFamily = prepared((db, { no }: { no: number }) => db.updateTable('token').set({ family_no: no }).where('no', '=', no))

/** The error for an id that is taken. */
export function tokenExists(id: string): TrailError {
  return new TrailError('token_exists', `There is already a token ${JSON.stringify(id)}: choose another id.`, { input: 'id' })
}

/** 101 with what the token may do, and 507 where it also signs in here. */
export async function noteIssued(
  tx: Transaction,
  token: TokenRecord,
  how: { at: Milliseconds; actor: Actor; reason: FactReason; facts?: EventFacts },
): Promise<EventNumber> {
  const event = await noteToken(tx, token, { ...how, type: 'token.issued', detail: grants(token) })
  if (token.role) await giveFirstRole(tx, token, token.role, how)
  return event
}

/** Foreign hashes are taken over now (102); tokens of our own form were issued when they say (101). */
async function noteImported(tx: Transaction, token: TokenRecord, at: Milliseconds, actor: Actor): Promise<void> {
  if (!FOREIGN_SCHEMES.has(token.scheme)) {
    await noteIssued(tx, token, { at: Math.min(token.issuedAt, at), actor, reason: token.canary ? 'canary_issued' : 'new' })
    return
  }
  const detail = { ...grants(token), scheme: token.scheme, issuedAt: token.issuedAtKnown ? token.issuedAt : null }
  await noteToken(tx, token, { type: 'token.imported', at, actor, detail })
}

function grants(token: TokenRecord): Record<string, unknown> {
  const { scopes, expiresAt, notBefore, action, usesMax, attemptsMax, rateLimit, channel } = token
  const bindings = { cidrs: token.cidrs.length, origins: token.origins.length, methods: token.methods }
  return { id: token.id, scopes, expiresAt, notBefore, action, usesMax, attemptsMax, rateLimit, channel, ...bindings }
}

type Seen = { readonly id: string; readonly kind: NewToken['kind']; readonly ownerId: string; readonly seenAt: Milliseconds }

async function observeOne(tx: Transaction, tenantNo: number, seen: Seen, simulated: boolean): Promise<number> {
  const found = await tx.db
    .selectFrom('token')
    .select(['no', 'known_since', 'observed'])
    .where('tenant_no', '=', tenantNo)
    .where('id', '=', seen.id)
    .executeTakeFirst()
  if (!found) {
    const { id, kind, ownerId, seenAt } = seen
    const token = { tenantNo, id, kind, ownerId, prefix: '', scheme: 'observed', digest: null, issuedAt: seenAt } as const
    const made = await insertToken(tx, { ...token, issuedAtKnown: false, knownSince: seenAt, observed: true, simulated }, seenAt)
    return made?.no ?? observeOne(tx, tenantNo, seen, simulated)
  }
  if (found.observed === 1 && seen.seenAt < found.known_since) await knownEarlier(tx, found.no, seen.seenAt)
  return found.no
}

async function knownEarlier(tx: Transaction, no: number, seenAt: Milliseconds): Promise<void> {
  await tx.db.updateTable('token').set({ known_since: seenAt }).where('no', '=', no).where('known_since', '>', seenAt).execute()
  await tx.db
    .updateTable('token')
    .set({ issued_at: seenAt })
    .where('no', '=', no)
    .where('issued_at_known', '=', 0)
    .where('issued_at', '>', seenAt)
    .execute()
}

async function markForeign(tx: Transaction, tokens: readonly NewToken[]): Promise<void> {
  const tenants = new Set(tokens.filter(({ scheme }) => FOREIGN_SCHEMES.has(scheme)).map(({ tenantNo }) => tenantNo))
  for (const no of [...tenants].toSorted((a, b) => a - b)) {
    const { length } = await tx.db
      .updateTable('tenant')
      .set({ foreign_tokens: 1 })
      .where('no', '=', no)
      .where('foreign_tokens', '=', 0)
      .returning('no')
      .execute()
    if (length > 0) tx.changes.push('all')
  }
}

/** Rows are written in one order, so that two imports at once cannot wait for each other. */
function inOneOrder<T extends { readonly id: string }>(tokens: readonly T[]): readonly T[] {
  return tokens.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)))
}

function refuseTooMany(count: number): void {
  if (count <= TOKENS_PER_CALL_MAX) return
  throw new TrailError('too_many_items', `${count} tokens at once; send at most ${TOKENS_PER_CALL_MAX}.`, { input: 'tokens' })
}

function toValues(token: NewToken, ownerNo: number, at: Milliseconds, lineage: Lineage | undefined): Insertable<TokenTable> {
  return {
    tenant_no: token.tenantNo,
    id: token.id,
    kind: token.kind,
    prefix: token.prefix,
    name: token.name ?? null,
    owner_no: ownerNo,
    environment: token.environment ?? null,
    scheme: token.scheme,
    digest: token.digest,
    salt: token.salt ?? null,
    scopes: JSON.stringify(token.scopes ?? []),
    metadata: JSON.stringify(token.metadata ?? {}),
    cidrs: JSON.stringify(token.cidrs ?? []),
    origins: JSON.stringify(token.origins ?? []),
    methods: JSON.stringify(token.methods ?? []),
    issued_at: token.issuedAt,
    known_since: token.knownSince ?? at,
    issued_at_known: token.issuedAtKnown === false ? 0 : 1,
    not_before: token.notBefore ?? null,
    expires_at: token.expiresAt ?? null,
    uses_max: token.usesMax ?? null,
    uses_left: token.usesMax ?? null,
    rate_limit: token.rateLimit ? JSON.stringify(token.rateLimit) : null,
    action: token.action ?? null,
    resource: token.resource ?? null,
    attempts_max: token.attemptsMax ?? null,
    attempts_used: 0,
    channel: token.channel ?? null,
    sent_at: null,
    generation: lineage?.generation ?? 1,
    family_no: lineage?.familyNo ?? 0,
    predecessor_no: lineage?.predecessorNo ?? null,
    successor_no: null,
    grace_until: null,
    suspended_at: null,
    suspended_until: null,
    throttle: null,
    ended_at: null,
    ending: null,
    ending_reason: null,
    ended_by_writer: 0,
    ended_by_seq: 0,
    ended_network: '0',
    ended_client_hash: 0,
    canary: token.canary ? 1 : 0,
    simulated: token.simulated ? 1 : 0,
    observed: token.observed ? 1 : 0,
    role: token.role ?? null,
    version: 1,
  }
}
