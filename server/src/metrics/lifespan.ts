import type { Milliseconds, TokenKind } from 'tokentrail'
import type { Window } from '../query/answer.ts'
import { cumulativeIncidence, incidenceAt } from './aalen-johansen.ts'
import { type Life, kaplanMeier, medianOf, restrictedMean, riskCounter } from './kaplan-meier.ts'
import type { Cause, TokenLife } from './life.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Unit of age and τ of each kind, both in milliseconds. */
const SCALE = {
  access: { unit: HOUR, tau: 90 * DAY },
  action: { unit: 1000, tau: HOUR / 2 },
  validation: { unit: 1000, tau: DAY },
} as const satisfies Record<TokenKind, { unit: Milliseconds; tau: Milliseconds }>

/** Below so many at risk the curve carries nothing. */
export const AT_RISK_MIN = 20

/** How long tokens of a kind live, by survival: living tokens are censored, not left out. */
export interface Lifespan {
  readonly kind: TokenKind
  /** ∫₀^τ S(t) dt; null where it cannot be said. */
  readonly restrictedMean: {
    readonly value: Milliseconds
    readonly low: Milliseconds
    readonly high: Milliseconds
    readonly error: Milliseconds
  } | null
  /** null is "not reached", and so are its bounds. */
  readonly median: { readonly value: Milliseconds | null; readonly low: Milliseconds | null; readonly high: Milliseconds | null }
  readonly tau: Milliseconds | null
  /** Smaller than usual, because fewer than 20 tokens reach the usual one. */
  readonly tauShortened: boolean
  /** The risk set falls under 20 at an ending before τ. */
  readonly tooFew: boolean
  readonly atRisk: number
  readonly ended: number
  readonly censored: number
  readonly unknownAge: number
  /** Share of tokens that ended by each cause up to τ, the others competing; with `surviving` it adds to 1. */
  readonly byCause: Readonly<Partial<Record<Cause, number>>>
  readonly surviving: number | null
  /** Descriptive and biased low while most tokens live. */
  readonly meanOfEnded: { readonly value: Milliseconds; readonly count: number } | null
  readonly curve: readonly {
    readonly age: Milliseconds
    readonly survival: number
    readonly low: number
    readonly high: number
    readonly atRisk: number
  }[]
  readonly method: 'kaplan-meier, left-truncated; interval normal, cut to [0, τ]; causes by aalen-johansen'
}

/** Points of the curve given out; between them it is thinned. */
const CURVE_POINTS_MAX = 200

/** Lifespan of one kind over a window whose end is not later than the watermark. */
export function lifespanOf(all: readonly TokenLife[], kind: TokenKind, window: Window): Lifespan {
  const { unit } = SCALE[kind]
  const ofKind = all.filter((life) => life.kind === kind && isObserved(life, window))
  const lives = ofKind.flatMap((life) => studied(life, window, unit))
  const points = kaplanMeier(lives)
  const tau = tauOf(lives, SCALE[kind].tau / unit)
  const tooFew = tau !== null && points.some((point) => point.age < tau && point.atRisk < AT_RISK_MIN)
  const mean = tau === null || tooFew ? null : restrictedMean(points, tau)
  const scaled = (age: number | null): number | null => (age === null ? null : age * unit)
  const median = medianOf(points)
  return {
    kind,
    restrictedMean: mean && { value: mean.value * unit, low: mean.low * unit, high: mean.high * unit, error: mean.error * unit },
    median: { value: scaled(median.value), low: scaled(median.low), high: scaled(median.high) },
    tau: scaled(tau),
    tauShortened: tau !== null && tau * unit < SCALE[kind].tau,
    tooFew,
    atRisk: lives.length,
    ended: lives.filter((life) => life.cause !== null).length,
    censored: lives.filter((life) => life.cause === null).length,
    unknownAge: ofKind.filter((life) => life.issuedAt === null).length,
    ...causesUpTo(lives, tau),
    meanOfEnded: meanOfEnded(ofKind, window),
    curve: thinned(points).map(({ age, survival, low, high, atRisk }) => ({ age: age * unit, survival, low, high, atRisk })),
    method: 'kaplan-meier, left-truncated; interval normal, cut to [0, τ]; causes by aalen-johansen',
  }
}

/** Seen alive in the window: it came before the end and had not ended before the start. */
function isObserved(life: TokenLife, { from, to }: Window): boolean {
  return life.enteredAt < to && (life.endsAt === null || life.endsAt >= from)
}

/** Ages in whole units, rounded down; nothing for tokens of unknown age and those that came here already ended. At risk from its age when it came into view; censored at the end of the window. */
export function studied(life: TokenLife, { from, to }: Window, unit: Milliseconds): readonly Life<Cause>[] {
  const { issuedAt, enteredAt, endsAt } = life
  if (issuedAt === null || (endsAt !== null && endsAt < enteredAt)) return []
  const ended = endsAt !== null && endsAt < to
  const age = (at: Milliseconds): number => Math.max(0, Math.floor((at - issuedAt) / unit))
  return [{ entry: age(Math.max(from, enteredAt)), exit: age(ended ? endsAt : to), cause: ended ? life.cause : null }]
}

/** The usual τ where 20 are at risk at it, else the largest age below it at which 20 are; null where there is none. */
function tauOf(lives: readonly Life[], usual: number): number | null {
  const atRisk = riskCounter(lives)
  if (atRisk(usual) >= AT_RISK_MIN) return usual
  // The risk set shrinks only right after an exit, so the largest age is the exit of some life.
  const exits = [...new Set(lives.map((life) => life.exit))].filter((age) => age <= usual).sort((a, b) => b - a)
  return exits.find((age) => atRisk(age) >= AT_RISK_MIN) ?? null
}

function causesUpTo(lives: readonly Life<Cause>[], tau: number | null): Pick<Lifespan, 'byCause' | 'surviving'> {
  if (tau === null) return { byCause: {}, surviving: null }
  const { incidence, survival } = incidenceAt(cumulativeIncidence(lives), tau)
  return { byCause: incidence, surviving: survival }
}

function meanOfEnded(lives: readonly TokenLife[], { from, to }: Window): Lifespan['meanOfEnded'] {
  const ages = lives.flatMap(({ issuedAt, endsAt }) =>
    issuedAt !== null && endsAt !== null && endsAt >= from && endsAt < to ? [endsAt - issuedAt] : [],
  )
  return ages.length === 0 ? null : { value: ages.reduce((sum, age) => sum + age, 0) / ages.length, count: ages.length }
}

function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / CURVE_POINTS_MAX)
  return points.filter((_, i) => i % every === 0 || i === points.length - 1)
}
