import { OUTCOMES, reasonClass, reasonName, type DecisionReason } from 'tokentrail'
import type { Found } from '../../server/src/detect/finding.ts'
import type { EventRow } from '../../server/src/event/row.ts'
import { labelOf, type Label, type Truth } from '../../server/src/simulate/world/truth.ts'
import { streamsOf, type Counts } from './counts.ts'

/** Which attacks a finding is about, by the truth alone. */
export interface Matching {
  attacksOf(found: Found): readonly number[]
}

/** Share of what a count has too much of that an attack must have caused, for the finding to be about it. */
const SHARE_OF_EXCESS = 0.5
/** Where a share has shifted, an attack must have added so many. */
const EVENTS_OF_SHARE_MIN = 10
/** A finding may come so long after its attack. */
const AFTER_MS = 3 * 86_400_000

interface Known {
  readonly label: Label
  readonly rows: readonly EventRow[]
}

/**
 * A finding about single events is about an attack when it cites one of its events; where it cites only some of many, also when it is about
 * its token, network or owner at that time. A finding about counts is about an attack that caused half of what there was too much of.
 */
export function createMatching(truths: readonly Truth[], counts: Counts): Matching {
  const known = truths.map((truth): Known => ({ label: labelOf(truth), rows: truth.rows }))
  const attackOfEvent = new Map(known.flatMap(({ label }) => label.events.map((event) => [event, label.instance] as const)))
  const byTenant = Map.groupBy(known, ({ label }) => label.tenant)

  function attacksOf(found: Found): readonly number[] {
    const near = (byTenant.get(found.tenant) ?? []).filter(({ label }) => isNear(label, found))
    if (isOfStream(found)) return near.filter(({ rows }) => causes(rows, found, counts)).map(({ label }) => label.instance)
    const cited = new Set(found.evidence.flatMap((event) => attackOfEvent.get(event) ?? []))
    if (found.evidenceCount > found.evidence.length)
      for (const { label } of near) if (touches(label, found)) cited.add(label.instance)
    return [...cited]
  }

  return { attacksOf }
}

function isNear({ from, to }: Label, found: Found): boolean {
  return found.from <= to && found.to + 1 >= from && found.detectedAt <= to + AFTER_MS
}

/** Detectors that speak of streams and cite the first events of an hour, whoever caused them. */
const OF_COUNTS: ReadonlySet<string> = new Set([
  'volume-spike',
  'volume-drop',
  'slow-drift',
  'failure-shift',
  'forged-shape',
  'issue-burst',
  'revoke-burst',
])

function isOfStream({ detector, subject }: Found): boolean {
  return OF_COUNTS.has(detector) && (subject.kind === 'tenant' || subject.kind === 'service')
}

function causes(rows: readonly EventRow[], found: Found, counts: Counts): boolean {
  const { detector, from, to, subject } = found
  const inside = rows.filter(({ occurredAt }) => occurredAt >= from && occurredAt <= to)
  if (detector === 'failure-shift') return weigh(inside.filter((row) => isOfShare(row, subject.key))) >= EVENTS_OF_SHARE_MIN
  const excess = excessOf(found, counts)
  return excess > 0 && weigh(inside.filter((row) => streamsOf(row).includes(subject.key))) >= excess * SHARE_OF_EXCESS
}

function weigh(rows: readonly EventRow[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0)
}

function isOfShare({ reason, outcome }: EventRow, key: string): boolean {
  const name = reasonName(reason)
  if (outcome === OUTCOMES.none || name === undefined) return false
  return key.endsWith(` ${name}`) || key.endsWith(` ${reasonClass(name as DecisionReason)}`)
}

/** How many there were too many: of one bucket, or of the whole time for which something has drifted. */
function excessOf({ detector, tenant, subject, from, to, measured, facts }: Found, counts: Counts): number {
  const { observed, expected } = measured
  if (detector !== 'slow-drift') return observed - (expected?.value ?? 0)
  const change = facts.change?.as === 'share' ? facts.change.value : 0
  return change <= 0 ? 0 : (counts.between(tenant, subject.key, from, to) * change) / (1 + change)
}

function touches({ tokens, networks, owners }: Label, { subject }: Found): boolean {
  if (subject.kind === 'token') return tokens.includes(Number(subject.key))
  if (subject.kind === 'source') return networks.includes(subject.key.replace(/^0+/, ''))
  return subject.kind === 'owner' && owners.includes(Number(subject.key))
}
