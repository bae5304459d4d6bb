import type { TokenChange, TokenRecord } from '../records/records.ts'

/**
 * Keeps what was read before a change from being cached after it. A validation that begins after a change reads what the
 * change wrote; only what it read earlier could be old.
 */
export interface Coherence {
  /** Marks the beginning of a read. */
  begin(): number
  /** Whether a token read since `begun` may be cached. */
  isFresh(begun: number, token: Pick<TokenRecord, 'no' | 'version'>): boolean
  /** Whether nothing at all changed since `begun`. */
  isQuiet(begun: number): boolean
  note(change: TokenChange): void
}

/** Remembers the newest version of the tokens that changed last; what began before the memory is not cached. */
export function createCoherence(changesMax = 4096): Coherence {
  const versions = new Map<number, number>()
  let count = 0
  let floor = 0

  function forget(): void {
    versions.clear()
    floor = count
  }

  return {
    begin: () => count,
    isFresh: (begun, token) => begun >= floor && (versions.get(token.no) ?? 0) <= token.version,
    isQuiet: (begun) => begun === count,
    note(change) {
      count++
      if (change === 'all' || versions.size >= changesMax) forget()
      if (change !== 'all') versions.set(change.no, change.version)
    },
  }
}
