import { FLAGS, POPULATIONS, reasonClass, type DecisionReason, type Milliseconds } from 'tokentrail'
import { blankEvent, RETENTION_DAYS, type EventRow } from '../event/row.ts'
import { integersOf, type Line } from './line.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Tenant } from '../records/records.ts'
import type { Labels } from '../tokens/labels.ts'
import type { KnownToken } from './known-tokens.ts'

/** What is known around a line when it becomes a row. */
export interface RowContext {
  readonly tenant: Pick<Tenant, 'no' | 'retention'>
  readonly now: Milliseconds
  readonly privacy: Pick<Privacy, 'source' | 'resource' | 'fingerprint' | 'sealAddress'>
  readonly labels: Labels
  readonly token: KnownToken | undefined
  readonly claimed: KnownToken | undefined
  readonly actorNo: number
}

const SKEW_MS_MAX = 5 * 60_000
const DAY_MS = 86_400_000

/** The row of a checked line. Addresses, agents and credentials become pseudonyms here and go no further. */
export function toRow(line: Line, context: RowContext): EventRow {
  const { tenant, now, token, claimed } = context
  const row = blankEvent()
  Object.assign(row, integersOf(line))
  row.tenant = tenant.no
  row.retention = retentionOf(tenant.retention, now - line.at)
  row.occurredAt = line.at
  row.delayMs = now - line.at
  row.actorNo = context.actorNo
  row.count = line.outcome === 'none' ? 1 : (line.given.count ?? 1)
  row.durationUs = line.given.durationUs ?? 0
  row.requestId = line.given.requestId ?? ''
  row.claimedNo = claimed?.no ?? 0
  row.detail = detailOf(line)
  if (token) setToken(row, token)
  row.population = populationOf(line, token)
  row.flags = flagsOf(line, row, token)
  row.limit = isThrottled(line) ? line.reason : ''
  setLabels(row, line, context)
  setPseudonyms(row, line, context)
  return row
}

/** A rejection with one of these proves nothing: the token it names is merely claimed. */
export const UNPROVEN: ReadonlySet<string> = new Set<DecisionReason>([
  'too_long',
  'malformed',
  'bad_checksum',
  'unknown',
  'wrong_secret',
  'wrong_audience',
  'limit_source',
  'limit_global',
])

function setToken(row: EventRow, token: KnownToken): void {
  row.tokenNo = token.no
  row.ownerNo = token.ownerNo
  row.generation = token.generation
  row.kind = TOKEN_KINDS[token.kind]
}

const TOKEN_KINDS = { access: 1, action: 2, validation: 3 } as const

function populationOf(line: Line, token: KnownToken | undefined): number {
  if (line.outcome === 'none') return token ? POPULATIONS.attributed : POPULATIONS.none
  if (line.outcome === 'rejected' && reasonClass(line.reason as DecisionReason) === 'unavailable') return POPULATIONS.fault
  return token ? POPULATIONS.attributed : POPULATIONS.unattributed
}

function isThrottled({ outcome, reason }: Line): boolean {
  return outcome === 'rejected' && reasonClass(reason as DecisionReason) === 'throttled'
}

function flagsOf(line: Line, row: EventRow, token: KnownToken | undefined): number {
  return (
    FLAGS.observed |
    (line.given.check ? FLAGS.check : 0) |
    (row.count > 1 ? FLAGS.coalesced : 0) |
    (Math.abs(row.delayMs) > SKEW_MS_MAX ? FLAGS.skewed : 0) |
    (token?.canary ? FLAGS.canary : 0) |
    (token?.simulated ? FLAGS.simulated : 0)
  )
}

function setLabels(row: EventRow, { given }: Line, { labels, tenant }: RowContext): void {
  row.service = labels(tenant.no, 'service', given.service)
  row.environment = labels(tenant.no, 'environment', given.environment)
  row.method = labels(tenant.no, 'method', given.method?.toUpperCase())
  row.route = labels(tenant.no, 'route', given.route)
  row.scope = labels(tenant.no, 'scope', given.scope)
  row.action = labels(tenant.no, 'action', given.action)
}

/** Whose day's keys an event uses: its own, but none of days to come, which a wrong clock would ask for. */
export function pseudonymTime(at: Milliseconds, now: Milliseconds): Milliseconds {
  return at > now + DAY_MS ? now : at
}

export function startOfDay(at: Milliseconds): Milliseconds {
  return Math.floor(at / DAY_MS) * DAY_MS
}

function setPseudonyms(row: EventRow, { given, at }: Line, { privacy, tenant, now }: RowContext): void {
  const day = pseudonymTime(at, now)
  if (given.ip !== undefined || given.userAgent !== undefined)
    Object.assign(row, privacy.source(tenant.no, day, given.ip, given.userAgent))
  row.addressSealed = privacy.sealAddress(tenant.no, day, given.ip)
  if (given.resource !== undefined) row.resource = privacy.resource(tenant.no, given.resource)
  if (given.credential === undefined || row.tokenNo !== 0) return
  const { fingerprint, epoch } = privacy.fingerprint(tenant.no, day, Buffer.from(given.credential, 'hex'))
  row.fingerprint = fingerprint
  row.fingerprintEpoch = epoch
}

/** The tenant's retention counts from when an event is known here; what is old already gets the class that still holds it. */
function retentionOf(retention: number, ageMs: number): number {
  const wanted = (RETENTION_DAYS[retention as keyof typeof RETENTION_DAYS] ?? 30) + Math.max(0, ageMs - DAY_MS) / DAY_MS
  const fitting = Object.entries(RETENTION_DAYS).find(([, days]) => days >= wanted)
  return fitting ? Number(fitting[0]) : 4
}

/** A fact is one event however much it speaks of, so its count stands in the detail. */
function detailOf(line: Line): string {
  const counted = line.outcome === 'none' && line.given.count !== undefined ? { count: line.given.count } : undefined
  const named = line.type === 'other' ? { type: line.typeText } : undefined
  return counted || named || line.detail ? JSON.stringify({ ...named, ...counted, ...line.detail }) : ''
}
