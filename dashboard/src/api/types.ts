import type { ActorKind, LossReason, Milliseconds, Outcome, ReasonClass, TokenKind } from 'tokentrail'

/**
 * What the server answers, as the dashboard reads it. A test keeps these assignable from the server's own rows, so that a change
 * there does not compile here until every reader handles it.
 */
export type { Milliseconds, ReasonClass, TokenKind }

export interface Window {
  readonly from: Milliseconds
  readonly to: Milliseconds
}

interface Completeness {
  readonly value: number | null
  readonly received: number
  readonly missing: number
  readonly lost: Readonly<Partial<Record<LossReason, number>>>
}

export interface Answer<Row> {
  readonly question: string
  readonly params: Readonly<Record<string, unknown>>
  readonly window?: Window
  readonly watermark: Milliseconds
  readonly completeness: Completeness
  readonly lateEvents: number
  readonly method: string
  readonly cost: { readonly rowsRead: number; readonly elapsedMs: number }
  readonly rows: readonly Row[]
  readonly next?: string
  /** To viewers: what is not said, and by which rule. */
  readonly withheld?: Withheld
}

interface Withheld {
  readonly groupMin: number
  readonly until: Milliseconds | null
  readonly rules: readonly { readonly rule: string; readonly says: string }[]
}

export interface Share {
  readonly value: number
  readonly numerator: number
  readonly denominator: number
  readonly low: number
  readonly high: number
  readonly method: 'wilson-95'
}

export type TokenState =
  | 'active'
  | 'in_grace'
  | 'suspended'
  | 'not_yet_valid'
  | 'consumed'
  | 'revoked'
  | 'superseded'
  | 'locked'
  | 'exhausted'
  | 'expired'

export interface TokenRef {
  readonly id: string
  readonly kind: TokenKind
  readonly name: string | null
  readonly owner: string
  /** `purged`: its tombstone was removed, `id` is a stand-in. */
  readonly state: TokenState | 'purged'
}

interface WindowParams extends Window {
  readonly kind?: TokenKind
  readonly token?: string
}

export type Step = 'minute' | '5minutes' | 'hour' | '6hours' | 'day' | 'week'
type SeriesKey = 'class' | 'outcome' | 'reason' | 'kind' | 'service' | 'population'

type Top = WindowParams & { readonly measure?: 'attempts' | 'failed'; readonly limit?: number }
type OfToken = WindowParams & { readonly token: string; readonly limit?: number }

/** The named questions that the pages ask, with their parameters and rows. */
export interface Questions {
  'validations-by-step': { params: WindowParams & { readonly step: Step; readonly by?: SeriesKey }; row: StepRow }
  totals: { params: WindowParams; row: TotalsRow }
  'rejections-by-reason': { params: WindowParams; row: ReasonRow }
  'latency-by-step': { params: WindowParams & { readonly step: Step }; row: LatencyRow }
  'top-tokens': { params: Top; row: TopTokenRow }
  'top-networks': { params: Top; row: TopNetworkRow }
  'events-page': { params: EventsParams; row: EventView }
  'token-life-line': { params: { readonly token: string }; row: EventView }
  'places-of-token': { params: OfToken; row: PlaceRow }
  'agents-of-token': { params: OfToken; row: UseRow }
  'routes-of-token': { params: OfToken; row: UseRow }
  'services-of-token': { params: OfToken; row: UseRow }
  'scopes-of-token': { params: WindowParams & { readonly token: string }; row: ScopeRow }
  'uses-after-end': { params: WindowParams & { readonly token: string }; row: PlaceRow }
  'single-use-funnel': { params: Window & { readonly kind: 'action' | 'validation' }; row: FunnelRow }
  'last-used-by-token': { params: { readonly tokens: readonly string[] }; row: LastUsedRow }
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
  readonly successRate: Share | null
  readonly successRateAll: Share | null
  readonly activeTokens: number
  readonly networks: number
  readonly unattributed: number
  readonly replays: number
  readonly latency: { readonly p50Us: number; readonly p95Us: number; readonly p99Us: number } | null
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

export interface EventsParams extends Window {
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
  readonly limit?: number
}

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
