import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { RecordReads } from '../records/records.ts'
import type { Store } from '../store/store.ts'

/** One comparison: what it says in a sentence, and the first things that are wrong. */
export interface ReconcileCheck {
  readonly name: 'critical' | 'tokens' | 'batches' | 'rows' | 'ledger' | 'facts' | 'setup' | 'log'
  readonly state: 'holds' | 'fails' | 'cannot say'
  readonly says: string
  readonly wrong: readonly string[]
}

export interface Reconciled {
  readonly at: Milliseconds
  readonly isGood: boolean
  readonly checks: readonly ReconcileCheck[]
}

/** How far earlier runs have come: what held does not have to be compared again. */
export interface ReconcilePlace {
  /** Last number of each writer of critical events whose leaf was found. */
  readonly critical: Readonly<Record<string, number>>
  /** By journal and tenant, the last batch that was compared, and the totals there. */
  readonly batches: Readonly<Record<string, BatchPlace>>
}

export interface BatchPlace {
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly events: number
}

export interface ReconcileParts {
  readonly read: RecordReads
  readonly store: Pick<Store, 'query' | 'stream'>
  readonly journal: Pick<Journal, 'conservation' | 'notes' | 'passed'>
  readonly clock: Clock
}

/** How many wrong things are named. */
export const WRONG_MAX = 20

/** Holds when nothing is wrong. */
export function verdict(name: ReconcileCheck['name'], wrong: readonly string[], holds: string, what: string): ReconcileCheck {
  if (wrong.length === 0) return { name, state: 'holds', says: holds, wrong: [] }
  return { name, state: 'fails', says: `${wrong.length} ${what}.`, wrong: wrong.slice(0, WRONG_MAX) }
}
