import { TYPES } from 'tokentrail'
import type { LossReason, PromiseClass } from 'tokentrail'

/** Classes of promise by their number in the journal's file. */
export const PROMISES = ['critical', 'counted', 'best effort'] as const satisfies readonly PromiseClass[]

export type LossCounts = Partial<Record<LossReason, number>>

/** Decisions of one tenant and class within one batch or group. */
export interface Tally {
  readonly tenant: number
  readonly promise: number
  /** Σ count of rows without the flag `coalesced`, and with it. */
  plain: number
  coalesced: number
  repeated: number
  readonly dropped: LossCounts
}

/** Tallies by tenant and class. */
export interface TallySheet {
  of(tenant: number, promise: number): Tally
  list(): readonly Tally[]
}

const PROMISE_BY_TYPE = new Map<number, number>(Object.values(TYPES).map((type) => [type.id, PROMISES.indexOf(type.class)]))
const COUNTED = PROMISES.indexOf('counted')

/** Number of the class of promise of a type. */
export function promiseOf(type: number): number {
  return PROMISE_BY_TYPE.get(type) ?? COUNTED
}

/** An empty sheet. The last tally asked for is found without a look-up, since neighbours are mostly alike. */
export function createTallySheet(): TallySheet {
  const tallies = new Map<number, Tally>()
  let last: Tally | undefined

  function of(tenant: number, promise: number): Tally {
    if (last !== undefined && last.tenant === tenant && last.promise === promise) return last
    const key = tenant * PROMISES.length + promise
    last = tallies.get(key) ?? { tenant, promise, plain: 0, coalesced: 0, repeated: 0, dropped: {} }
    tallies.set(key, last)
    return last
  }

  return { of, list: () => [...tallies.values()] }
}

/** Adds losses to losses. */
export function addLosses(to: LossCounts, more: Readonly<LossCounts>): void {
  for (const [reason, count] of Object.entries(more) as [LossReason, number][]) to[reason] = (to[reason] ?? 0) + count
}

/** All losses together. */
export function sumLosses(losses: Readonly<LossCounts>): number {
  return Object.values(losses).reduce((sum, count) => sum + count, 0)
}
