import { CACHE, FLAGS, KINDS, OUTCOMES, POPULATIONS, reasonClass, reasonId, TYPES, type Milliseconds } from 'tokentrail'
import { blankEvent, type EventRow } from '../event/row.ts'
import type { Privacy, Source } from '../privacy/privacy.ts'
import { bytesOf, sha256 } from '../tokens/digests.ts'
import type { Tenant, TokenRecord } from '../records/records.ts'
import type { Beat } from './beat.ts'
import type { Random } from './random.ts'

/** What a row needs beside its beat. */
export interface BeatRows {
  /** The event that the door would have recorded for this beat. */
  row(beat: Beat): EventRow
  source(at: Milliseconds, ip: string, agent: string): Source
}

/** What a row tells of a token. */
export type BeatToken = Pick<
  TokenRecord,
  | 'no'
  | 'kind'
  | 'ownerNo'
  | 'generation'
  | 'environment'
  | 'canary'
  | 'expiresAt'
  | 'graceUntil'
  | 'endedAt'
  | 'endedByWriter'
  | 'endedBySeq'
  | 'endedNetwork'
  | 'endedClientHash'
>

export interface BeatRowParts {
  readonly tenant: Pick<Tenant, 'no' | 'retention'>
  readonly privacy: Pick<Privacy, 'source' | 'fingerprint'>
  readonly random: Random
  /** Tokens by their place in the story, as they stand in records. */
  readonly tokens: readonly (BeatToken | undefined)[]
}

/** Makes rows as the door makes them, with the times of the story. */
export function createBeatRows({ tenant, privacy, random, tokens }: BeatRowParts): BeatRows {
  const used = new Set<number>()

  function row(beat: Beat): EventRow {
    const event = blankEvent()
    const outcome = reasonClass(beat.reason)
    const token = tokens[beat.token]
    event.tenant = tenant.no
    event.retention = tenant.retention
    event.type = TYPES['token.validated'].id
    event.reason = reasonId(beat.reason)
    event.outcome = outcome === 'accepted' ? OUTCOMES.accepted : OUTCOMES.rejected
    event.occurredAt = beat.at
    event.delayMs = 1 + random.below(4)
    event.service = beat.service
    event.method = beat.method
    event.route = beat.route
    event.scope = beat.scope
    event.action = beat.action ?? ''
    event.limit = outcome === 'throttled' ? beat.reason : ''
    Object.assign(event, source(beat.at, beat.ip, beat.agent))
    if (token) setToken(event, token, beat)
    else setUnknown(event, beat)
    setDuration(event, random, token !== undefined)
    if (beat.check) event.flags |= FLAGS.check
    if (beat.flood) setFlood(event, beat.flood)
    return event
  }

  function setToken(event: EventRow, token: BeatToken, { reason, at, token: place }: Beat): void {
    event.population = POPULATIONS.attributed
    event.kind = KINDS[token.kind]
    event.tokenNo = token.no
    event.ownerNo = token.ownerNo
    event.generation = token.generation
    event.environment = token.environment ?? ''
    event.flags = token.canary ? FLAGS.canary : 0
    if (event.outcome === OUTCOMES.accepted && !used.has(place)) {
      used.add(place)
      event.flags |= FLAGS.firstUse
    }
    const endedAt = endOf(token, reason)
    if (endedAt === null) return
    event.endedByWriter = token.endedByWriter
    event.endedBySeq = token.endedBySeq
    event.sinceEndMs = at - endedAt
    if (event.network !== 0n && event.network === token.endedNetwork) event.flags |= FLAGS.sameNetwork
    if (event.clientHash !== 0 && event.clientHash === token.endedClientHash) event.flags |= FLAGS.sameClient
  }

  function setUnknown(event: EventRow, { at, reason, claimed, credential }: Beat): void {
    const text = credential === undefined ? random.bytes(32) : bytesOf(sha256(credential))
    const { fingerprint, epoch } = privacy.fingerprint(tenant.no, at, text)
    const named = claimed === undefined ? undefined : tokens[claimed]
    event.population = POPULATIONS.unattributed
    event.kind = KINDS[named?.kind ?? 'access']
    event.fingerprint = fingerprint
    event.fingerprintEpoch = epoch
    event.shape = SHAPES[reason] ?? 'known/65-128/base62/good'
    event.claimedNo = named?.no ?? 0
  }

  function source(at: Milliseconds, ip: string, agent: string): Source {
    return privacy.source(tenant.no, at, ip, agent)
  }

  return { row, source }
}

const SHAPES: Readonly<Record<string, string>> = {
  malformed: 'other/17-32/base64url/none',
  bad_checksum: 'known/65-128/base62/bad',
  too_long: 'other/>4096/ascii/none',
}

/** A token in the cache is judged in microseconds, another waits for records. */
function setDuration(event: EventRow, random: Random, known: boolean): void {
  const isHit = known && !random.chance(0.02)
  event.cache = isHit ? CACHE.hit : known || event.claimedNo > 0 ? CACHE.miss : CACHE.none
  event.cacheAgeMs = isHit ? random.below(240_000) : 0
  event.durationUs = Math.max(2, Math.round(random.logNormal(isHit ? 16 : known ? 340 : 38, isHit ? 0.45 : 0.6)))
}

/** A flood is one row of unknown texts, each another. */
function setFlood(event: EventRow, { count, spanMs }: NonNullable<Beat['flood']>): void {
  event.flags |= FLAGS.coalesced
  event.count = count
  event.spanMs = spanMs
  event.distinct = count
}

function endOf(token: BeatToken, reason: Beat['reason']): Milliseconds | null {
  if (reason === 'revoked' || reason === 'consumed') return token.endedAt
  if (reason === 'superseded') return token.graceUntil
  return reason === 'expired' ? token.expiresAt : null
}
