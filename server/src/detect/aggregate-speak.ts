import type { Milliseconds } from 'tokentrail'
import { foundOf, subjectOf } from './aggregate-findings.ts'
import { SCALES_MS, type Verdict } from './aggregate-lane.ts'
import { measureNamed, type Speaker } from './aggregate-measures.ts'
import { SEVERITIES, type Found } from './finding.ts'
import { discoveryThreshold } from './series/benjamini-hochberg.ts'

/** False findings per tenant and week that all streams together may cost. */
const BUDGET = 1
const WEEK_MS = 7 * 86_400_000
const DISCOVERY_RATE = 0.05
/** However few streams there are, nothing under this speaks; while learning, nothing under one more. */
const BAR_MIN = 4
const LEARNING_EXTRA = 1
const HOUR_MS = 3_600_000

interface Rule {
  readonly side: 'up' | 'down' | 'drift'
  /** Strange is not enough: so large must the effect be. */
  readonly matters: (verdict: Verdict) => boolean
  /** How long it stays silent about the same stream, unless it becomes more severe. */
  readonly quietMs: Milliseconds
}

const burst = ({ value, highest }: Verdict): boolean => value >= 10 && value > highest
const RULES: Readonly<Record<Speaker, Rule>> = {
  'volume-spike': { side: 'up', matters: spiked, quietMs: HOUR_MS },
  'volume-drop': {
    side: 'down',
    // the first weekend looks like a drop to who has seen no other
    matters: ({ value, strangeness }) => strangeness.expected >= 10 && value <= strangeness.expected / 2 && !strangeness.learning,
    quietMs: HOUR_MS,
  },
  'slow-drift': { side: 'drift', matters: drifted, quietMs: 72 * HOUR_MS },
  'forged-shape': { side: 'up', matters: ({ value }) => value >= 20, quietMs: HOUR_MS },
  'issue-burst': { side: 'up', matters: burst, quietMs: HOUR_MS },
  'revoke-burst': { side: 'up', matters: burst, quietMs: HOUR_MS },
}

/** A few more good calls are no spike; a few more refusals may be. */
const SPIKE_MIN = { accepted: 30, others: 10 } as const

function spiked({ lane, value, strangeness }: Verdict): boolean {
  const least = lane.name.measure === 'accepted' ? SPIKE_MIN.accepted : SPIKE_MIN.others
  return value >= least + 1.5 * strangeness.expected
}

/** Fewer events than these, over the whole run, are no drift worth a look. */
const DRIFT_EXCESS_MIN = 50
const DRIFT_CHANGE_MIN = 0.1

/** Drift is of tenants and services: a route has too few calls a day to say so. Of refusals only more is news. */
function drifted({ lane, scale, strangeness, widened }: Verdict): boolean {
  const side = strangeness.driftUp >= strangeness.driftDown ? 'up' : 'down'
  const run = lane.streams[scale]?.run(side)
  if (!run || strangeness.learning || lane.name.fold === 'route') return false
  if (side === 'down' && lane.name.measure !== 'accepted') return false
  return Math.abs(run.change) >= DRIFT_CHANGE_MIN * widened && Math.abs(run.excess) >= DRIFT_EXCESS_MIN
}

/** When each detector last spoke of each stream, and how severely. */
export type Spoken = Map<string, { readonly at: Milliseconds; readonly severity: number }>

export interface Hearing {
  readonly tenant: number
  readonly lanes: number
  readonly spoken: Spoken
  /** Verdicts of buckets that ended together, of one tenant. */
  readonly verdicts: readonly Verdict[]
  readonly detectedAt: Milliseconds
}

/** Decides which verdicts of one moment are findings: bar by budget, Benjamini–Hochberg over the streams, effect, and one voice per measure. */
export function speak({ tenant, lanes, spoken, verdicts, detectedAt }: Hearing, found: (finding: Found) => void): void {
  for (const scale of SCALES_MS.keys()) {
    const together = verdicts.filter((verdict) => verdict.scale === scale)
    if (together.length === 0) continue
    const bar = barOf(scale, lanes)
    for (const { detector, verdict } of strongest(together, bar, lanes)) {
      const told = {
        tenant,
        detector,
        verdict,
        detectedAt,
        speaks: speaker(detector, verdict, bar),
        beside: besideIn(together),
        most: mostIn(together, verdict),
      }
      const finding = foundOf(told)
      if (RULES[detector].side === 'drift') verdict.lane.streams[scale]?.driftSpoken()
      if (isNews(spoken, finding, verdict, RULES[detector].quietMs)) found(finding)
    }
  }
}

/** α per test is the budget over twice the tests of a week, shared by the scales. */
function barOf(scale: number, lanes: number): number {
  const tests = lanes * (WEEK_MS / (SCALES_MS[scale] ?? 1)) * SCALES_MS.length
  return Math.max(BAR_MIN, -Math.log10(BUDGET / (2 * tests)))
}

/** Whether another count in place of the one seen would have been spoken of. */
function speaker(detector: Speaker, verdict: Verdict, bar: number): (count: number) => boolean {
  const { side, matters } = RULES[detector]
  const { lane, scale, at } = verdict
  return (value) => {
    const strangeness = lane.streams[scale]?.look({ at, value })
    return (
      strangeness !== undefined &&
      passes({ ...verdict, value, strangeness }, side, bar, 0) &&
      matters({ ...verdict, value, strangeness })
    )
  }
}

interface Choice {
  readonly detector: Speaker
  readonly verdict: Verdict
}

/** Per detector and measure the stream of the whole tenant where it speaks, else the strongest part. */
function strongest(verdicts: readonly Verdict[], bar: number, tests: number): Iterable<Choice> {
  const chosen = new Map<string, Choice>()
  const thresholds = { up: threshold(verdicts, 'up', tests), down: threshold(verdicts, 'down', tests), drift: 0 }
  for (const verdict of verdicts) {
    const { measure, fold } = verdict.lane.name
    for (const detector of measureNamed(measure).speaks) {
      const { side, matters } = RULES[detector]
      if (!passes(verdict, side, bar, thresholds[side]) || !matters(verdict)) continue
      const key = `${detector} ${measure}`
      const rival = chosen.get(key)
      if (!rival || (rival.verdict.lane.name.fold !== 'all' && (fold === 'all' || isStronger(verdict, rival.verdict, side))))
        chosen.set(key, { detector, verdict })
    }
  }
  return chosen.values()
}

function isStronger(one: Verdict, other: Verdict, side: Rule['side']): boolean {
  return scoreOf(one, side) > scoreOf(other, side)
}

function scoreOf({ strangeness }: Verdict, side: Rule['side']): number {
  return side === 'drift' ? Math.max(strangeness.driftUp, strangeness.driftDown) : strangeness[side]
}

function passes(verdict: Verdict, side: Rule['side'], bar: number, threshold: number): boolean {
  const score = scoreOf(verdict, side)
  if (side !== 'drift' && isExplained(verdict)) return false
  if (side === 'drift') return score >= 1
  return score >= bar + (verdict.strangeness.learning ? LEARNING_EXTRA : 0) && score >= threshold
}

/** Does a mark explain the count: is it within the interval that the mark widens? */
function isExplained({ widened, value, strangeness: { expected, low, high } }: Verdict): boolean {
  return widened > 1 && value <= expected + widened * (high - expected) && value >= expected - widened * (expected - low)
}

/** The lowest strangeness that stands at the discovery rate. */
function threshold(verdicts: readonly Verdict[], side: 'up' | 'down', tests: number): number {
  const small = verdicts.filter(({ strangeness }) => strangeness[side] > 1).map(({ strangeness }) => 10 ** -strangeness[side])
  const p = discoveryThreshold(small, DISCOVERY_RATE, tests)
  return p > 0 ? -Math.log10(p) - 1e-9 : Infinity
}

function besideIn(verdicts: readonly Verdict[]): (name: 'widened' | 'issued' | 'sources') => number {
  return (name) => {
    const measure = name === 'sources' ? 'forgingSources' : name
    return verdicts.find(({ lane }) => lane.name.measure === measure && lane.name.fold === 'all')?.value ?? 0
  }
}

/** Which service carries most of a measure that is strange over the whole tenant. */
function mostIn(
  verdicts: readonly Verdict[],
  { lane, value }: Verdict,
): { readonly name: string; readonly share: number } | null {
  const { measure, fold } = lane.name
  if (fold !== 'all' || value === 0) return null
  const parts = verdicts.filter((other) => other.lane.name.measure === measure && other.lane.name.fold === 'service')
  const top = parts.reduce<Verdict | null>((best, part) => (best && best.value >= part.value ? best : part), null)
  return top && top.value > 0 ? { name: top.lane.name.value, share: Math.min(1, top.value / value) } : null
}

/** Not what was just said of the same stream, or of the whole that a part belongs to. */
function isNews(spoken: Spoken, finding: Found, { lane }: Verdict, quietMs: Milliseconds): boolean {
  const key = `${finding.detector} ${subjectOf(lane).key}`
  const severity = SEVERITIES.indexOf(finding.severity)
  for (const said of [key, `${finding.detector} ${lane.name.measure}`]) {
    const before = spoken.get(said)
    if (before && (before.at >= finding.from || finding.to - before.at < quietMs) && severity <= before.severity) return false
  }
  spoken.set(key, { at: finding.to, severity })
  return true
}
