import type { Milliseconds } from 'tokentrail'
import type { PlaceInTime } from './findings.ts'
import type { Actor } from './records.ts'

/** What a hold keeps: all of a tenant, or what is about one owner or one token; of all times, or of a range of them. */
export interface HoldScope {
  readonly ownerNo: number | null
  readonly tokenNo: number | null
  readonly from: Milliseconds | null
  /** Exclusive. */
  readonly to: Milliseconds | null
}

/** Two people said that what is in its scope must not go, until its end or until two people release it. */
export interface Hold extends HoldScope {
  readonly id: string
  readonly tenantNo: number
  readonly ground: string
  readonly setAt: Milliseconds
  readonly setBy: number
  readonly endsAt: Milliseconds
  readonly approval: string
  readonly releasedAt: Milliseconds | null
  /** 0: its end came. */
  readonly releasedBy: number | null
  readonly releaseGround: string | null
}

/** What retention took, once. */
export interface RetentionRun {
  /** Public id of its `retention.applied`. */
  readonly id: string
  readonly tenantNo: number
  /** What went: `events`, a roll-up, `sealed values`, `pseudonym keys`, … */
  readonly class: string
  /** The rule: days that it keeps; null where the rule is no number of days. */
  readonly days: number | null
  /** What is older went. */
  readonly cut: Milliseconds
  readonly rows: number
  readonly bytes: number
  readonly keys: number
  /** Rows that a hold kept. */
  readonly held: number
  /** Leaves of the log under which the rows stand: the first and the last that went. */
  readonly leaves: { readonly shard: string; readonly first: number; readonly last: number } | null
  readonly at: Milliseconds
}

/** Days that a tenant keeps what is not in the store. The class of its rows there stands in the tenant itself. */
export interface RetentionDays {
  /** Entries' sealed values. */
  readonly sealedValues: number
  readonly tombstones: number
}

export interface HoldActions {
  /** 712, with the approval spent in the same transaction. `owner` and `token` are numbers of this tenant. */
  setHold(p: {
    tenantNo: number
    scope: HoldScope
    endsAt: Milliseconds
    ground: string
    approval: string | null
    params: string
    at: Milliseconds
    actor: Actor
  }): Hold
  /** 713. `not_found` for one that does not exist here or is released already. */
  releaseHold(p: {
    tenantNo: number
    id: string
    ground: string
    approval: string | null
    params: string
    at: Milliseconds
    actor: Actor
  }): Hold
  /** Those whose end came are released, 713 each; gives how many. */
  endHolds(p: { at: Milliseconds }): number
  /**
   * 601. A shorter time than now takes the approval that is named, in the same transaction; `approval_missing` without one.
   * `class` is the retention class of the rows in the store.
   */
  changeRetention(p: {
    tenantNo: number
    class: number
    days: RetentionDays
    approval: string | null
    params: string
    ground: string
    at: Milliseconds
    actor: Actor
  }): { readonly class: number; readonly days: RetentionDays }
  /** 711, and the row that says the same. */
  noteRetention(p: Omit<RetentionRun, 'id'>): RetentionRun
}

export interface HoldReads {
  hold(tenantNo: number, id: string): Promise<Hold | null>
  /** Newest first; without a tenant those of all. `at`: those alone that keep something then. */
  holds(filter: { tenantNo?: number; at?: Milliseconds; limit: number }): Promise<readonly Hold[]>
  /** Id of a hold that keeps what is about an owner, whatever the time it is about; null when none does. */
  heldBy(tenantNo: number, about: { ownerNo: number }): Promise<string | null>
  /** Newest first; without a tenant those of all. */
  retentionRuns(
    filter: { tenantNo?: number; class?: string; from?: Milliseconds; to?: Milliseconds },
    page: { before?: PlaceInTime; limit: number },
  ): Promise<readonly RetentionRun[]>
  retentionDays(tenantNo: number): Promise<RetentionDays>
  /** What tenants say of it themselves, by number; others have the defaults. */
  retentionDaysOfAll(): Promise<ReadonlyMap<number, RetentionDays>>
  /** Tenants with sealed values whose time is over, with how many. */
  expiredSealed(before: Milliseconds): Promise<readonly { readonly tenantNo: number; readonly count: number }[]>
  /** Tombstones that are due and which no hold keeps, by tenant. */
  oldTombstones(at: Milliseconds): Promise<readonly { readonly tenantNo: number; readonly count: number }[]>
  /** Pseudonym keys that are due and which no hold keeps. */
  oldKeys(at: Milliseconds): Promise<number>
  /** The leaves of the log that cover a tenant's counted events of a time, in the shard of the last of them. */
  leavesBetween(
    tenantNo: number,
    times: { from: Milliseconds; to: Milliseconds },
  ): Promise<{ readonly shard: string; readonly first: number; readonly last: number } | null>
}

/** Kept so long unless a tenant says otherwise. */
export const RETENTION_DEFAULTS: RetentionDays = { sealedValues: 400, tombstones: 400 }
/** Settings that hold them. */
export const RETENTION_SETTINGS = {
  sealedValues: 'retention.sealed_values.days',
  tombstones: 'retention.tombstones.days',
} as const satisfies Record<keyof RetentionDays, string>
