import type { Milliseconds } from 'tokentrail'
import type { StreamPoint, Strangeness } from '../detector.ts'
import { CUSUM_CLIP, createCusum, type Cusum, type CusumState } from './cusum.ts'
import { DAY_MS, HOUR_MS } from './hour-of-week.ts'
import { countInterval } from './count-interval.ts'
import { countTails, type Tails } from './negative-binomial.ts'
import { zOfStrangeness } from './normal.ts'
import type { Profile } from './profile.ts'
import { COUNT_TAIL, createTail, type TailState } from './tail.ts'

export interface StreamOptions {
  readonly bucketMs: Milliseconds
  /** What is expected; shared by the streams of one count at several bucket lengths. The one of an hour teaches it. */
  readonly profile: Profile
}

/** Judges one count per bucket, in order of time. Knows only the buckets before. */
export interface Stream {
  /** Judges and learns. */
  judge(point: StreamPoint): Strangeness
  /** Judges alone: for a bucket whose late rows came. */
  look(point: StreamPoint): Strangeness
  /** The run that the drift's sum stands for: since when, and by what share and how many the count was away from its slow expectation. */
  run(side: 'up' | 'down'): { readonly since: Milliseconds; readonly change: number; readonly excess: number }
  /** A drift was spoken of: its sums begin anew. */
  driftSpoken(): void
  snapshot(): StreamState
  restore(state: StreamState): void
}

export interface StreamState {
  readonly spread: readonly number[]
  readonly up: TailState
  readonly down: TailState
  readonly drift: CusumState | null
  readonly runs: readonly Run[]
}

/** What was counted and what was expected since a sum left zero. */
interface Run {
  readonly value: number
  readonly expected: number
}

/** Strangeness from which on a bucket teaches a tenth. */
const STRANGE = 4
/** From here on the interval is exact, since it is spoken of. */
const SPOKEN = 3
/** Inverse size of the negative binomial before anything is known, and as if from how many buckets. */
const PRIOR = { inverse: 0.05, weight: 20 }
const INVERSE_MAX = 4
const TAIL_HALF_LIFE_MS = 28 * DAY_MS
const TAIL_BUCKETS_MIN = 672
const SPREAD_HALF_LIFE_MS = 14 * DAY_MS

/** Drift is looked for in hours and days. */
const DRIFTS = new Map([
  [HOUR_MS, { historyMax: 672, block: 24, horizon: 8760 }],
  [DAY_MS, { historyMax: 84, block: 7, horizon: 365 }],
])

export function createStream({ bucketMs, profile }: StreamOptions): Stream {
  const options = { ...COUNT_TAIL, halfLife: Math.max(TAIL_BUCKETS_MIN, TAIL_HALF_LIFE_MS / bucketMs) }
  const [up, down] = [createTail(options), createTail(options)]
  const driftOptions = DRIFTS.get(bucketMs)
  const drift = driftOptions && createCusum(driftOptions)
  const kept = 2 ** (-bucketMs / SPREAD_HALF_LIFE_MS)
  // decayed sums of (count − μ)² − μ and of μ², whose quotient is 1 ⁄ r
  let [excess, square, seen] = [0, 0, 0]
  const runs = [blankRun(), blankRun()]

  function size(): number {
    const mean = seen > 0 ? square / seen : 0
    const inverse = (excess + PRIOR.inverse * PRIOR.weight * mean) / Math.max(square + PRIOR.weight * mean, 1e-12)
    return 1 / Math.min(INVERSE_MAX, Math.max(1e-6, seen > 0 ? inverse : PRIOR.inverse))
  }

  function look({ at, value }: StreamPoint): Strangeness {
    return judged(at, value, profile.expect(at, bucketMs), size()).result
  }

  function judged(
    at: Milliseconds,
    value: number,
    mu: number,
    r: number,
  ): { readonly model: Tails; readonly result: Strangeness } {
    const age = profile.age(at)
    const model = age === 'blank' ? NOTHING : countTails(value, mu, r)
    const [upper, lower] = [up.judge(model.up), down.judge(model.down)]
    const interval = Math.max(upper, lower) > SPOKEN ? countInterval(mu, r) : roughly(mu, r)
    const drifts = { driftUp: drift?.up ?? 0, driftDown: drift?.down ?? 0 }
    return { model, result: { expected: mu, ...interval, up: upper, down: lower, ...drifts, learning: age !== 'grown' } }
  }

  function judge({ at, value }: StreamPoint): Strangeness {
    const [mu, r] = [profile.expect(at, bucketMs), size()]
    const blank = profile.age(at) === 'blank'
    if (drift && !blank) addDrift(drift, at, value, mu / profile.drift(), r)
    const { model, result } = judged(at, value, mu, r)
    const weight = Math.max(result.up, result.down) >= STRANGE ? 0.1 : 1
    if (!blank) learn(model, value, mu, weight)
    if (bucketMs === HOUR_MS) profile.teach(at, value, weight)
    return result
  }

  function addDrift(sums: Cusum, at: Milliseconds, value: number, mu: number, r: number): void {
    sums.add(at, zOf(value, mu, r), profile.age(at) !== 'grown')
    for (const [side, since] of [sums.upSince, sums.downSince].entries()) {
      const run = runs[side] ?? blankRun()
      runs[side] = since === at ? { value, expected: mu } : { value: run.value + value, expected: run.expected + mu }
    }
  }

  function run(side: 'up' | 'down'): { since: Milliseconds; change: number; excess: number } {
    const { value, expected } = runs[side === 'up' ? 0 : 1] ?? blankRun()
    const since = side === 'up' ? drift?.upSince : drift?.downSince
    return { since: since ?? 0, change: expected > 0 ? value / expected - 1 : 0, excess: value - expected }
  }

  function learn(model: Tails, value: number, mu: number, weight: number): void {
    up.learn(model.up, weight)
    down.learn(model.down, weight)
    excess = excess * kept + ((value - mu) ** 2 - mu) * weight
    square = square * kept + mu * mu * weight
    seen = seen * kept + weight
  }

  return {
    judge,
    look,
    run,
    driftSpoken: () => drift?.reset(),
    snapshot: () => ({
      spread: [excess, square, seen],
      up: up.snapshot(),
      down: down.snapshot(),
      drift: drift?.snapshot() ?? null,
      runs: [...runs],
    }),
    restore(state) {
      ;[excess = 0, square = 0, seen = 0] = state.spread
      up.restore(state.up)
      down.restore(state.down)
      if (state.drift) drift?.restore(state.drift)
      runs.splice(0, 2, ...state.runs)
    },
  }
}

const blankRun = (): Run => ({ value: 0, expected: 0 })
const NOTHING: Tails = { up: 0, down: 0 }

function zOf(value: number, mu: number, r: number): number {
  const { up, down } = countTails(value, mu, r)
  const z = up > down ? zOfStrangeness(up) : -zOfStrangeness(down)
  return Math.max(-CUSUM_CLIP, Math.min(CUSUM_CLIP, z))
}

function roughly(mu: number, r: number): { readonly low: number; readonly high: number } {
  const spread = 2.6 * Math.sqrt(mu + (mu * mu) / r)
  return { low: Math.max(0, Math.floor(mu - spread)), high: Math.ceil(mu + spread) }
}
