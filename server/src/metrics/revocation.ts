import type { EndingGroup, Milliseconds } from 'tokentrail'
import type { Rate, Share, Window } from '../query/answer.ts'
import { shareOf } from '../query/wilson.ts'
import { cumulativeIncidence, incidenceAt } from './aalen-johansen.ts'
import { type Cause, isActiveBefore, leavesAt, type TokenLife } from './life.ts'
import { AT_RISK_MIN, studied } from './lifespan.ts'
import { rateOf } from './poisson-exact.ts'
import { bornIn, endingsIn } from './stock.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const GROUPS: readonly EndingGroup[] = ['security', 'hygiene', 'unspecified']
const AGES = [30, 90, 365] as const
/** Poisson intervals are believed while days vary like Poisson counts. */
const DISPERSION_MAX = 2

/** How many tokens are revoked. A rotation is no revocation. */
export interface Revocation {
  /** Tokens whose first ending is a revocation ÷ tokens at the start and those that came. */
  readonly shareOfExposed: Share | null
  /** The headline for trends: growth does not move it. */
  readonly per1000TokenDays: Rate | null
  readonly byGroup: Readonly<Record<EndingGroup, number>>
  /** Variance ÷ mean of revocations per day; null under two days. */
  readonly dispersion: number | null
  /** Share revoked by each age, by month of issue (UTC); null where fewer than 20 tokens are studied or none reached the age. */
  readonly incidence: readonly CohortIncidence[]
}

export interface CohortIncidence {
  /** `2026-03`, the month of issue. */
  readonly cohort: string
  readonly tokens: number
  readonly revoked: number
  readonly at30d: number | null
  readonly at90d: number | null
  readonly at365d: number | null
}

/** Revocations among lives of one kind, over a window whose end is not later than the watermark. */
export function revocationOf(lives: readonly TokenLife[], window: Window): Revocation {
  const endings = endingsIn(lives, window)
  const byGroup = { security: endings.security ?? 0, hygiene: endings.hygiene ?? 0, unspecified: endings.unspecified ?? 0 }
  const revoked = GROUPS.reduce((sum, group) => sum + byGroup[group], 0)
  const exposed = lives.filter((life) => isActiveBefore(life, window.from)).length + bornIn(lives, window)
  return {
    shareOfExposed: shareOf(revoked, exposed),
    per1000TokenDays: rateOf(revoked, tokenDays(lives, window), 1000, 'revocations per 1,000 token days'),
    byGroup,
    dispersion: dispersionOf(lives, window),
    incidence: cohortsOf(lives, window),
  }
}

/** Whether the interval of the rate is too narrow for how bursts come. */
export function isOverDispersed({ dispersion }: Revocation): boolean {
  return dispersion !== null && dispersion > DISPERSION_MAX
}

/** The revocations of a window, with their times. */
export function revokedIn(
  lives: readonly TokenLife[],
  { from, to }: Window,
): readonly { readonly no: number; readonly at: Milliseconds }[] {
  return lives.flatMap((life) => {
    const at = leavesAt(life)
    return isRevoked(life) && at >= from && at < to ? [{ no: life.no, at }] : []
  })
}

function isRevoked({ cause }: TokenLife): boolean {
  return (GROUPS as readonly (Cause | null)[]).includes(cause)
}

/** Σ of what each token lived inside the window. */
function tokenDays(lives: readonly TokenLife[], { from, to }: Window): number {
  const lived = (life: TokenLife): Milliseconds => Math.max(0, Math.min(to, leavesAt(life)) - Math.max(from, life.enteredAt))
  return lives.reduce((sum, life) => sum + lived(life), 0) / DAY
}

/** Over whole days counted from the start of the window. */
function dispersionOf(lives: readonly TokenLife[], { from, to }: Window): number | null {
  const days = Math.floor((to - from) / DAY)
  if (days < 2) return null
  const counts = new Float64Array(days)
  for (const life of lives) {
    const day = Math.floor((leavesAt(life) - from) / DAY)
    if (isRevoked(life) && day >= 0 && day < days) counts[day] = (counts[day] ?? 0) + 1
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / days
  if (mean === 0) return null
  return counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (days - 1) / mean
}

function cohortsOf(lives: readonly TokenLife[], window: Window): readonly CohortIncidence[] {
  const seen = lives.filter((life) => life.issuedAt !== null && life.enteredAt < window.to && leavesAt(life) >= window.from)
  const cohorts = Map.groupBy(seen, (life) => new Date(life.issuedAt ?? 0).toISOString().slice(0, 7))
  return [...cohorts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([cohort, members]) => cohortOf(cohort, members, window))
}

function cohortOf(cohort: string, members: readonly TokenLife[], window: Window): CohortIncidence {
  const studies = members.flatMap((life) => studied(life, window, HOUR))
  const points = cumulativeIncidence(studies)
  const oldest = studies.reduce((age, life) => Math.max(age, life.exit), 0)
  const [at30d, at90d, at365d] = AGES.map((days) => {
    if (studies.length < AT_RISK_MIN || oldest < days * 24) return null
    const { incidence } = incidenceAt(points, days * 24)
    return GROUPS.reduce((sum, group) => sum + (incidence[group] ?? 0), 0)
  })
  return {
    cohort,
    tokens: members.length,
    revoked: members.filter((life) => isRevoked(life) && leavesAt(life) < window.to && leavesAt(life) >= window.from).length,
    at30d: at30d ?? null,
    at90d: at90d ?? null,
    at365d: at365d ?? null,
  }
}
