import type { EventRow } from './row.ts'

/** Columns that a batch leaf does not cover: they change or go before their row does. */
export const COLUMNS_NOT_IN_LEAF: ReadonlySet<string> = new Set(['address_sealed', 'leaf'])

/**
 * A row as the audit log hashes it: canonical JSON (RFC 8785) of its columns by their names in SQL, without those that age sooner and
 * without what is zero or empty. 64-bit numbers are decimal text, digests are hex. Written out one by one: driven by the table of
 * columns it takes four times as long. The values are those that the store keeps (see `encodeRowBinary`).
 */
export function canonicalRow(row: EventRow): string {
  return `{${labels(row)}${middle(row)}${end(row)}}`
}

/** `action` to `environment`. `count` is never zero, so no comma is left over before it. */
function labels(row: EventRow): string {
  let json = ''
  if (row.action !== '') json += `"action":${quoted(row.action)},`
  if (row.actorKind > 0) json += `"actor_kind":${row.actorKind},`
  if (row.actorNo > 0) json += `"actor_no":${upTo32(row.actorNo)},`
  if (row.addressDay !== 0n) json += `"address_day":"${row.addressDay}",`
  if (row.addressMonth !== 0n) json += `"address_month":"${row.addressMonth}",`
  if (row.asn > 0) json += `"asn":${upTo32(row.asn)},`
  if (row.cache > 0) json += `"cache":${row.cache},`
  if (row.cacheAgeMs > 0) json += `"cache_age_ms":${upTo32(row.cacheAgeMs)},`
  if (row.claimedNo > 0) json += `"claimed_no":${row.claimedNo},`
  if (row.client !== '') json += `"client":${quoted(row.client)},`
  if (row.clientHash > 0) json += `"client_hash":${upTo32(row.clientHash)},`
  json += `"count":${upTo32(row.count)}`
  if (row.country !== '') json += `,"country":${quoted(row.country)}`
  if (row.delayMs !== 0) json += `,"delay_ms":${row.delayMs}`
  if (row.detail !== '') json += `,"detail":${escaped(row.detail)}`
  if (row.distinct > 0) json += `,"distinct":${upTo32(row.distinct)}`
  if (row.durationUs > 0) json += `,"duration_us":${upTo32(row.durationUs)}`
  if (row.endedBySeq > 0) json += `,"ended_by_seq":${row.endedBySeq}`
  if (row.endedByWriter > 0) json += `,"ended_by_writer":${upTo32(row.endedByWriter)}`
  return row.environment === '' ? json : `${json},"environment":${quoted(row.environment)}`
}

/** `fingerprint` to `resource`. */
function middle(row: EventRow): string {
  let json = ''
  const fingerprint = digest(row.fingerprint)
  if (fingerprint !== '') json += `,"fingerprint":"${fingerprint}"`
  if (row.fingerprintEpoch > 0) json += `,"fingerprint_epoch":${upTo16(row.fingerprintEpoch)}`
  if (row.flags > 0) json += `,"flags":${upTo32(row.flags)}`
  if (row.generation > 0) json += `,"generation":${upTo16(row.generation)}`
  if (row.kind > 0) json += `,"kind":${row.kind}`
  if (row.limit !== '') json += `,"limit":${quoted(row.limit)}`
  if (row.method !== '') json += `,"method":${quoted(row.method)}`
  if (row.network !== 0n) json += `,"network":"${row.network}"`
  json += `,"occurred_at":${row.occurredAt}`
  if (row.outcome > 0) json += `,"outcome":${row.outcome}`
  if (row.ownerNo > 0) json += `,"owner_no":${upTo32(row.ownerNo)}`
  if (row.population > 0) json += `,"population":${row.population}`
  if (row.reason > 0) json += `,"reason":${upTo16(row.reason)}`
  if (row.requestId !== '') json += `,"request_id":${escaped(row.requestId)}`
  return row.resource === 0n ? json : `${json},"resource":"${row.resource}"`
}

/** `retention` to `writer`. */
function end(row: EventRow): string {
  let json = `,"retention":${row.retention}`
  if (row.route !== '') json += `,"route":${quoted(row.route)}`
  if (row.schema > 0) json += `,"schema":${row.schema}`
  if (row.scope !== '') json += `,"scope":${quoted(row.scope)}`
  json += `,"seq":${row.seq}`
  if (row.service !== '') json += `,"service":${quoted(row.service)}`
  if (row.shape !== '') json += `,"shape":${quoted(row.shape)}`
  if (row.sinceEndMs !== 0) json += `,"since_end_ms":${row.sinceEndMs}`
  if (row.spanMs > 0) json += `,"span_ms":${upTo32(row.spanMs)}`
  json += `,"tenant":${upTo32(row.tenant)}`
  if (row.tls > 0) json += `,"tls":${upTo32(row.tls)}`
  if (row.tokenNo > 0) json += `,"token_no":${row.tokenNo}`
  if (row.topCounts.length > 0) json += `,"top_counts":[${row.topCounts.map(upTo32).join()}]`
  if (row.topFingerprints.length > 0) json += `,"top_fingerprints":["${row.topFingerprints.join('","')}"]`
  return `${json},"type":${upTo16(row.type)},"writer":${upTo32(row.writer)}`
}

function upTo16(value: number): number {
  return value > 0xffff ? 0xffff : value
}

function upTo32(value: number): number {
  return value > 0xffffffff ? 0xffffffff : value
}

const NO_DIGEST = '0'.repeat(32)

/** Sixteen bytes in hex; nothing where all are zero. */
function digest(bytes: Uint8Array): string {
  if (bytes[0] === 0 && bytes.every((byte) => byte === 0)) return ''
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16)).toString('hex')
  return hex + NO_DIGEST.slice(hex.length)
}

const QUOTED_MAX = 4096
const quotedBefore = new Map<string, string>()

/** A label: few different ones, seen again and again. */
function quoted(text: string): string {
  const known = quotedBefore.get(text)
  if (known !== undefined) return known
  if (quotedBefore.size >= QUOTED_MAX) quotedBefore.clear()
  const fresh = escaped(text)
  quotedBefore.set(text, fresh)
  return fresh
}

/** What is no well-formed Unicode becomes U+FFFD, as it does on its way into the store. */
function escaped(text: string): string {
  return JSON.stringify(text.isWellFormed() ? text : text.toWellFormed())
}
