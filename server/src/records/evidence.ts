import type { Milliseconds } from 'tokentrail'
import type { LogEntry, LogPlace, LogSigned } from './audit.ts'
import type { PlaceInTime } from './findings.ts'
import type { Actor, Owner, TokenRecord } from './records.ts'

/** How much a pack shows: figures alone, rows without names, or names too (with a second person's agreement). */
export const PACK_LEVELS = ['aggregate', 'pseudonymous', 'identified'] as const
export type PackLevel = (typeof PACK_LEVELS)[number]

/** `lapsed`: its file is gone, its digest stands. */
export const PACK_STATES = ['making', 'ready', 'failed', 'lapsed'] as const
export type PackState = (typeof PACK_STATES)[number]

export interface NewPack {
  readonly id: string
  readonly name: string
  /** Canonical JSON of what was asked. */
  readonly params: string
  readonly level: PackLevel
  readonly recipient: string
  readonly from: Milliseconds
  readonly to: Milliseconds
  /** After this time the recipient shall no longer hold it. */
  readonly expiresAt: Milliseconds
}

/** An evidence pack that was asked for. */
export interface PackRecord extends NewPack {
  readonly tenantNo: number
  readonly requesterNo: number
  readonly requestedAt: Milliseconds
  readonly approval: string | null
  readonly state: PackState
  readonly failure: string | null
  /** SHA-256 of `report.json` in hex. */
  readonly digest: string | null
  readonly bytes: number | null
  readonly rows: number | null
  /** Public id of its `report.exported`. */
  readonly event: string | null
  readonly finishedAt: Milliseconds | null
}

export const REVIEW_KINDS = ['daily', 'access'] as const
export type ReviewKind = (typeof REVIEW_KINDS)[number]

/** A person read a pack and put a name under it. */
export interface Review {
  readonly id: string
  readonly tenantNo: number
  readonly kind: ReviewKind
  readonly packId: string
  /** SHA-256 of the `report.json` that was signed. */
  readonly digest: string
  readonly from: Milliseconds
  readonly to: Milliseconds
  /** Who made the pack. */
  readonly makerNo: number
  readonly signerNo: number
  readonly signedAt: Milliseconds
  /** Maker and signer are the same, because separation of duties is waived. */
  readonly waived: boolean
  /** Points that stayed open. */
  readonly open: number
  readonly note: string | null
  /** Public id of its `review.signed`. */
  readonly event: string
}

export interface EvidenceActions {
  /** Takes up a pack that is to be made. One with names spends the approval of a second person in the same transaction. */
  requestPack(p: {
    tenantNo: number
    pack: NewPack
    /** What the approval is about, as canonical JSON; null where none is needed. */
    approval: { readonly id: string | null; readonly params: string; readonly ground: string } | null
    at: Milliseconds
    actor: Actor
  }): PackRecord
  /** 405 with the digest of `report.json`, and the number of that event; the file follows, so the pack is not ready yet. */
  notePack(p: { tenantNo: number; id: string; digest: string; rows: number; at: Milliseconds }): PackRecord
  /** `pack_dropped` where it was dropped while it was made: its file must go. */
  finishPack(p: { tenantNo: number; id: string; bytes: number; at: Milliseconds }): PackRecord
  failPack(p: { tenantNo: number; id: string; failure: string; at: Milliseconds }): PackRecord
  /** Those whose files can go: their time is over, or they were being made when the process ended. */
  lapsePacks(p: { at: Milliseconds; makingBefore: Milliseconds }): readonly PackRecord[]
  /** Those of a tenant that hold rows, ready or in the making: a person was erased, who may be in them. Every server is told. */
  dropPacks(p: { tenantNo: number }): readonly PackRecord[]
  /**
   * 720. `review_own` for who made the pack, unless separation of duties is waived, which is recorded. `not_found` for a pack that is
   * not ready, `review_exists` where this person signed it already.
   */
  signReview(p: {
    tenantNo: number
    id: string
    kind: ReviewKind
    packId: string
    open: number
    note: string | null
    at: Milliseconds
    actor: Actor
  }): Review
}

export interface EvidenceReads {
  pack(tenantNo: number, id: string): Promise<PackRecord | null>
  /** How packs stand, of all tenants; one that records do not know is left out. */
  packStates(ids: readonly string[]): Promise<ReadonlyMap<string, PackState>>
  /** Newest first. */
  packs(tenantNo: number, page: { before?: PlaceInTime; limit: number }): Promise<readonly PackRecord[]>
  review(tenantNo: number, id: string): Promise<Review | null>
  /** Newest first. */
  reviews(
    filter: { tenantNo: number; kind?: ReviewKind; from?: Milliseconds; to?: Milliseconds },
    page: { before?: PlaceInTime; limit: number },
  ): Promise<readonly Review[]>
  /** Owners that were disabled in a window and still are, by number. */
  disabledOwners(
    tenantNo: number,
    window: { from: Milliseconds; to: Milliseconds },
    page: { after: number; limit: number },
  ): Promise<readonly Owner[]>
  /** Entries of the audit log in their order: one tenant's (0 = the install's own), or all; of some types, or all. */
  logInOrder(
    filter: { tenantNo?: number; types?: readonly string[]; from?: Milliseconds; to?: Milliseconds },
    page: { after?: LogPlace; limit: number },
  ): Promise<readonly (LogEntry & { readonly epoch: number })[]>
  /** Where the entries of some events stand, of those that have one. */
  logPlaces(ids: readonly string[]): Promise<ReadonlyMap<string, { readonly shard: string; readonly index: number }>>
  /** The largest kept checkpoint of a shard that holds `size` leaves or fewer. */
  logNoteBelow(shard: string, size: number): Promise<LogSigned | null>
  /** All tokens of an owner, dead ones too, by number. */
  tokensOfOwner(tenantNo: number, ownerNo: number, page: { after: number; limit: number }): Promise<readonly TokenRecord[]>
}
