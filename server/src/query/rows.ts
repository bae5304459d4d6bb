import type { ActorKind, Milliseconds, Outcome, ReasonClass, TokenKind } from 'tokentrail'
import type { TokenState } from '../records/records.ts'
import type { Share } from './answer.ts'

/** How a token is named in an answer. */
export interface TokenRef {
  readonly id: string
  readonly kind: TokenKind
  readonly name: string | null
  readonly owner: string
  /** `purged`: its tombstone was removed, `id` is a stand-in. */
  readonly state: TokenState | 'purged'
}

/** A window, an optional kind and an optional token narrow most questions. Times are milliseconds. */
export interface WindowParams {
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly kind?: TokenKind
  /** Public id. */
  readonly token?: string
}

export type SeriesKey = 'class' | 'outcome' | 'reason' | 'kind' | 'service' | 'population'
export type Step = 'minute' | '5minutes' | 'hour' | '6hours' | 'day' | 'week'

/** Parameters and row of each named question; `GET /v1/questions/{name}` answers `Answer<row>`. */
export interface Questions {
  /** Decisions over time. Buckets without events are left out; `key` is '' without `by`. */
  'validations-by-step': { params: WindowParams & { step: Step; by?: SeriesKey }; row: StepRow }
  /** One row: the window's figures. */
  totals: { params: WindowParams; row: TotalsRow }
  'rejections-by-reason': { params: WindowParams; row: ReasonRow }
  /** Accepted attempts, unless `outcome` asks for the rejected ones. */
  'latency-by-step': { params: WindowParams & { step: Step; outcome?: Outcome }; row: LatencyRow }
  'top-tokens': { params: WindowParams & { measure?: 'attempts' | 'failed'; limit?: number }; row: TopTokenRow }
  'top-networks': { params: WindowParams & { measure?: 'attempts' | 'failed'; limit?: number }; row: TopNetworkRow }
  /** Newest first, by key. */
  'events-page': { params: EventsParams; row: EventView }
  /** Everything that happened in a token's life but its single validations, oldest first, with the event that caused it. */
  'token-life-line': { params: { token: string }; row: EventView }
  /** Where a token was used from: network, country, client, with counts and first and last time. */
  'places-of-token': { params: WindowParams & { token: string; limit?: number }; row: PlaceRow }
  'agents-of-token': { params: WindowParams & { token: string; limit?: number }; row: UseRow }
  'routes-of-token': { params: WindowParams & { token: string; limit?: number }; row: UseRow }
  'services-of-token': { params: WindowParams & { token: string; limit?: number }; row: UseRow }
  /** Used scopes, and granted ones that were never used: those have no times. */
  'scopes-of-token': { params: WindowParams & { token: string }; row: ScopeRow }
  /** Rejections as revoked, superseded, expired or consumed: somebody still holds it. */
  'uses-after-end': { params: WindowParams & { token: string }; row: PlaceRow }
  /** issued → sent → attempted → verified or consumed → expired, of single-use tokens issued in the window. */
  'single-use-funnel': { params: WindowParams & { kind: 'action' | 'validation' }; row: FunnelRow }
  'last-used-by-token': { params: { tokens: readonly string[] }; row: LastUsedRow }
  /** Conservation per minute and reason, for the banner of reports. */
  completeness: { params: { from: Milliseconds; to: Milliseconds }; row: CompletenessRow }
}
export type QuestionName = keyof Questions

export interface StepRow {
  readonly at: Milliseconds
  readonly key: string
  readonly count: number
}

export interface TotalsRow {
  readonly attempts: number
  readonly accepted: number
  readonly invalid: number
  readonly forbidden: number
  readonly throttled: number
  readonly unavailable: number
  /** Attributed traffic: health of real integrations. */
  readonly successRate: Share | null
  /** Both populations: pressure at the door. */
  readonly successRateAll: Share | null
  /** Distinct tokens with an accepted validation. */
  readonly activeTokens: number
  readonly networks: number
  readonly unattributed: number
  readonly replays: number
  readonly latency: { readonly p50Us: number; readonly p95Us: number; readonly p99Us: number } | null
  /** How distinct counts were made, with the error. */
  readonly uniques: string
}

export interface ReasonRow {
  readonly reason: string
  readonly class: ReasonClass
  readonly count: number
  readonly tokens: number
  readonly networks: number
}

export interface LatencyRow {
  readonly at: Milliseconds
  readonly count: number
  readonly p50Us: number
  readonly p95Us: number
  readonly p99Us: number
}

export interface TopTokenRow {
  readonly token: TokenRef
  readonly attempts: number
  readonly accepted: number
  readonly failed: number
  readonly throttled: number
  readonly lastAt: Milliseconds
  readonly networks: number
}

export interface TopNetworkRow {
  /** Keyed number of the /24 or /48 in hex; `other` for folded ones. */
  readonly network: string
  readonly asn: number
  readonly country: string
  readonly attempts: number
  readonly accepted: number
  readonly failed: number
  readonly throttled: number
  readonly tokens: number
  readonly credentials: number
}

export interface EventsParams {
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly token?: string
  readonly type?: string
  readonly outcome?: Outcome
  readonly class?: ReasonClass
  readonly reason?: string
  readonly kind?: TokenKind
  readonly network?: string
  readonly service?: string
  readonly route?: string
  readonly client?: string
  readonly requestId?: string
  readonly id?: string
  readonly cursor?: string
  /** 1…500, default 50. */
  readonly limit?: number
}

/** One event for people. Fields without a value are left out. */
export interface EventView {
  readonly id: string
  readonly type: string
  readonly at: Milliseconds
  readonly receivedAt: Milliseconds
  readonly outcome: Outcome
  readonly reason?: string
  readonly class?: ReasonClass
  readonly kind?: TokenKind
  readonly token?: TokenRef
  readonly claimed?: TokenRef
  readonly fingerprint?: string
  readonly owner?: string
  /** What kind of actor caused it. */
  readonly actor?: ActorKind
  readonly service?: string
  readonly environment?: string
  readonly method?: string
  readonly route?: string
  readonly scope?: string
  readonly action?: string
  readonly network?: string
  readonly asn?: number
  readonly country?: string
  readonly client?: string
  readonly requestId?: string
  readonly durationUs?: number
  readonly cache?: string
  readonly limit?: string
  readonly endedBy?: string
  readonly sinceEndMs?: number
  readonly flags: readonly string[]
  readonly count: number
  readonly detail?: Readonly<Record<string, unknown>>
}

export interface PlaceRow {
  readonly network: string
  readonly asn: number
  readonly country: string
  readonly client: string
  readonly attempts: number
  readonly accepted: number
  readonly failed: number
  readonly firstAt: Milliseconds
  readonly lastAt: Milliseconds
}

export interface UseRow {
  readonly name: string
  readonly attempts: number
  readonly accepted: number
  readonly failed: number
  readonly firstAt: Milliseconds
  readonly lastAt: Milliseconds
}

export interface ScopeRow extends Omit<UseRow, 'firstAt' | 'lastAt'> {
  readonly firstAt: Milliseconds | null
  readonly lastAt: Milliseconds | null
  readonly granted: boolean
}

export interface FunnelRow {
  readonly issued: number
  readonly sent: number
  readonly undelivered: number
  readonly attempted: number
  /** Consumed (action) or verified (validation). */
  readonly succeeded: number
  readonly expired: number
  readonly locked: number
  readonly replays: number
}

export interface LastUsedRow {
  readonly token: string
  readonly lastAcceptedAt: Milliseconds | null
  readonly lastAttemptAt: Milliseconds | null
  readonly accepted30d: number
  readonly failed30d: number
}

export interface CompletenessRow {
  readonly at: Milliseconds
  readonly received: number
  readonly stored: number
  readonly coalesced: number
  readonly dropped: Readonly<Record<string, number>>
}
