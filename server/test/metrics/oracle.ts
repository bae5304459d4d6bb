/**
 * Lifecycle figures the slow way, from what the test did to each token: every age is visited, every risk set is counted by
 * looking at every life. Nothing of `src/metrics` is used here.
 */
export interface Told {
  readonly kind: 'access' | 'action'
  readonly imported: boolean
  readonly ageKnown: boolean
  readonly issuedAt: number
  /** When it came here. */
  readonly cameAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly group: 'security' | 'hygiene' | 'unspecified'
  readonly hidden: boolean
}

const DAY = 86_400_000

/** What ended it first, and when. At the same moment a revocation comes before expiry. */
export function ending(told: Told): { at: number; cause: string } | null {
  const { revokedAt, expiresAt } = told
  if (revokedAt !== null && (expiresAt === null || revokedAt < expiresAt)) return { at: revokedAt, cause: told.group }
  return expiresAt === null ? null : { at: Math.max(expiresAt, told.cameAt), cause: 'expired' }
}

export function stock(all: readonly Told[], from: number, to: number): Record<string, unknown> {
  const before = (at: number): number => all.filter((each) => each.cameAt < at && (ending(each)?.at ?? Infinity) >= at).length
  const came = all.filter((each) => each.cameAt >= from && each.cameAt < to)
  const ended = all.map(ending).filter((end) => end !== null && end.at >= from && end.at < to)
  return {
    from: before(from),
    to: before(to),
    issued: came.filter((each) => !each.imported).length,
    imported: came.filter((each) => each.imported).length,
    endings: Object.fromEntries([...Map.groupBy(ended, (end) => end!.cause)].map(([cause, some]) => [cause, some.length])),
  }
}

export interface Study {
  readonly entry: number
  readonly exit: number
  readonly cause: string | null
}

export function studies(all: readonly Told[], from: number, to: number, unit: number): Study[] {
  const out: Study[] = []
  for (const told of all) {
    const end = ending(told)
    if (told.cameAt >= to || (end !== null && end.at < from) || !told.ageKnown) continue
    if (told.expiresAt !== null && told.expiresAt < told.cameAt && end?.cause === 'expired') continue
    const ended = end !== null && end.at < to
    const age = (at: number): number => Math.floor((at - told.issuedAt) / unit)
    out.push({ entry: age(Math.max(from, told.cameAt)), exit: age(ended ? end.at : to), cause: ended ? end.cause : null })
  }
  return out
}

const atRisk = (all: readonly Study[], age: number): number => all.filter((each) => each.entry <= age && age <= each.exit).length
const endedAt = (all: readonly Study[], age: number, cause?: string): number =>
  all.filter((each) => each.exit === age && each.cause !== null && (cause === undefined || each.cause === cause)).length

/** S after each whole age from 0 to `last`. */
export function survival(all: readonly Study[], last: number): number[] {
  const out: number[] = []
  let s = 1
  for (let age = 0; age <= last; age++) {
    const ended = endedAt(all, age)
    if (ended > 0) s *= 1 - ended / atRisk(all, age)
    out.push(s)
  }
  return out
}

export interface Mean {
  readonly tau: number | null
  readonly value: number | null
  readonly error: number | null
  readonly incidence: Readonly<Record<string, number>>
}

export function restrictedMean(all: readonly Study[], usual: number): Mean {
  let tau: number | null = null
  for (let age = usual; age >= 0 && tau === null; age--) if (atRisk(all, age) >= 20) tau = age
  if (tau === null) return { tau, value: null, error: null, incidence: {} }
  const s = survival(all, tau)
  const area = (from: number, to: number): number => s.slice(from, to).reduce((sum, each) => sum + each, 0)
  let variance = 0
  let thin = false
  const incidence: Record<string, number> = {}
  for (let age = 0; age <= tau; age++) {
    const [n, d] = [atRisk(all, age), endedAt(all, age)]
    if (d === 0) continue
    if (n < 20 && age < tau) thin = true
    if (n > d) variance += (area(age, tau) ** 2 * d) / (n * (n - d))
    for (const cause of new Set(all.map((each) => each.cause))) {
      if (cause === null || endedAt(all, age, cause) === 0) continue
      incidence[cause] = (incidence[cause] ?? 0) + ((age === 0 ? 1 : s[age - 1]!) * endedAt(all, age, cause)) / n
    }
  }
  return { tau, value: thin ? null : area(0, tau), error: thin ? null : Math.sqrt(variance), incidence }
}

export function revocation(
  all: readonly Told[],
  from: number,
  to: number,
): { revoked: number; exposed: number; tokenDays: number } {
  const inWindow = all.filter((each) => each.cameAt < to && (ending(each)?.at ?? Infinity) >= from)
  const revoked = inWindow.filter((each) => {
    const end = ending(each)
    return end !== null && end.cause !== 'expired' && end.at >= from && end.at < to
  })
  const lived = inWindow.map((each) => Math.max(0, Math.min(to, ending(each)?.at ?? Infinity) - Math.max(from, each.cameAt)))
  return { revoked: revoked.length, exposed: inWindow.length, tokenDays: lived.reduce((sum, ms) => sum + ms, 0) / DAY }
}
