import { fitPareto, logParetoAbove, type Pareto } from './pareto.ts'

export interface TailOptions {
  /** The share of all values that counts as excess. */
  readonly share: number
  /** So many latest excesses are kept. */
  readonly excessesMax: number
  /** With fewer excesses the model's own strangeness stands, up to `modelMax`. */
  readonly excessesMin: number
  readonly modelMax: number
  /** History may only lower what the model says: right for a model of counts, wrong for a mere yardstick. */
  readonly lowersOnly: boolean
  /** The shape that the fit is drawn to, and as if from how many excesses. */
  readonly prior: { readonly shape: number; readonly weight: number }
  /** Values after which half of what was seen is forgotten. */
  readonly halfLife: number
}

export interface Tail {
  /** −log10 p of a strangeness, by what this stream's strangeness was so far. */
  judge(strangeness: number): number
  learn(strangeness: number, weight?: number): void
  snapshot(): TailState
  restore(state: TailState): void
}

export interface TailState {
  readonly bins: Float32Array
  readonly excesses: Float32Array
  readonly next: number
  readonly since: number
  readonly threshold: number
  readonly rate: number
  readonly credit: number
}

/** For counts: four weeks of strangeness above its own 98th percentile. */
export const COUNT_TAIL = {
  share: 0.02,
  excessesMax: 128,
  excessesMin: 50,
  modelMax: 6,
  lowersOnly: true,
  prior: { shape: 0, weight: 0 },
} as const satisfies Omit<TailOptions, 'halfLife'>

const BINS = 64
const BIN_WIDTH = 0.1
/** Between two looks at the threshold. */
const LOOK_EVERY = 32

/**
 * Calibrates strangeness by its own history: above its `share` quantile a generalised Pareto distribution is fitted to the excesses. Only
 * what was learned before counts.
 */
export function createTail(options: TailOptions): Tail {
  const { share, excessesMax, excessesMin, modelMax, prior, lowersOnly, halfLife } = options
  const bins = new Float32Array(BINS)
  const excesses = new Float32Array(excessesMax)
  const decay = 2 ** (-LOOK_EVERY / halfLife)
  let [count, next, since, threshold, rate] = [0, 0, 0, Infinity, 0]
  let fit: Pareto | undefined
  let credit = 0
  const ceiling = (strangeness: number): number => (lowersOnly ? strangeness : Infinity)

  function judge(strangeness: number): number {
    if (count < excessesMin) return Math.min(strangeness, modelMax)
    if (strangeness <= threshold) return Math.min(strangeness, -Math.log10(share))
    fit ??= fitPareto(excesses.slice(0, count).sort(), prior)
    const calibrated = -Math.log10(Math.max(rate, 1e-6)) - logParetoAbove(fit, strangeness - threshold) / Math.LN10
    return Math.min(calibrated, ceiling(strangeness))
  }

  function learn(strangeness: number, weight = 1): void {
    const bin = Math.min(BINS - 1, Math.floor(strangeness / BIN_WIDTH))
    bins[bin] = (bins[bin] ?? 0) + weight
    if (strangeness > threshold && believed(weight)) keep(strangeness - threshold)
    if (++since % LOOK_EVERY === 0) look()
  }

  /** Of what teaches a tenth, every tenth is kept. */
  function believed(weight: number): boolean {
    credit += weight
    if (credit < 1) return false
    credit -= 1
    return true
  }

  function keep(excess: number): void {
    excesses[next] = excess
    next = (next + 1) % excessesMax
    count = Math.min(excessesMax, count + 1)
    fit = undefined
  }

  /** Moves the threshold to the lowest edge above which no more than `share` lies; excesses move with it. */
  function look(): void {
    let total = 0
    for (let i = 0; i < BINS; i++) total += bins[i] = (bins[i] ?? 0) * decay
    let above = bins[BINS - 1] ?? 0
    let edge = BINS - 1
    while (edge > 1 && above + (bins[edge - 1] ?? 0) <= share * total) above += bins[--edge] ?? 0
    rate = above / total
    moveTo(edge * BIN_WIDTH)
  }

  function moveTo(edge: number): void {
    if (edge === threshold) return
    const shift = Number.isFinite(threshold) ? threshold - edge : 0
    threshold = edge
    const moved = excesses
      .slice(0, count)
      .map((excess) => excess + shift)
      .filter((excess) => excess > 0)
    excesses.set(moved)
    count = moved.length
    next = count % excessesMax
    fit = undefined
  }

  return {
    judge,
    learn,
    snapshot: () => ({
      bins: bins.slice(),
      excesses: excesses.slice(0, count),
      next,
      since,
      threshold: Number.isFinite(threshold) ? threshold : -1,
      rate,
      credit,
    }),
    restore(state) {
      bins.set(state.bins)
      excesses.set(state.excesses)
      count = state.excesses.length
      ;({ next, since, rate, credit } = state)
      threshold = state.threshold < 0 ? Infinity : state.threshold
      fit = undefined
    },
  }
}
