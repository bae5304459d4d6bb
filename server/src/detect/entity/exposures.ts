import type { Milliseconds } from 'tokentrail'

/** Tokens that were reported as leaked, and what came since. */
export interface Exposure {
  readonly at: Milliseconds
  uses: number
  strangeUses: number
}

export interface Exposures {
  /** From now on every use of this token is a finding. The earliest time that is said counts. */
  expose(tokenNo: number, at: Milliseconds): void
  of(tokenNo: number): Exposure | undefined
  forget(tokenNo: number): void
  readonly size: number
  snapshot(): unknown
  restore(state: unknown): void
}

const EXPOSED_MAX = 20_000

/** Beyond the bound the one reported longest ago is given up. */
export function createExposures(): Exposures {
  let exposed = new Map<number, Exposure>()
  return {
    expose(tokenNo, at) {
      const known = exposed.get(tokenNo)
      if (known && known.at <= at) return
      const oldest = exposed.size >= EXPOSED_MAX ? exposed.keys().next().value : undefined
      if (oldest !== undefined) exposed.delete(oldest)
      exposed.set(tokenNo, { at, uses: known?.uses ?? 0, strangeUses: known?.strangeUses ?? 0 })
    },
    of: (tokenNo) => exposed.get(tokenNo),
    forget: (tokenNo) => void exposed.delete(tokenNo),
    get size() {
      return exposed.size
    },
    snapshot: () => [...exposed],
    restore: (state) => void (exposed = new Map(structuredClone(state) as [number, Exposure][])),
  }
}
