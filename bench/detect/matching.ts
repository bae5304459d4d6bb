import type { Milliseconds } from 'tokentrail'
import type { Found } from '../../server/src/detect/finding.ts'
import type { Truth } from '../../server/src/simulate/world/world.ts'

/** Which attacks a finding is about, by the truth alone. */
export interface Matching {
  attacksOf(found: Found): readonly number[]
}

/** Share of what a count has too much of that an attack must have caused, for the finding to be about it. */
const SHARE_OF_EXCESS = 0.25
const EVENTS_MIN = 3
/** Where the measure is a share and not a count. */
const EVENTS_OF_SHARE_MIN = 10
/** A finding may come so long after its attack. */
const AFTER_MS = 3 * 86_400_000

/**
 * A finding about single events is about an attack when it cites one of its events; where it cites only some of many, when it also is about
 * its token, network or owner at that time. A finding about counts is about the attacks that caused a quarter of what there was too much of.
 */
export function createMatching(truths: readonly Truth[]): Matching {
  const attackOfEvent = new Map(truths.flatMap(({ attack, events }) => events.map((event) => [event, attack] as const)))
  const byTenant = Map.groupBy(truths, ({ tenant }) => tenant)

  function attacksOf(found: Found): readonly number[] {
    const near = (byTenant.get(found.tenant) ?? []).filter(
      ({ from, to }) => found.from <= to && found.to + 1 >= from && found.detectedAt <= to + AFTER_MS,
    )
    if (isOfCounts(found)) return near.filter((truth) => causes(truth, found)).map(({ attack }) => attack)
    const cited = new Set(found.evidence.flatMap((event) => attackOfEvent.get(event) ?? []))
    if (found.evidenceCount > found.evidence.length) for (const truth of near) if (touches(truth, found)) cited.add(truth.attack)
    return [...cited]
  }

  return { attacksOf }
}

function isOfCounts({ subject, measured }: Found): boolean {
  return (subject.kind === 'tenant' || subject.kind === 'service') && measured.expected !== null
}

function causes({ times }: Truth, { from, to, measured: { observed, expected } }: Found): boolean {
  const excess = Math.abs(observed - (expected?.value ?? 0))
  const needed = excess > 1 ? Math.max(EVENTS_MIN, excess * SHARE_OF_EXCESS) : EVENTS_OF_SHARE_MIN
  return countIn(times, from, to) >= needed
}

function countIn(times: readonly Milliseconds[], from: Milliseconds, to: Milliseconds): number {
  return times.reduce((count, at) => (at >= from && at <= to ? count + 1 : count), 0)
}

function touches(truth: Truth, { subject }: Found): boolean {
  if (subject.kind === 'token') return truth.tokens.has(Number(subject.key))
  if (subject.kind === 'source') return truth.networks.has(subject.key.replace(/^0+/, ''))
  return subject.kind === 'owner' && truth.owners.has(Number(subject.key))
}
