import { createHash } from 'node:crypto'
import { eventId, typeName } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import { openSealed } from '../privacy/seal.ts'
import type { SubjectKeys } from '../privacy/subject-keys.ts'
import type { Actor, Owner, Records, TokenRecord } from '../records/records.ts'
import type { ErasableStore } from './erase-from-store.ts'
import { readableAccess } from './subject-access-page.ts'

/** One thing that is held about a subject. */
export interface HeldItem {
  readonly section: 'owner' | 'tokens' | 'findings' | 'values' | 'events'
  readonly data: Readonly<Record<string, unknown>>
}

/** Everything held about a subject, for the subject: lines for machines, a page for people. */
export interface SubjectAccess {
  readonly ndjson: string
  readonly html: string
  readonly counts: Readonly<Record<string, number>>
}

/** Rows of events in one answer, newest first; the page says when there are more. */
export const EVENTS_MAX = 100_000
const TOKENS_MAX = 10_000
const VALUES_AT_ONCE = 500

/** Answers an access request; 718 `subject.accessed` is written before it is handed out. */
export function createSubjectAccess(o: {
  readonly records: Records
  readonly subjectKeys: SubjectKeys
  readonly store: Pick<ErasableStore, 'query'>
  readonly clock: Clock
}): (p: { tenantNo: number; ownerId: string; actor: Actor }) => Promise<SubjectAccess> {
  const { records, clock } = o
  return async ({ tenantNo, ownerId, actor }) => {
    const owner = await records.read.owner(tenantNo, ownerId)
    if (!owner) throw new TrailError('not_found', 'There is no owner of this id here; one that was erased has none any more.')
    const tokens = await records.read.tokens({ tenantNo, ownerId }, { limit: TOKENS_MAX })
    const items: HeldItem[] = [
      { section: 'owner', data: ownerData(owner) },
      ...tokens.map((token) => ({ section: 'tokens', data: tokenData(token) }) as const),
      ...(await findingsOf(records, tenantNo, owner, tokens)),
      ...(await valuesOf(o, owner)),
      ...(await eventsOf(o.store, owner)),
    ]
    const counts = countsOf(items)
    await records.act('noteAccess', { tenantNo, ownerNo: owner.no, counts, at: clock.now(), actor })
    const ndjson = items.map((item) => `${JSON.stringify(item)}\n`).join('')
    return {
      ndjson,
      counts,
      html: readableAccess({ owner, items, at: clock.now(), digest: digestOf(ndjson), eventsMax: EVENTS_MAX }),
    }
  }
}

function ownerData({ id, name, disabledAt, no }: Owner): HeldItem['data'] {
  return { id, name, numberInEvents: no, disabledAt: timeOf(disabledAt) }
}

function tokenData(token: TokenRecord): HeldItem['data'] {
  const { id, kind, name, environment, scopes, metadata, cidrs, origins, action, resource, channel, ending, endingReason } = token
  return {
    id,
    kind,
    name,
    environment,
    scopes,
    metadata,
    cidrs,
    origins,
    action,
    resource,
    channel,
    ending,
    endingReason,
    issuedAt: timeOf(token.issuedAt),
    expiresAt: timeOf(token.expiresAt),
    endedAt: timeOf(token.endedAt),
  }
}

async function findingsOf(
  records: Records,
  tenantNo: number,
  owner: Owner,
  tokens: readonly TokenRecord[],
): Promise<readonly HeldItem[]> {
  const touching = [`owner:${owner.no}`, ...tokens.map(({ no }) => `token:${no}`)]
  const found = new Map<string, HeldItem>()
  for (const touch of touching) {
    const [kind, key] = touch.split(':') as ['owner' | 'token', string]
    for (const finding of await records.read.findings({ tenantNo, touches: { kind, key } }, { limit: 1_000 })) {
      const { id, detector, severity, state, note, from, to } = finding
      found.set(id, { section: 'findings', data: { id, detector, severity, state, note, from: timeOf(from), to: timeOf(to) } })
    }
  }
  return [...found.values()]
}

/** What the audit log holds about the subject, opened under the subject's own keys. */
async function valuesOf(
  { records, subjectKeys }: Pick<Parameters<typeof createSubjectAccess>[0], 'records' | 'subjectKeys'>,
  owner: Owner,
) {
  const keyIds = (await subjectKeys.of(owner.tenantNo, owner.no)).map(({ id }) => id)
  const items: HeldItem[] = []
  if (keyIds.length === 0) return items
  const keys = await subjectKeys.open(keyIds)
  for (let after: { event: string; field: string } | undefined; ;) {
    const page = { ...(after ? { after } : {}), keyIds, limit: VALUES_AT_ONCE }
    const rows = await records.read.sealedValues(owner.tenantNo, page)
    for (const row of rows) {
      const key = keys.get(row.keyId)
      if (key) items.push({ section: 'values', data: { event: row.event, field: row.field, value: openSealed(key, row).value } })
    }
    after = rows.at(-1)
    if (rows.length < VALUES_AT_ONCE || !after) return items
  }
}

interface EventOut {
  readonly writer: number
  readonly seq: number
  readonly type: number
  readonly at: string
  readonly [column: string]: unknown
}

/** What the subject did to others' tokens is told without whose they are: that is about somebody else. */
async function eventsOf(store: Pick<ErasableStore, 'query'>, owner: Owner): Promise<readonly HeldItem[]> {
  const { rows } = await store.query<EventOut>({
    sql: `SELECT writer, seq, type, toString(occurred_at) AS at, outcome, reason,
        if(owner_no = {owner:UInt32}, token_no, 0) AS token_no, toString(service) AS service,
        toString(environment) AS environment, toString(method) AS method, toString(route) AS route, toString(scope) AS scope,
        toString(action) AS action, request_id, toString(country) AS country, asn, toString(client) AS client, network, address_day,
        address_month, if(owner_no = {owner:UInt32}, detail, '') AS detail
      FROM events WHERE tenant = {tenant:UInt32} AND (owner_no = {owner:UInt32} OR actor_no = {owner:UInt32})
      ORDER BY occurred_at DESC LIMIT {max:UInt32}`,
    params: { tenant: owner.tenantNo, owner: owner.no, max: EVENTS_MAX },
    limits: { timeoutMs: 120_000, rowsReadMax: 100_000_000_000 },
  })
  return rows.map(({ writer, seq, type, ...rest }) => ({
    section: 'events',
    data: { id: eventId(writer, seq), type: typeName(type), ...withoutEmpty(rest) },
  }))
}

function withoutEmpty(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== '' && value !== 0 && value !== '0'))
}

function countsOf(items: readonly HeldItem[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { section } of items) counts[section] = (counts[section] ?? 0) + 1
  return counts
}

function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
