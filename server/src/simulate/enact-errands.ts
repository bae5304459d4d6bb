import { FLAGS, KINDS, newTokenSecret, OUTCOMES, POPULATIONS, reasonClass, reasonId, TYPES } from 'tokentrail'
import { blankEvent, type EventRow } from '../event/row.ts'
import { bytesOf, sha256 } from '../tokens/digests.ts'
import { runInOrder } from './enact.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Actor, EventFacts, NewToken, Records, Tenant, TokenRecord } from '../records/records.ts'
import type { Errand, Try } from './errands.ts'

export interface ErrandParts {
  readonly records: Records
  readonly tenant: Tenant
  readonly privacy: Privacy
  readonly signal: AbortSignal
  /** Takes the counted events; the critical ones come from records. */
  readonly note: (row: EventRow) => void
}

const SENDER: Actor = { no: 0, kind: 'service' }

/** Lives every errand in records, in the order of their issue. */
export async function enactErrands(parts: ErrandParts, errands: readonly Errand[]): Promise<void> {
  const steps = errands.map((errand, i) => ({ at: errand.issuedAt, token: i, run: () => live(parts, errand) }))
  await runInOrder(steps, parts.signal)
}

async function live(parts: ErrandParts, errand: Errand): Promise<void> {
  const { records, tenant, note } = parts
  const issued = await records.act('issueToken', { token: newToken(tenant, errand), at: errand.issuedAt, actor: SENDER })
  let { token } = issued
  token = await records.act('noteSent', { tenantNo: tenant.no, id: errand.id, at: errand.sentAt, delivered: errand.delivered })
  note(sentRow(tenant, token, errand))
  for (const each of errand.delivered ? errand.tries : []) token = await attempt(parts, errand, token, each)
}

/** One try: what ends the token or takes an attempt goes through records, all else is a counted event. */
async function attempt(
  { records, tenant, privacy, note }: ErrandParts,
  errand: Errand,
  token: TokenRecord,
  each: Try,
): Promise<TokenRecord> {
  const row = tryRow(tenant, privacy, token, errand, each)
  const params = { tenantNo: tenant.no, no: token.no, at: each.at, facts: factsOf(row) }
  if (each.reason === 'valid' && !each.check) {
    const done = await (errand.kind === 'action'
      ? records.act('consumeToken', params)
      : records.act('attemptToken', { ...params, succeeded: true }))
    return done.token
  }
  note(row)
  if (each.reason !== 'wrong_secret') return token
  return (await records.act('attemptToken', { ...params, succeeded: false })).token
}

function newToken(tenant: Tenant, errand: Errand): NewToken {
  const { id, kind, ownerId, action, resource, channel, issuedAt, expiresAt, attemptsMax } = errand
  const digest = bytesOf(sha256(newTokenSecret()))
  return {
    tenantNo: tenant.no,
    id,
    kind,
    prefix: tenant.prefixes[kind],
    ownerId,
    scheme: 'sha256',
    digest,
    action,
    resource,
    channel,
    issuedAt,
    expiresAt,
    attemptsMax,
  }
}

function sentRow(tenant: Tenant, token: TokenRecord, errand: Errand): EventRow {
  const row = about(tenant, token)
  row.type = TYPES[errand.delivered ? 'token.sent' : 'token.undelivered'].id
  row.occurredAt = errand.sentAt
  row.delayMs = 2
  row.detail = JSON.stringify({ channel: errand.channel })
  return row
}

function tryRow(
  tenant: Tenant,
  privacy: Privacy,
  token: TokenRecord,
  errand: Errand,
  { at, reason, ip, agent, check }: Try,
): EventRow {
  const row = about(tenant, token)
  row.type = TYPES['token.validated'].id
  row.reason = reasonId(reason)
  row.outcome = reasonClass(reason) === 'accepted' ? OUTCOMES.accepted : OUTCOMES.rejected
  row.occurredAt = at
  row.delayMs = 3
  row.service = 'accounts'
  row.method = 'POST'
  row.route = errand.kind === 'action' ? '/links/{id}' : '/codes/{id}'
  row.action = errand.action ?? ''
  row.resource = errand.resource === null ? 0n : privacy.resource(tenant.no, errand.resource)
  row.durationUs = 1_400 + (at % 900)
  Object.assign(row, privacy.source(tenant.no, at, ip, agent))
  if (check) row.flags |= FLAGS.check
  if (reason === 'wrong_secret') claim(row, token)
  if (reason === 'consumed') linkToWinner(row, token)
  return row
}

function about(tenant: Tenant, token: TokenRecord): EventRow {
  const row = blankEvent()
  row.tenant = tenant.no
  row.retention = tenant.retention
  row.kind = KINDS[token.kind]
  row.population = POPULATIONS.attributed
  row.tokenNo = token.no
  row.ownerNo = token.ownerNo
  row.generation = token.generation
  return row
}

/** Who does not know the secret has only named the token. */
function claim(row: EventRow, token: TokenRecord): void {
  row.claimedNo = token.no
  row.tokenNo = 0
  row.ownerNo = 0
  row.generation = 0
  row.population = POPULATIONS.unattributed
}

function linkToWinner(row: EventRow, token: TokenRecord): void {
  row.endedByWriter = token.endedByWriter
  row.endedBySeq = token.endedBySeq
  row.sinceEndMs = row.occurredAt - (token.endedAt ?? row.occurredAt)
  if (row.network !== 0n && row.network === token.endedNetwork) row.flags |= FLAGS.sameNetwork
  if (row.clientHash !== 0 && row.clientHash === token.endedClientHash) row.flags |= FLAGS.sameClient
}

function factsOf(row: EventRow): EventFacts {
  const { writer: _writer, seq: _seq, schema: _schema, tenant: _tenant, type: _type, ...facts } = row
  return facts
}
