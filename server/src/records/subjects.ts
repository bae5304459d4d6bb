import type { Milliseconds } from 'tokentrail'
import type { Actor, EventNumber, Owner } from './records.ts'
import type { SealedRow } from './sealed.ts'

/** What becomes of a class of data when its subject is erased. */
export type ErasurePolicy =
  | { readonly policy: 'erase' }
  | { readonly policy: 'keep'; readonly until: Milliseconds; readonly ground: string }

/** A class that the policy keeps: its keys live until then. */
export interface Kept {
  readonly class: string
  readonly until: Milliseconds
  readonly ground: string
  readonly keyIds: readonly string[]
}

/** The erasure of a subject. `begun`: the mapping is gone and the rest follows, also after a crash; `done`: nothing is left. */
export interface Erasure {
  readonly id: string
  readonly tenantNo: number
  readonly ownerNo: number
  readonly state: 'begun' | 'done'
  readonly classes: readonly string[]
  readonly kept: readonly Kept[]
  /** Sealed values that were deleted. */
  readonly sealed: number
  /** Numbers of the subject's tokens; none any more once it is done. */
  readonly tokens: readonly number[]
  /** Keys to destroy; none any more once it is done. */
  readonly keyIds: readonly string[]
  /** SHA-256 of the sorted ids of the destroyed keys, in hex. */
  readonly keyDigest: string
  /** Words that name the subject, to be taken out of texts; none any more once it is done. */
  readonly terms: readonly string[]
  /** What stands in their place. */
  readonly surrogate: string
  readonly actor: Actor
  readonly begunAt: Milliseconds
  readonly doneAt: Milliseconds | null
  /** From then on no backup within its term holds a key any more. */
  readonly deadFrom: Milliseconds
}

export interface Restriction {
  readonly tenantNo: number
  readonly ownerNo: number
  readonly ground: string
  readonly setAt: Milliseconds
  readonly setBy: number
}

export interface SubjectActions {
  /**
   * Takes a subject out of records: the owner's id and name become a surrogate, the tokens end (107, `owner_left`) and lose name,
   * metadata, addresses and resource, sealed values of the classes go, sessions and what names the subject in texts too.
   * `subject_active` while tokens work and `endTokens` is not said. Begun, it is finished by `finishErasure`.
   */
  beginErasure(p: {
    tenantNo: number
    ownerId: string
    approval: string | null
    /** Parameters that the approval must name. */
    params: string
    ground: string
    endTokens: boolean
    classes: readonly string[]
    keyIds: readonly string[]
    keyDigest: string
    kept: readonly Kept[]
    deadFrom: Milliseconds
    at: Milliseconds
    actor: Actor
  }): Erasure
  /** 714 `subject.erased`, without identity; forgets what the erasure itself knew of the subject. */
  finishErasure(p: { id: string; at: Milliseconds }): Erasure
  /** Classes that a policy kept until now go: their sealed values are deleted; gives the keys to destroy. 714 for each. */
  releaseKept(p: { id: string; classes: readonly string[]; keyDigest: string; at: Milliseconds }): Erasure
  /** 717 with the ground why an erasure was refused. */
  refuseErasure(p: { tenantNo: number; ownerNo: number; because: string; at: Milliseconds; actor: Actor }): EventNumber
  /** 719 `subject.restricted`. */
  restrictSubject(p: {
    tenantNo: number
    ownerId: string
    restricted: boolean
    ground: string
    at: Milliseconds
    actor: Actor
  }): Restriction | null
  /** 718 `subject.accessed`. */
  noteAccess(p: {
    tenantNo: number
    ownerNo: number
    counts: Record<string, number>
    at: Milliseconds
    actor: Actor
  }): EventNumber
  /** 408 `pseudonym.revealed`. Counted by principal and day; a sealed value, and whatever is beyond `max`, takes a second person. */
  noteReveal(p: {
    tenantNo: number
    action: 'pseudonym' | 'value'
    max: number
    approval: string | null
    /** Parameters that the approval must name. */
    params: string
    ground: string
    detail: Record<string, unknown>
    ownerNo: number
    at: Milliseconds
    actor: Actor
  }): EventNumber
  /** Deletes sealed values by place, or whose time is over; gives how many. */
  dropSealed(p: { places: readonly { event: string; field: string }[] }): number
  /** `only`: of one tenant, and none under these keys: a hold keeps them. */
  dropExpiredSealed(p: { before: Milliseconds; max: number; only?: { tenantNo: number; exceptKeys: readonly string[] } }): number
  /** Replaces wrapped pseudonym keys where they are still as they were read; gives how many. */
  rewrapKeys(p: {
    keys: readonly { domain: string; tenantNo: number; epoch: number; from: Uint8Array; to: Uint8Array }[]
  }): number
}

export interface SubjectReads {
  /** Sealed values of a tenant in the order of their places; of some keys only, where they are given. */
  sealedValues(
    tenantNo: number,
    page: { after?: { event: string; field: string }; keyIds?: readonly string[]; limit: number },
  ): Promise<readonly SealedRow[]>
  sealedOf(tenantNo: number, events: readonly string[]): Promise<readonly SealedRow[]>
  erasure(tenantNo: number, id: string): Promise<Erasure | null>
  /** Oldest first, of all tenants. */
  erasures(filter: {
    since?: Milliseconds
    state?: Erasure['state']
    tenantNo?: number
    limit: number
  }): Promise<readonly Erasure[]>
  restrictions(tenantNo: number): Promise<readonly Restriction[]>
  revealsOf(tenantNo: number, principalNo: number, at: Milliseconds): Promise<number>
  owners(tenantNo: number, page: { search?: string; after?: number; limit: number }): Promise<readonly Owner[]>
}
