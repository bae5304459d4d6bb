import type { Grant } from '../records/grants.ts'
import type { Records } from '../records/records.ts'
import type { Standing } from './principal.ts'
import { readSeparation, type Separation } from './separation.ts'

/** What tokens were granted, remembered until something changes: here before the change is answered, elsewhere within a second. */
export interface Standings {
  of(tokenNo: number): Promise<Standing>
  separation(): Promise<Separation>
  /** Calls once anything about the token's rights may have changed; gives the way to stop it. */
  onChange(tokenNo: number, listener: () => void): () => void
  close(): void
}

const TOKENS_MAX = 10_000

export function createStandings(o: { records: Records; installTenantNo: number }): Standings {
  const grants = new Map<number, readonly Grant[]>()
  const listeners = new Map<number, Set<() => void>>()
  let separation: Separation | undefined
  let changes = 0

  const stop = o.records.onChange((change) => {
    changes += 1
    if (change === 'all') {
      grants.clear()
      separation = undefined
      for (const set of listeners.values()) for (const tell of set) tell()
      return
    }
    grants.delete(change.no)
    for (const tell of listeners.get(change.no) ?? []) tell()
  })

  async function grantsOf(tokenNo: number): Promise<readonly Grant[]> {
    const known = o.records.feedIsFresh() ? grants.get(tokenNo) : undefined
    if (known) return known
    const before = changes
    const read = await o.records.read.grantsOf(tokenNo)
    if (grants.size >= TOKENS_MAX) grants.clear()
    // What changed meanwhile may be these very grants.
    if (changes === before) grants.set(tokenNo, read)
    return read
  }

  async function separationNow(): Promise<Separation> {
    if (separation !== undefined && o.records.feedIsFresh()) return separation
    const before = changes
    const read = await readSeparation(o.records, o.installTenantNo)
    if (changes === before) separation = read
    return read
  }

  return {
    of: async (tokenNo) => ({ grants: await grantsOf(tokenNo), waived: (await separationNow()) === 'waived' }),
    separation: separationNow,
    onChange(tokenNo, listener) {
      const set = listeners.get(tokenNo) ?? new Set()
      listeners.set(tokenNo, set.add(listener))
      return () => {
        set.delete(listener)
        if (set.size === 0) listeners.delete(tokenNo)
      }
    },
    close: stop,
  }
}
