import type { Milliseconds } from 'tokentrail'
import type { Actor, Role } from './records.ts'

/** What a grant is about: the installation, one tenant, or the tokens of one owner. */
export const GRANT_SCOPES = ['install', 'tenant', 'owner'] as const
export type GrantScope = (typeof GRANT_SCOPES)[number]

/** From when to when something happened that may be seen. */
export interface Period {
  readonly from: Milliseconds
  readonly to: Milliseconds
}

/** A role that a token was given. Conflicts and last ones are judged by the person: all tokens of one owner together. */
export interface Grant {
  readonly id: string
  readonly tenantNo: number
  readonly tokenNo: number
  readonly ownerNo: number
  readonly role: Role
  readonly scope: GrantScope
  /** Whose tokens, where the scope is one owner. */
  readonly scopeOwnerNo: number | null
  readonly from: Milliseconds
  readonly until: Milliseconds | null
  /** Only what happened in it may be seen: auditors. */
  readonly period: Period | null
  readonly ground: string
  readonly approval: string | null
  /** Given although a conflict or the missing second person spoke against it, while separation was waived. */
  readonly waived: boolean
  readonly breakGlass: boolean
  /** Until when a break-glass grant must be looked at by somebody else. */
  readonly reviewBy: Milliseconds | null
  readonly reviewedAt: Milliseconds | null
  readonly reviewerNo: number | null
  readonly granterNo: number
  readonly grantedAt: Milliseconds
  readonly removedAt: Milliseconds | null
}

/** The second factor of a person; the secret is wrapped by the key-encryption key. */
export interface SecondFactor {
  readonly tenantNo: number
  readonly ownerNo: number
  readonly secret: Uint8Array
  readonly active: boolean
  readonly enrolledAt: Milliseconds
  /** Time step of the last code that was taken: no code is taken twice. */
  readonly lastStep: number
  readonly failures: number
  readonly failedAt: Milliseconds | null
}

/** A session as its list shows it. */
export interface SessionListed {
  readonly id: string
  readonly tokenNo: number
  readonly ownerNo: number
  readonly createdAt: Milliseconds
  readonly expiresAt: Milliseconds
  readonly provenAt: Milliseconds | null
}

export type Proof = { readonly proven: true } | { readonly proven: false; readonly triesLeft: number; readonly waitMs: number }

export interface GrantActions {
  /**
   * 507. Refused: `role_conflict` where separation is enforced, `approval_…` for heavy roles without a second person, and to oneself.
   * `params` is what an approval must name.
   */
  grantRole(p: {
    tenantNo: number
    tokenId: string
    role: Role
    scope: GrantScope
    scopeOwnerId: string | null
    until: Milliseconds | null
    period: Period | null
    breakGlass: boolean
    ground: string
    approval: string | null
    params: string
    at: Milliseconds
    actor: Actor
  }): Grant
  /** 508. `role_last` for the last admin and the last privacy officer of a tenant. */
  removeRole(p: { tenantNo: number; id: string; ground: string; at: Milliseconds; actor: Actor }): Grant
  /** 508 for every grant whose time is over. */
  lapseGrants(p: { at: Milliseconds; max: number }): number
  /** 720 for a break-glass grant, by somebody who neither had nor gave it; `review_own`. */
  reviewBreakGlass(p: { tenantNo: number; id: string; note: string; at: Milliseconds; actor: Actor }): Grant
  /** 601 on the setting `separation`. `role_conflict` while somebody has roles that conflict. */
  setSeparation(p: { tenantNo: number; enforced: boolean; ground: string; at: Milliseconds; actor: Actor }): void
}

export interface FactorActions {
  /** A new secret that is not yet proven; `factor_exists` where one is in use. */
  startFactor(p: { tenantNo: number; ownerNo: number; secret: Uint8Array; at: Milliseconds }): void
  /**
   * Takes a code: `step` is the time step that it belongs to, `null` where it belongs to none. Each step is taken once; after 5
   * failures nothing is taken for 15 minutes. The first proof puts a new factor in use (505).
   */
  proveFactor(p: { tenantNo: number; ownerNo: number; step: number | null; at: Milliseconds; actor: Actor }): Proof
  /** 505. */
  removeFactor(p: { tenantNo: number; ownerNo: number; at: Milliseconds; actor: Actor }): boolean
  /** Replaces wrapped secrets where they are still as they were read. */
  rewrapFactors(p: { factors: readonly { ownerNo: number; from: Uint8Array; to: Uint8Array }[] }): number
  /** A session under another id, proven now; the old id is over. Null when it was over already. */
  stepUpSession(p: { from: Uint8Array; to: Uint8Array; id: string; csrf: string; at: Milliseconds }): boolean
  /** Ends a session by its listed id; of one owner only, where that is given. */
  endListedSession(p: { tenantNo: number; id: string; ownerNo: number | null }): boolean
}

export interface GrantReads {
  /** Grants of a token that were not removed, also those whose time is over. */
  grantsOf(tokenNo: number): Promise<readonly Grant[]>
  /** Grants of a tenant that were not removed, and those of emergencies that wait for a review. */
  grants(tenantNo: number): Promise<readonly Grant[]>
  /** Any grant of the tenant, also a removed one. */
  grant(tenantNo: number, id: string): Promise<Grant | null>
  secondFactor(ownerNo: number): Promise<SecondFactor | null>
  secondFactors(tenantNo: number): Promise<readonly SecondFactor[]>
  sessions(tenantNo: number, ownerNo?: number): Promise<readonly SessionListed[]>
}
