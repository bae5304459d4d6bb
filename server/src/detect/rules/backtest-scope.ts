import type { Milliseconds } from 'tokentrail'
import type { Overlap, SubjectDay } from './overlap.ts'

/** Where and when a rule is tried. */
export interface BacktestScope {
  readonly tenantNo: number
  readonly from: Milliseconds
  readonly to: Milliseconds
  /** Bits of `flags` whose events are left out. */
  readonly hidden: number
  readonly signal?: AbortSignal
}

/** What a rule would have found in the tenant's own history. */
export interface Backtest {
  readonly rule: { readonly id: string; readonly version: number; readonly digest: string }
  readonly window: { readonly from: Milliseconds; readonly to: Milliseconds }
  /** Events in the window: what had to be read. */
  readonly cost: { readonly events: number; readonly rowsRead: number; readonly elapsedMs: number }
  /** Events that match, or, for a correlation, times that it fires. */
  readonly matches: number
  /** One finding per subject and day (UTC), as the quiet time of 24 h leaves about as many. */
  readonly findings: number
  readonly findingsPerWeek: number
  readonly weeks: readonly BacktestWeek[]
  readonly tokens: number
  readonly owners: number
  readonly networks: number
  /** What was found anyway. */
  readonly overlap: Overlap
  /** The newest events that it rests on, `evt_…`. */
  readonly samples: readonly string[]
  /** Set where more matched than was followed: figures hold up to there. */
  readonly coveredTo: Milliseconds
  /** How it was counted, in a sentence. */
  readonly method: string
}

export interface BacktestWeek {
  /** Monday, UTC. */
  readonly from: Milliseconds
  readonly matches: number
  readonly findings: number
}

/** Events that a back-test may read. */
export const EVENTS_MAX = 200_000_000
export const WEEK_MS = 7 * 86_400_000
const TIMEOUT_MS = 60_000
const MEMORY_BYTES_MAX = 1 << 30
export const BACKTEST_LIMITS = { timeoutMs: TIMEOUT_MS, memoryBytesMax: MEMORY_BYTES_MAX, rowsReadMax: 4 * EVENTS_MAX } as const

/** The window of a tenant's events; every back-test stands on it. */
export const SCOPE_SQL = `tenant = {tenant:UInt32} AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
  AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND bitAnd(flags, {hidden:UInt32}) = 0`

/** What either way of counting gives. */
export type Counted = Omit<Backtest, 'rule' | 'window' | 'cost' | 'findingsPerWeek' | 'overlap'> & {
  /** The findings, up to `SUBJECT_DAYS_MAX`. */
  readonly days: readonly SubjectDay[]
  readonly cost: { readonly rowsRead: number; readonly elapsedMs: number }
}

/** Parameters of `SCOPE_SQL`. */
export function scopeParams({ tenantNo, from, to, hidden }: BacktestScope): Record<string, number> {
  return { tenant: tenantNo, from, to, hidden }
}

export function withSignal({ signal }: BacktestScope): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
