import type { Milliseconds } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import { createAggregateDetector, type AggregateOptions } from './aggregate.ts'
import { createEntityDetectors, type EntityOptions } from './entity/detectors.ts'
import type { ForgottenSubject } from './entity/forget.ts'
import type { Found } from './finding.ts'
import type { KnownMark } from './known-marks.ts'
import { activate, type RuleAssignment } from './rules/rule-desk.ts'
import { createRuleDetector } from './rules/rule-detector.ts'

export interface EngineOptions extends EntityOptions, AggregateOptions {}

/** Events that will never be seen. */
export interface Missed {
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly count: number
  readonly reason: string
}

/**
 * All detectors over one order of events, in event time: the same calls give the same findings. It reads no clock and does no I/O.
 * What it gives may be given again after a restart; who keeps findings knows them by their first period.
 */
export interface Engine {
  /** Events in journal order, and when they were received. */
  take(events: readonly EventRow[], receivedAt: Milliseconds): readonly Found[]
  /** Everything received up to here was taken. */
  pass(watermark: Milliseconds): readonly Found[]
  /** A token is public since a time: from now on each use of it is found. */
  exposed(tokenNo: number, at: Milliseconds): void
  /** What was learned of a subject and its tokens is forgotten. */
  forget(subject: ForgottenSubject): void
  /** From now on these rules run; what a rule remembers is kept while its text is the same. */
  useRules(rules: readonly RuleAssignment[]): void
  /** From now on these marks widen what the aggregate detectors expect; exact ones never look at them. */
  useMarks(marks: readonly KnownMark[]): void
  /** From now on these tenants' seasons follow these zones' clocks. */
  useZones(zones: ReadonlyMap<number, string>): void
  /** Says to every tenant that events were not looked at. */
  missed(missed: Missed): readonly Found[]
  /** Plain data with views into the engine's memory: write it down before the next call. */
  snapshot(): unknown
  /** Throws a RangeError for the state of an engine with other limits. */
  restore(state: unknown): void
}

/** Tenants that are told of what was missed, at most. */
const TOLD_MAX = 1000
const MISSED_SHARE_HIGH = 10_000

export function createEngine(options: EngineOptions = {}): Engine {
  const entity = createEntityDetectors(options)
  const aggregate = createAggregateDetector(options)
  const rules = createRuleDetector()

  function take(events: readonly EventRow[], receivedAt: Milliseconds): readonly Found[] {
    const found: Found[] = []
    const add = (finding: Found): void => void found.push(finding)
    for (const event of events) {
      entity.see(event, add)
      aggregate.see(event)
      rules.see(event, add)
    }
    aggregate.pass(receivedAt, add)
    rules.pass?.(receivedAt, add)
    return found
  }

  function pass(watermark: Milliseconds): readonly Found[] {
    const found: Found[] = []
    aggregate.pass(watermark, (finding) => found.push(finding))
    rules.pass?.(watermark, (finding) => found.push(finding))
    return found
  }

  return {
    take,
    pass,
    exposed: entity.exposed,
    forget: entity.forget,
    useRules: (assignments) => rules.use(activate(assignments)),
    useMarks: aggregate.useMarks,
    useZones: aggregate.useZones,
    missed: (missed) =>
      entity
        .tenants()
        .slice(0, TOLD_MAX)
        .map((tenant) => blindness(tenant, missed)),
    snapshot: () => ({ entity: entity.snapshot(), aggregate: aggregate.snapshot(), rules: rules.snapshot() }),
    restore(state) {
      const saved = state as { readonly entity: unknown; readonly aggregate: unknown; readonly rules?: unknown }
      entity.restore(saved.entity)
      aggregate.restore(saved.aggregate)
      rules.restore(saved.rules ?? [])
    },
  }
}

function blindness(tenant: number, { from, to, count, reason }: Missed): Found {
  return {
    tenant,
    detector: 'blind',
    severity: count >= MISSED_SHARE_HIGH ? 'high' : 'medium',
    confidence: 'certain',
    subject: { kind: 'tenant', key: 'detection' },
    from,
    to,
    detectedAt: to,
    measured: { observed: count, expected: null, score: { value: 1, unit: 'exact' } },
    facts: {
      count: { as: 'number', value: count },
      since: { as: 'time', value: from },
      until: { as: 'time', value: to },
      reason: { as: 'text', value: reason },
    },
    features: [`${count} events of all tenants were not looked at`],
    unless: ['It would not have fired if detection had kept up with the journal.'],
    evidence: [],
    evidenceCount: count,
    caveats: ['incomplete'],
    touches: [],
  }
}
