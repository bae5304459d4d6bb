import type { Bound, CorrelationRule } from './rule.ts'

/** What came in and is not yet too old: one hit of one rule. */
export interface Hit {
  readonly at: number
  /** Which of the correlated rules, from 0. */
  readonly rule: number
  /** Events it stands for. */
  readonly count: number
  readonly value: string
  /** `evt_…` */
  readonly event: string
}

/** The hits of one group, oldest first, and when it last fired. Plain data. */
export interface GroupWindow {
  hits: Hit[]
  /** Events that the hits stand for. */
  count: number
  newest: number
  firedAt: number
  /** The condition held at the last hit. */
  held: boolean
}

/** Hits of one group, at most; beyond it the oldest go first and the correlation says so. */
const HITS_MAX = 10_000
/** Enough to decide, where only a number of hits is compared. */
const COUNTED_HITS_MIN = 1000

/** Before every event; a number that survives JSON. */
const NEVER = -8_640_000_000_000_000

export function newWindow(): GroupWindow {
  return { hits: [], count: 0, newest: NEVER, firedAt: NEVER, held: false }
}

/** Takes a hit in event time; what is older than the time span goes. Says whether a hit had to go before its time. */
export function takeHit(window: GroupWindow, rule: CorrelationRule, given: Hit): boolean {
  window.newest = Math.max(window.newest, given.at)
  const from = window.newest - rule.timespanMs
  if (given.at > from) {
    const hit = merged(window, rule.type, given)
    insert(window.hits, hit)
    window.count += hit.count
  }
  const fresh = window.hits.findIndex(({ at }) => at > from)
  drop(window, fresh < 0 ? window.hits.length : fresh)
  const surplus = window.hits.length - hitsMax(rule)
  drop(window, Math.max(0, surplus))
  return surplus > 0
}

function drop(window: GroupWindow, number: number): void {
  if (number === 0) return
  for (const { count } of window.hits.splice(0, number)) window.count -= count
}

function hitsMax({ type, bounds }: CorrelationRule): number {
  if (!type.endsWith('_count')) return HITS_MAX
  return Math.min(HITS_MAX, Math.max(COUNTED_HITS_MIN, ...bounds.map(({ value }) => 2 * value)))
}

/** Of hits that say the same, the newest is enough: it stays the longest. It then stands for the events of the older one too. */
function merged(window: GroupWindow, type: CorrelationRule['type'], hit: Hit): Hit {
  const place = window.hits.findLastIndex((other) => SAYS_THE_SAME[type]?.(other, hit) ?? false)
  const other = type === 'temporal_ordered' && place < window.hits.length - 1 ? undefined : window.hits[place]
  if (!other || other.at > hit.at) return hit
  window.hits.splice(place, 1)
  window.count -= other.count
  return { ...hit, count: hit.count + other.count }
}

const SAYS_THE_SAME: Partial<Record<CorrelationRule['type'], (a: Hit, b: Hit) => boolean>> = {
  value_count: (a, b) => a.value === b.value,
  temporal: (a, b) => a.rule === b.rule,
  temporal_ordered: (a, b) => a.rule === b.rule,
}

/** Late hits find their place; hits of the same time keep their order. */
function insert(hits: Hit[], hit: Hit): void {
  let place = hits.length
  while (place > 0 && (hits[place - 1]?.at ?? 0) > hit.at) place -= 1
  if (place === hits.length) hits.push(hit)
  else hits.splice(place, 0, hit)
}

/** What a correlation measures in a window, and whether it is what the rule speaks of. */
export function judge(
  { type, bounds, rules, percentile }: CorrelationRule,
  { hits, count }: GroupWindow,
): { measured: number; holds: boolean } {
  const measured = MEASURES[type](hits, { percentile, ruleCount: rules.length, count })
  return {
    measured,
    holds:
      hits.length > 0 &&
      (type === 'temporal_ordered' ? measured >= rules.length : bounds.every(({ is, value }) => HOLDS[is](measured, value))),
  }
}

type Options = { readonly percentile: number; readonly ruleCount: number; readonly count: number }

const MEASURES: Readonly<Record<CorrelationRule['type'], (hits: readonly Hit[], options: Options) => number>> = {
  event_count: (_hits, { count }) => count,
  // one hit per value, and one per rule
  value_count: (hits) => new Set(hits.map(({ value }) => value)).size,
  temporal: (hits) => new Set(hits.map(({ rule }) => rule)).size,
  temporal_ordered: longestOrder,
  value_sum: (hits) => numbersOf(hits).reduce((sum, value) => sum + value, 0),
  value_avg: (hits) => {
    const values = numbersOf(hits)
    return values.reduce((sum, value) => sum + value, 0) / values.length
  },
  value_percentile: (hits, { percentile }) => percentileOf(numbersOf(hits), percentile),
}

/** How many rules, from the first on, came in their order. */
function longestOrder(hits: readonly Hit[], { ruleCount }: Options): number {
  let next = 0
  for (const { rule } of hits) {
    if (rule === next) next += 1
    if (next === ruleCount) break
  }
  return next
}

function numbersOf(hits: readonly Hit[]): readonly number[] {
  return hits.map(({ value }) => Number(value)).filter((value) => Number.isFinite(value))
}

/** The nearest rank. */
function percentileOf(values: readonly number[], percentile: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? Number.NaN
}

const HOLDS: Readonly<Record<Bound, (measured: number, value: number) => boolean>> = {
  gt: (measured, value) => measured > value,
  gte: (measured, value) => measured >= value,
  lt: (measured, value) => measured < value,
  lte: (measured, value) => measured <= value,
  eq: (measured, value) => measured === value,
  neq: (measured, value) => measured !== value,
}
