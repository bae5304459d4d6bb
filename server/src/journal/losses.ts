import { reasonId, TYPES } from 'tokentrail'
import type { LossReason, Milliseconds } from 'tokentrail'
import { blankEvent } from '../event/row.ts'
import type { EventRow } from '../event/row.ts'

/** A loss that has been counted and waits to be declared. `promise` is the number of the class that lost. */
export interface Loss {
  readonly tenant: number
  readonly promise: number
  readonly writer: number
  readonly reason: LossReason
  readonly count: number
  readonly from: Milliseconds
  readonly to: Milliseconds
}

/** Gathers losses of one kind until they can be declared together. */
export interface Losses {
  note(loss: Loss): void
  /** All that waits, and nothing waits any more. */
  take(): readonly Loss[]
  readonly count: number
}

/** Kinds of loss told apart. Beyond them the writers are no longer told apart. */
const KINDS_MAX = 4096

export function createLosses(): Losses {
  let byKind = new Map<string, Loss>()

  function note(loss: Loss): void {
    const writer = byKind.size < KINDS_MAX ? loss.writer : 0
    const key = `${loss.tenant} ${loss.promise} ${writer} ${loss.reason}`
    const before = byKind.get(key)
    byKind.set(key, before ? joined(before, loss) : { ...loss, writer })
  }

  return {
    note,
    take() {
      const losses = [...byKind.values()]
      byKind = new Map()
      return losses
    },
    get count() {
      return byKind.size
    },
  }
}

function joined(a: Loss, b: Loss): Loss {
  return { ...a, count: a.count + b.count, from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) }
}

/** The event that declares a loss. */
export function lossEvent({ tenant, writer, reason, count, from, to }: Loss, at: Milliseconds): EventRow {
  const detail = JSON.stringify({ writer, count, from, to })
  return {
    ...blankEvent(),
    tenant,
    type: TYPES['loss.declared'].id,
    reason: reasonId(reason),
    occurredAt: at,
    spanMs: Math.min(to - from, 0xffffffff),
    detail,
  }
}
