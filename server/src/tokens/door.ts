import type { DecisionReason, Milliseconds, RejectionClass, TokenKind } from 'tokentrail'
import type { EventNumber, TokenRecord } from '../records/records.ts'

/** One question at the door. Everything but the token is what the caller says about the request. */
export interface ValidationRequest {
  readonly tenantNo: number
  readonly token: string
  /** Refuse other kinds (`wrong_kind`). By default access, or what `action` implies. */
  readonly kind?: TokenKind
  readonly action?: string
  readonly resource?: string
  readonly scopes?: readonly string[]
  readonly ip?: string
  readonly origin?: string
  readonly userAgent?: string
  readonly service?: string
  readonly environment?: string
  readonly method?: string
  readonly route?: string
  readonly requestId?: string
  /** Judge without consuming; recorded with the flag `check`. */
  readonly check?: boolean
}

/** The answer. The exact reason stays inside; callers outside get `answer` (the class). */
export interface Verdict {
  readonly verdict: 'accepted' | 'rejected'
  readonly reason: DecisionReason
  readonly answer: 'accepted' | RejectionClass
  /** Set when the token's identity was proven. */
  readonly token: TokenRecord | null
  readonly at: Milliseconds
  readonly retryAfterMs?: number
  /** Refused because it could not be recorded, as `audit.validation = strict` asks; never set without it. */
  readonly unrecorded?: true
  /** Number of the event where it is known at once (critical ones). */
  readonly event?: EventNumber
}

/** Validates in process. */
export interface Door {
  /**
   * Judges and records. Resolves once the event survives `kill -9` (or its loss is counted). Never rejects: faults are
   * verdicts of the class `unavailable`, and with `strict` so is one whose record was lost.
   */
  validate(request: ValidationRequest): Promise<Verdict>
  /**
   * The same for a token that is cached and needs no write of records: the verdict at once, the event in the journal's
   * current batch. `undefined` when `validate` is needed. This is the in-process hot path.
   */
  judge(request: ValidationRequest): (Verdict & { readonly recorded: Promise<unknown> }) | undefined
  /** Reads tokens ahead into the cache; gives how many. */
  warm(tenantNo: number): Promise<number>
  cacheSize(): number
  close(): void
}
