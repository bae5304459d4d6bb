import type { Milliseconds } from 'tokentrail'
import { addTo, blankAverage, meanOf } from './average.ts'

/** How large a residual usually is: a decayed mean of its absolute value that a few large ones cannot move far. */
export interface Scale {
  /** The residual in usual sizes, by what was seen before; then learns it. `floor` keeps a constant series from having no size at all. */
  measure(at: Milliseconds, residual: number, floor: number): number
  usual(): number
  snapshot(): ScaleState
  restore(state: ScaleState): void
}

export type ScaleState = ReturnType<typeof blankState>

/** Residuals that only tell the size. */
const WARMUP = 12
/** A residual teaches no more than this many sizes. */
const SIZES_MAX = 8

export function createScale(halfLifeMs: Milliseconds): Scale {
  let state = blankState()
  return {
    measure(at, residual, floor) {
      const usual = Math.max(meanOf(state.size), floor)
      const isWarm = state.seen++ >= WARMUP
      const taught = isWarm ? Math.min(Math.abs(residual), SIZES_MAX * usual) : Math.abs(residual)
      addTo(state.size, at, taught, 1, halfLifeMs)
      return isWarm ? residual / usual : 0
    },
    usual: () => meanOf(state.size),
    snapshot: () => structuredClone(state),
    restore(kept) {
      state = structuredClone(kept)
    },
  }
}

function blankState() {
  return { size: blankAverage(), seen: 0 }
}
