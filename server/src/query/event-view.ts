import {
  ACTORS,
  CACHE,
  FLAGS,
  KINDS,
  OUTCOMES,
  eventId,
  reasonName,
  typeName,
  type ActorKind,
  type Outcome,
  type TokenKind,
} from 'tokentrail'
import type { TokenRecord } from '../records/records.ts'
import { classOf } from './classes.ts'
import { networkName } from './network.ts'
import type { Reader } from './reader.ts'
import type { EventView, TokenRef } from './rows.ts'
import { purgedRef, refOf, tokensOf } from './token-ref.ts'

/** The columns that `EventRowOut` needs. */
export const EVENT_FIELDS = `writer, seq, type, toUnixTimestamp64Milli(occurred_at) AS at, delay_ms, outcome, reason, kind, token_no, claimed_no,
  lower(hex(fingerprint)) AS print, owner_no, actor_kind, toString(service) AS service, toString(environment) AS environment,
  toString(method) AS method, toString(route) AS route, toString(scope) AS scope, toString(action) AS action, toString(network) AS network,
  asn, toString(country) AS country, toString(client) AS client, request_id, duration_us, cache, toString(limit) AS limited_by,
  ended_by_writer, ended_by_seq, since_end_ms, flags, count, detail`

/** One event as the store gives it. 64-bit integers may be text. */
export interface EventRowOut {
  readonly writer: number
  readonly seq: number | string
  readonly type: number
  readonly at: number | string
  readonly delay_ms: number
  readonly outcome: number
  readonly reason: number
  readonly kind: number
  readonly token_no: number | string
  readonly claimed_no: number | string
  readonly print: string
  readonly owner_no: number
  readonly actor_kind: number
  readonly service: string
  readonly environment: string
  readonly method: string
  readonly route: string
  readonly scope: string
  readonly action: string
  readonly network: string
  readonly asn: number
  readonly country: string
  readonly client: string
  readonly request_id: string
  readonly duration_us: number
  readonly cache: number
  readonly limited_by: string
  readonly ended_by_writer: number
  readonly ended_by_seq: number | string
  readonly since_end_ms: number | string
  readonly flags: number
  readonly count: number
  readonly detail: string
}

interface Names {
  readonly tokens: ReadonlyMap<number, TokenRecord>
  readonly owners: ReadonlyMap<number, string>
  readonly now: number
}

/** Events for people: numbers become names, fields without a value are left out. */
export async function viewsOf(
  rows: readonly EventRowOut[],
  reader: Pick<Reader, 'read' | 'tenantNo' | 'now'>,
): Promise<readonly EventView[]> {
  const owners = [...new Set(rows.map((row) => row.owner_no))].filter((no) => no !== 0)
  const [tokens, found] = await Promise.all([
    tokensOf(
      reader.read,
      reader.tenantNo,
      rows.flatMap((row) => [Number(row.token_no), Number(row.claimed_no)]),
    ),
    owners.length === 0 ? [] : reader.read.ownersByNo(owners),
  ])
  const ofTenant = found.filter((owner) => owner.tenantNo === reader.tenantNo)
  const names: Names = { tokens, owners: new Map(ofTenant.map((owner) => [owner.no, owner.id])), now: reader.now }
  return rows.map((row) => viewOf(row, names))
}

function viewOf(row: EventRowOut, names: Names): EventView {
  const at = Number(row.at)
  return {
    id: eventId(row.writer, Number(row.seq)),
    type: typeName(row.type),
    at,
    receivedAt: at + row.delay_ms,
    outcome: (nameIn(OUTCOMES, row.outcome) ?? 'none') as Outcome,
    ...present({
      reason: row.reason === 0 ? undefined : reasonName(row.reason),
      class: classOf(row.outcome, row.reason) ?? undefined,
      kind: row.kind === 0 ? undefined : (nameIn(KINDS, row.kind) as TokenKind | undefined),
      token: refTo(Number(row.token_no), names),
      claimed: refTo(Number(row.claimed_no), names),
      fingerprint: /^0*$/.test(row.print) ? undefined : row.print,
      owner: names.owners.get(row.owner_no),
      actor: row.actor_kind === 0 ? undefined : (nameIn(ACTORS, row.actor_kind) as ActorKind | undefined),
      ...textsOf(row),
      network: row.network === '0' ? undefined : networkName(row.network),
      asn: row.asn || undefined,
      durationUs: row.duration_us || undefined,
      cache: row.cache === 0 ? undefined : nameIn(CACHE, row.cache),
      endedBy: row.ended_by_writer === 0 ? undefined : eventId(row.ended_by_writer, Number(row.ended_by_seq)),
      sinceEndMs: row.ended_by_writer === 0 ? undefined : Number(row.since_end_ms),
      detail: detailOf(row.detail),
    }),
    flags: Object.entries(FLAGS).flatMap(([name, bit]) => ((row.flags & bit) === 0 ? [] : [name])),
    count: row.count,
  }
}

function textsOf(row: EventRowOut): Partial<EventView> {
  const { service, environment, method, route, scope, action, country, client, request_id: requestId, limited_by: limit } = row
  const texts = { service, environment, method, route, scope, action, country, client, requestId, limit }
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ''))
}

function refTo(no: number, { tokens, now }: Names): TokenRef | undefined {
  if (no === 0) return undefined
  const token = tokens.get(no)
  return token ? refOf(token, now) : purgedRef(no)
}

function nameIn(table: Readonly<Record<string, number>>, id: number): string | undefined {
  return Object.entries(table).find(([, value]) => value === id)?.[0]
}

/** Details are JSON objects that this product wrote; whatever is none is shown as it is. */
function detailOf(text: string): EventView['detail'] | undefined {
  if (text === '') return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    return { text }
  }
  return { text }
}

/** Without the fields that have no value. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
