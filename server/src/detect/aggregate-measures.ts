import { DECISION_REASONS, FACT_REASONS, FLAGS, OUTCOMES, POPULATIONS, TYPES } from 'tokentrail'
import type { EventRow } from '../event/row.ts'

interface Measure {
  /** As a sentence names it. */
  readonly words: string
  readonly counts: (event: EventRow) => boolean
  /** Distinct networks are counted in place of events. */
  readonly distinct?: true
  /** Also counted per service, or per route. */
  readonly folds: readonly Fold[]
  /** Which detectors speak of it. */
  readonly speaks: readonly Speaker[]
}

export type Fold = 'service' | 'route'
export type Speaker = 'volume-spike' | 'volume-drop' | 'slow-drift' | 'forged-shape' | 'issue-burst' | 'revoke-burst'

const classes = new Map<number, string>(Object.values(DECISION_REASONS).map(({ id, class: name }) => [id, name]))
const DECISIONS = new Set<number>([TYPES['token.validated'].id, TYPES['token.consumed'].id])
const { unknown, consumed } = DECISION_REASONS
const ALL = ['volume-spike', 'volume-drop', 'slow-drift'] as const
const RISES = ['volume-spike'] as const

function rejectedAs(name: string): (event: EventRow) => boolean {
  return ({ outcome, reason }) => outcome === OUTCOMES.rejected && classes.get(reason) === name
}
const invalid = rejectedAs('invalid')
const ofType = (name: keyof typeof TYPES) => {
  const { id } = TYPES[name]
  return ({ type }: EventRow): boolean => type === id
}
const issued = ofType('token.issued')
const scopesChanged = ofType('token.scopes_changed')

function isForged({ reason, shape }: EventRow): boolean {
  return reason === unknown.id && shape.startsWith('known/') && shape.endsWith('/good')
}

/** What is counted. The order is that of snapshots. */
export const MEASURES = {
  accepted: {
    words: 'accepted validations',
    counts: ({ outcome }) => outcome === OUTCOMES.accepted,
    folds: ['service', 'route'],
    speaks: ALL,
  },
  invalidKnown: {
    words: 'refused uses of known tokens',
    counts: (event) => event.population === POPULATIONS.attributed && invalid(event),
    folds: ['service'],
    speaks: ['volume-spike', 'slow-drift'],
  },
  invalidUnknown: {
    words: 'attempts with unknown credentials',
    counts: (event) => event.population === POPULATIONS.unattributed && invalid(event),
    folds: [],
    speaks: ['volume-spike', 'slow-drift'],
  },
  forbidden: {
    words: 'forbidden uses',
    counts: rejectedAs('forbidden'),
    folds: ['service', 'route'],
    speaks: ['volume-spike', 'slow-drift'],
  },
  throttled: { words: 'throttled validations', counts: rejectedAs('throttled'), folds: [], speaks: RISES },
  unavailable: {
    words: 'validations that could not be decided',
    counts: rejectedAs('unavailable'),
    folds: ['service'],
    speaks: RISES,
  },
  replays: { words: 'replays of single-use tokens', counts: ({ reason }) => reason === consumed.id, folds: [], speaks: RISES },
  issued: {
    words: 'issued tokens',
    counts: (event) => issued(event) && event.reason !== FACT_REASONS.successor.id,
    folds: [],
    speaks: ['issue-burst'],
  },
  widened: {
    words: 'widened tokens',
    counts: (event) => scopesChanged(event) && event.detail.includes('"added":["'),
    folds: [],
    speaks: ['issue-burst'],
  },
  revoked: { words: 'revoked tokens', counts: ofType('token.revoked'), folds: [], speaks: ['revoke-burst'] },
  sends: { words: 'sent messages', counts: ofType('token.sent'), folds: [], speaks: RISES },
  exports: { words: 'exported reports', counts: ofType('report.exported'), folds: [], speaks: RISES },
  forged: {
    words: 'well-formed but unknown tokens',
    counts: isForged,
    folds: [],
    speaks: ['forged-shape'],
  },
  forgingSources: {
    words: 'networks with well-formed but unknown tokens',
    counts: isForged,
    distinct: true,
    folds: [],
    speaks: [],
  },
  failingSources: { words: 'networks with refused attempts', counts: invalid, distinct: true, folds: [], speaks: RISES },
  networks: {
    words: 'networks',
    counts: ({ outcome }) => outcome === OUTCOMES.accepted,
    distinct: true,
    folds: [],
    speaks: RISES,
  },
} as const satisfies Record<string, Measure>

export type MeasureName = keyof typeof MEASURES
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly MeasureName[]

/** A measure seen through its interface, where its name does not matter. */
export function measureNamed(name: MeasureName): Measure {
  return MEASURES[name]
}

/** The measures that an event counts for; canaries are left out of all of them. */
export function measuresOf(event: EventRow): readonly MeasureName[] {
  if ((event.flags & FLAGS.canary) !== 0 || event.reason === DECISION_REASONS.canary.id) return []
  const decision = DECISIONS.has(event.type)
  return (decision ? DECISION_MEASURES : FACT_MEASURES).filter((name) => MEASURES[name].counts(event))
}

const FACT_MEASURES: readonly MeasureName[] = ['issued', 'widened', 'revoked', 'sends', 'exports']
const DECISION_MEASURES = MEASURE_NAMES.filter((name) => !FACT_MEASURES.includes(name))
