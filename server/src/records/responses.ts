import type { Milliseconds } from 'tokentrail'
import type { PlaceInTime } from './findings.ts'
import type { Actor, TokenRecord } from './records.ts'

/** What can be done about a finding, from the mildest to the final one. */
export const STEPS = ['notify', 'throttle', 'suspend', 'revoke'] as const
export type Step = (typeof STEPS)[number]

/**
 * `rehearsed`: a dry run, nothing was done. `approved`: may be applied, or is being tried again. `failed`: given up.
 * `undone`: the former state stands again.
 */
export const RESPONSE_STATES = ['rehearsed', 'proposed', 'declined', 'approved', 'applied', 'failed', 'undone'] as const
export type ResponseState = (typeof RESPONSE_STATES)[number]

/** A limit that a response sets, beside the token's own; over by itself. */
export interface ResponseThrottle {
  readonly count: number
  readonly windowMs: number
  readonly until: Milliseconds
}

export const THROTTLE_MS_MAX = 24 * 3_600_000
export const SUSPEND_MS_MAX = 72 * 3_600_000
export const RESPONSE_TOKENS_MAX = 100
/** Automatic steps that touch tokens: so many in an hour, and this share of the active tokens in a day, at least one. */
export const AUTOMATIC_TOKENS_PER_HOUR = 5
export const AUTOMATIC_SHARE_PER_DAY = 0.01
/** A step is tried so often, then it has failed. */
export const RESPONSE_TRIES_MAX = 8

export interface NewResponse {
  readonly id: string
  readonly findingId: string
  /** Detector or rule with its version, as in the finding. */
  readonly detector: string
  readonly detectorVersion: number
  readonly step: Step
  readonly tokens: readonly number[]
  /** Set with `throttle`. */
  readonly rate: { readonly count: number; readonly windowMs: number } | null
  /** End of a throttle or suspension; null: until somebody undoes it. */
  readonly until: Milliseconds | null
  readonly automatic: boolean
  readonly dryRun: boolean
  /** People beside the proposer who must agree before it is applied. */
  readonly approvalsNeeded: number
  /** Why so many: for people. */
  readonly because: readonly string[]
  /** Blast radius per token and other facts, as JSON. */
  readonly radius: string
  readonly reason: string | null
}

/** What was done to one token, and how it was before. */
export interface TokenResult {
  readonly no: number
  readonly did: 'changed' | 'unchanged'
  /** State that was found, where nothing was changed. */
  readonly found?: string
  readonly before?: {
    readonly suspendedAt: Milliseconds | null
    readonly suspendedUntil: Milliseconds | null
    readonly throttle: ResponseThrottle | null
  }
}

export interface ResponseRecord extends NewResponse {
  readonly tenantNo: number
  readonly state: ResponseState
  readonly proposer: Actor
  readonly approvers: readonly number[]
  readonly results: readonly TokenResult[]
  /** Tries that failed so far, and when the next is due. */
  readonly tries: number
  readonly nextAt: Milliseconds | null
  readonly failure: string | null
  readonly createdAt: Milliseconds
  readonly changedAt: Milliseconds
  readonly appliedAt: Milliseconds | null
  readonly version: number
}

export const LEAK_STATES = ['reported', 'confirmed', 'dismissed'] as const
export type LeakState = (typeof LEAK_STATES)[number]
export const REPORTERS = ['person', 'partner'] as const
export type Reporter = (typeof REPORTERS)[number]

export interface NewLeak {
  readonly tokenNo: number | null
  /** SHA-256 and SHA-512/256 of the text in hex, where a text or its hash was given. */
  readonly sha256: string | null
  readonly sha512: string | null
  readonly url: string | null
  readonly reporter: Reporter
  /** Name of a partner, else null. */
  readonly partner: string | null
  /** The text itself was shown and is the token's: nothing is left to confirm. */
  readonly proven: boolean
  readonly exposedAt: Milliseconds
  readonly note: string | null
}

export interface LeakRecord extends Omit<NewLeak, 'proven'> {
  readonly id: string
  readonly tenantNo: number
  readonly reporterNo: number
  readonly state: LeakState
  readonly proven: boolean
  readonly reportedAt: Milliseconds
  readonly changedAt: Milliseconds
  readonly reports: number
}

export interface ResponseActions {
  /**
   * 321. The same id again gives what is kept. An automatic step beyond its limits is kept as a proposal that a person must
   * approve. One that needs nobody's approval is `approved` at once, a dry run `rehearsed`.
   */
  proposeResponse(p: { tenantNo: number; response: NewResponse; at: Milliseconds; actor: Actor }): ResponseRecord
  /** 322. Not by its proposer, and not twice by the same; the last one that is needed makes it `approved`. */
  approveResponse(p: { tenantNo: number; id: string; at: Milliseconds; actor: Actor }): ResponseRecord
  /** 323, of what is not applied yet. */
  declineResponse(p: { tenantNo: number; id: string; note: string | null; at: Milliseconds; actor: Actor }): ResponseRecord
  /**
   * 324 with the events of each token, in one transaction. Of several at once one applies it; the others get what is kept.
   * Where no token was in a state for it, it is `failed` (326).
   */
  applyResponse(p: { tenantNo: number; id: string; at: Milliseconds }): ResponseRecord
  /** 326 with the reason; tried again at `nextAt`, given up without. */
  failResponse(p: {
    tenantNo: number
    id: string
    failure: string
    nextAt: Milliseconds | null
    at: Milliseconds
  }): ResponseRecord
  /** 325. Restores the former state of each token that is still as the response left it. Never of a revocation. */
  undoResponse(p: { tenantNo: number; id: string; at: Milliseconds; actor: Actor }): ResponseRecord
  /** 331, and 332 where it is proven. The same again (token or hash, and address) counts and changes nothing else. */
  reportLeak(p: { tenantNo: number; leak: NewLeak; at: Milliseconds; actor: Actor }): { leak: LeakRecord; isNew: boolean }
  /** 332 or 333. */
  judgeLeak(p: {
    tenantNo: number
    id: string
    state: Exclude<LeakState, 'reported'>
    note: string | null
    at: Milliseconds
    actor: Actor
  }): LeakRecord
}

export interface ResponseReads {
  response(tenantNo: number, id: string): Promise<ResponseRecord | null>
  /** Newest first. */
  responses(
    filter: { tenantNo: number; state?: ResponseState; findingId?: string },
    page: { before?: PlaceInTime; limit: number },
  ): Promise<readonly ResponseRecord[]>
  /** Approved ones of any tenant whose next try is due. */
  responsesDue(at: Milliseconds, limit: number): Promise<readonly ResponseRecord[]>
  leak(tenantNo: number, id: string): Promise<LeakRecord | null>
  /** Newest first by report. */
  leaks(
    filter: { tenantNo: number; state?: LeakState; tokenNo?: number },
    page: { before?: PlaceInTime; limit: number },
  ): Promise<readonly LeakRecord[]>
  /** Tokens of leaks that changed since and are not dismissed, of any tenant: with the earliest time of their exposure. */
  exposures(changedSince: Milliseconds, limit: number): Promise<readonly { tokenNo: number; at: Milliseconds }[]>
}

/** Does a response limit the token at this moment? */
export function throttleOf({ throttle }: Pick<TokenRecord, 'throttle'>, at: Milliseconds): ResponseThrottle | null {
  return throttle && throttle.until > at ? throttle : null
}
