import type { Milliseconds } from 'tokentrail'
import type { Place } from './problem.ts'
import type { WildText } from './wild-text.ts'

/** What a rule says of itself (Sigma 2.1), with our `version` and defaults. */
export interface RuleAbout {
  readonly id: string
  readonly title: string
  /** Short name that correlations and filters may refer to. */
  readonly name: string | null
  readonly status: Status
  readonly level: Level
  readonly description: string
  readonly author: string
  readonly license: string
  readonly date: string
  readonly modified: string
  readonly references: readonly string[]
  readonly tags: readonly string[]
  readonly fields: readonly string[]
  readonly falsepositives: readonly string[]
  readonly related: readonly { readonly id: string; readonly type: string }[]
  readonly version: number
  readonly at: Place
}

export const STATUSES = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const
export type Status = (typeof STATUSES)[number]
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const
export type Level = (typeof LEVELS)[number]

/** Which log a rule speaks of. */
export interface Logsource {
  readonly product: string | null
  readonly service: string | null
  readonly category: string | null
  readonly at: Place
}

/** One comparison of a field, or of the whole event where `field` is null, before it is bound to the event model. */
export interface Comparison {
  readonly field: string | null
  readonly match: Match
  /** A part of a time is compared, not the time. */
  readonly part: TimePart | null
  readonly at: Place
  /** `field|contains` as it stands in the rule. */
  readonly construct: string
}

export const TIME_PARTS = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type TimePart = (typeof TIME_PARTS)[number]

/** What a value must be like. */
export type Match =
  | { readonly is: 'text'; readonly text: WildText; readonly cased: boolean }
  | { readonly is: 'number'; readonly value: number; readonly text: string }
  | { readonly is: 'order'; readonly than: Order; readonly value: number }
  | { readonly is: 'regex'; readonly regex: { readonly re2: string; test(text: string): boolean } }
  | { readonly is: 'cidr'; readonly low: string; readonly high: string }
  /** One of several names, for our own conditions. */
  | { readonly is: 'names'; readonly names: ReadonlySet<string> }
  | { readonly is: 'absent' }
  | { readonly is: 'present' }
  | {
      readonly is: 'field'
      readonly other: string
      readonly how: 'equals' | 'contains' | 'startswith' | 'endswith'
      readonly cased: boolean
    }

export type Order = 'lt' | 'lte' | 'gt' | 'gte'

/** A condition over leaves. */
export type Logic<Leaf> =
  | { readonly all: readonly Logic<Leaf>[] }
  | { readonly any: readonly Logic<Leaf>[] }
  | { readonly not: Logic<Leaf> }
  | { readonly leaf: Leaf }

export interface DetectionRule {
  readonly kind: 'detection'
  readonly about: RuleAbout
  readonly logsource: Logsource
  readonly detection: Logic<Comparison>
  readonly tests: readonly RuleTest[]
}

export const CORRELATION_TYPES = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
] as const
export type CorrelationType = (typeof CORRELATION_TYPES)[number]

export const BOUNDS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const
export type Bound = (typeof BOUNDS)[number]

export interface CorrelationRule {
  readonly kind: 'correlation'
  readonly about: RuleAbout
  readonly type: CorrelationType
  /** Ids or names of rules, in order. */
  readonly rules: readonly string[]
  readonly groupBy: readonly string[]
  readonly timespanMs: Milliseconds
  /** Field of each rule that a group-by name stands for. */
  readonly aliases: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** All must hold; empty for temporal ones, which then need every rule. */
  readonly bounds: readonly { readonly is: Bound; readonly value: number }[]
  readonly valueField: string | null
  readonly percentile: number
  /** The rules it refers to also find on their own. */
  readonly generate: boolean
  readonly tests: readonly RuleTest[]
}

/** A filter document: its condition is added to the rules it names. */
export interface FilterRule {
  readonly kind: 'filter'
  readonly about: RuleAbout
  readonly logsource: Logsource
  /** Ids or names; empty stands for every rule of the same log source. */
  readonly rules: readonly string[]
  readonly detection: Logic<Comparison>
  readonly tests: readonly RuleTest[]
}

export type Rule = DetectionRule | CorrelationRule | FilterRule

/** Events, and whether the rule fires on them. */
export interface RuleTest {
  readonly name: string
  readonly fires: boolean
  readonly events: readonly Readonly<Record<string, unknown>>[]
  readonly at: Place
}
