import { type Life, riskCounter } from './kaplan-meier.ts'

/** Share of lives that ended by one cause up to each age, with the others competing. */
export interface IncidencePoint<Cause extends string> {
  readonly age: number
  readonly atRisk: number
  /** S right after this age. `survival` + Σ `incidence` is 1. */
  readonly survival: number
  readonly incidence: Readonly<Partial<Record<Cause, number>>>
}

/** Aalen–Johansen: Fₖ(t) = Σ S(tᵢ₋) dₖᵢ ⁄ nᵢ. Never 1 − KM per cause, which counts ends that another cause forestalled. */
export function cumulativeIncidence<Cause extends string>(lives: readonly Life<Cause>[]): readonly IncidencePoint<Cause>[] {
  const atRisk = riskCounter(lives)
  const points: IncidencePoint<Cause>[] = []
  let survival = 1
  let incidence: Partial<Record<Cause, number>> = {}
  for (const [age, byCause] of endingsByAgeAndCause(lives)) {
    const n = atRisk(age)
    const before = survival
    incidence = { ...incidence }
    for (const [cause, ended] of byCause) incidence[cause] = (incidence[cause] ?? 0) + (before * ended) / n
    survival = before * (1 - [...byCause.values()].reduce((sum, ended) => sum + ended, 0) / n)
    points.push({ age, atRisk: n, survival, incidence })
  }
  return points
}

/** The incidences as they stand at an age. */
export function incidenceAt<Cause extends string>(
  points: readonly IncidencePoint<Cause>[],
  age: number,
): Pick<IncidencePoint<Cause>, 'survival' | 'incidence'> {
  const none: Partial<Record<Cause, number>> = {}
  return points.findLast((point) => point.age <= age) ?? { survival: 1, incidence: none }
}

function endingsByAgeAndCause<Cause extends string>(
  lives: readonly Life<Cause>[],
): readonly (readonly [number, Map<Cause, number>])[] {
  const ages = new Map<number, Map<Cause, number>>()
  for (const { entry, exit, cause } of lives) {
    if (cause === null || exit < entry) continue
    const byCause = ages.get(exit) ?? new Map<Cause, number>()
    byCause.set(cause, (byCause.get(cause) ?? 0) + 1)
    ages.set(exit, byCause)
  }
  return [...ages].sort(([a], [b]) => a - b)
}
