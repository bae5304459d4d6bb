import type { Milliseconds } from 'tokentrail'

export const CUSUM_SLACK = 0.5
export const CUSUM_CLIP = 4
/** Where the bar starts, before there is history to set it. */
export const CUSUM_BAR = 5

/** Two one-sided CUSUMs of z values, and since when each has been above zero. */
export interface Cusum {
  /** Adds a z to the history, and to the sums unless it is only `heard`. */
  add(at: Milliseconds, z: number, heard?: boolean): void
  /** The sums in units of the bar; from 1 on they speak. */
  readonly up: number
  readonly down: number
  readonly upSince: Milliseconds
  readonly downSince: Milliseconds
  /** Begins anew, after an alarm. */
  reset(): void
  snapshot(): CusumState
  restore(state: CusumState): void
}

export interface CusumState {
  readonly sums: readonly number[]
  readonly history: Float32Array
}

export interface CusumOptions {
  /** Values of z that are kept to set the bar by: four weeks of hours, for example. */
  readonly historyMax: number
  /** Values that stay together when history is shuffled: a day. */
  readonly block: number
  /** Values in the time in which one false alarm is borne: a year. */
  readonly horizon: number
}

export function createCusum({ historyMax, block, horizon }: CusumOptions): Cusum {
  const history = new Float32Array(historyMax)
  let [up, down, upSince, downSince, count, bar] = [0, 0, 0, 0, 0, CUSUM_BAR]

  function add(at: Milliseconds, z: number, heard = false): void {
    const clipped = Math.max(-CUSUM_CLIP, Math.min(CUSUM_CLIP, z))
    history[count++ % historyMax] = clipped
    if (count % (7 * block) === 0) bar = barOf(history.subarray(0, Math.min(count, historyMax)), block, horizon, count)
    if (heard) return
    if (up === 0) upSince = at
    if (down === 0) downSince = at
    up = Math.max(0, up + clipped - CUSUM_SLACK)
    down = Math.max(0, down - clipped - CUSUM_SLACK)
  }

  return {
    add,
    get up() {
      return up / bar
    },
    get down() {
      return down / bar
    },
    get upSince() {
      return upSince
    },
    get downSince() {
      return downSince
    },
    reset() {
      up = down = 0
    },
    snapshot: () => ({ sums: [up, down, upSince, downSince, count, bar], history: history.slice() }),
    restore(state) {
      ;[up = 0, down = 0, upSince = 0, downSince = 0, count = 0, bar = CUSUM_BAR] = state.sums
      history.set(state.history)
    },
  }
}

const YEARS = 16

/**
 * The bar at which a stream's own history, shuffled in blocks, would give one alarm in the horizon: the median over simulated horizons of
 * the highest sum, since then half of all horizons have none. Never under where it starts.
 */
export function barOf(history: ArrayLike<number>, block: number, horizon: number, seed: number): number {
  const random = generator(seed)
  const blocks = Math.floor(history.length / block)
  const highest = Array.from({ length: YEARS }, () => highestSum(history, block, horizon, () => Math.floor(random() * blocks)))
  return Math.max(CUSUM_BAR, highest.sort((a, b) => a - b)[YEARS / 2] ?? CUSUM_BAR)
}

function highestSum(history: ArrayLike<number>, block: number, horizon: number, pick: () => number): number {
  let [up, down, highest] = [0, 0, 0]
  for (let passed = 0; passed < horizon; passed += block) {
    const first = pick() * block
    for (let i = first; i < first + block; i++) {
      const z = history[i] ?? 0
      up = Math.max(0, up + z - CUSUM_SLACK)
      down = Math.max(0, down - z - CUSUM_SLACK)
      highest = Math.max(highest, up, down)
    }
  }
  return highest
}

/** Mulberry32: the same history gives the same bar. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
