import type { PromiseClass } from 'tokentrail'
import { PROMISES, addLosses, sumLosses } from './tally.ts'
import type { Conservation } from './journal.ts'
import type { LossCounts, Tally } from './tally.ts'

/** Totals of one tenant and class since the journal was made, as its file holds them. */
export interface Total {
  readonly tenant: number
  readonly promise: number
  received: number
  stored: number
  coalesced: number
  journalled: number
  repeated: number
  readonly dropped: LossCounts
}

/** What left the journal's batches for the store, or was found damaged. */
export interface Moved {
  readonly tenant: number
  readonly promise: number
  readonly stored: number
  readonly coalesced: number
  readonly damaged: number
}

/** The totals in memory: what the file holds, plus what is on its way there. */
export interface Ledger {
  /** Starts again from the totals of the file. */
  reset(totals: readonly Total[]): void
  committed(tallies: readonly Tally[]): void
  moved(moves: readonly Moved[]): void
  conservation(underway: readonly Tally[], promise?: PromiseClass, tenant?: number): Conservation
}

/** A ledger that continues from the file's totals. */
export function createLedger(totals: readonly Total[]): Ledger {
  const byKey = new Map<number, Total>()
  reset(totals)

  function reset(from: readonly Total[]): void {
    byKey.clear()
    for (const total of from) byKey.set(total.tenant * PROMISES.length + total.promise, total)
  }

  function totalOf({ tenant, promise }: { readonly tenant: number; readonly promise: number }): Total {
    const key = tenant * PROMISES.length + promise
    const total = byKey.get(key) ?? {
      tenant,
      promise,
      received: 0,
      stored: 0,
      coalesced: 0,
      journalled: 0,
      repeated: 0,
      dropped: {},
    }
    byKey.set(key, total)
    return total
  }

  return {
    reset,
    committed: (tallies) => tallies.forEach((tally) => addTally(totalOf(tally), tally)),
    moved: (moves) => moves.forEach((move) => addMove(totalOf(move), move)),
    conservation(underway, promise, tenant) {
      const wanted = ofWhom(promise, tenant)
      const sum = { received: 0, stored: 0, journalled: 0, inFlight: 0, coalesced: 0, dropped: {} as LossCounts, repeated: 0 }
      for (const total of byKey.values()) if (wanted(total)) addTotal(sum, total)
      for (const tally of underway) if (wanted(tally)) addUnderway(sum, tally)
      return sum
    },
  }
}

type Sum = { -readonly [Field in keyof Conservation]: Field extends 'dropped' ? LossCounts : Conservation[Field] }

function ofWhom(
  promise: PromiseClass | undefined,
  tenant: number | undefined,
): (of: { tenant: number; promise: number }) => boolean {
  const promiseNo = promise === undefined ? undefined : PROMISES.indexOf(promise)
  return (of) => (promiseNo === undefined || of.promise === promiseNo) && (tenant === undefined || of.tenant === tenant)
}

/** What a committed tally means for the totals. The file does the same in SQL. */
function addTally(total: Total, tally: Tally): void {
  total.received += tally.plain + tally.coalesced + sumLosses(tally.dropped)
  total.journalled += tally.plain + tally.coalesced
  total.repeated += tally.repeated
  addLosses(total.dropped, tally.dropped)
}

function addMove(total: Total, move: Moved): void {
  total.journalled -= move.stored + move.coalesced + move.damaged
  total.stored += move.stored
  total.coalesced += move.coalesced
  if (move.damaged > 0) addLosses(total.dropped, { journal_failed: move.damaged })
}

function addTotal(sum: Sum, total: Total): void {
  sum.received += total.received
  sum.stored += total.stored
  sum.coalesced += total.coalesced
  sum.journalled += total.journalled
  sum.repeated += total.repeated
  addLosses(sum.dropped, total.dropped)
}

function addUnderway(sum: Sum, tally: Tally): void {
  sum.received += tally.plain + tally.coalesced + sumLosses(tally.dropped)
  sum.inFlight += tally.plain + tally.coalesced
  sum.repeated += tally.repeated
  addLosses(sum.dropped, tally.dropped)
}
