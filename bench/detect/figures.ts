import { shareOf } from '../../server/src/query/wilson.ts'
import { percentilesOf, round } from '../src/machine.ts'
import type { Caught, JudgedIncident, Outcome } from './run.ts'

/** A proportion with its 95 % interval, small enough to print. */
export interface Proportion {
  readonly value: number | null
  readonly of: number
  readonly low: number
  readonly high: number
}

export function proportion(numerator: number, denominator: number): Proportion {
  const share = shareOf(numerator, denominator)
  return share ? { value: round(share.value), of: denominator, low: round(share.low), high: round(share.high) } : NO_SHARE
}

const NO_SHARE: Proportion = { value: null, of: 0, low: 0, high: 1 }

/** A rate of counted things with Byar's approximation of the exact Poisson interval. */
export function rate(count: number, over: number) {
  const [low, high] = [byar(count, -1), byar(count + 1, 1)]
  return { value: round(count / over), count, low: round((count === 0 ? 0 : low) / over), high: round(high / over) }
}

const Z_95 = 1.959963984540054

function byar(count: number, sign: 1 | -1): number {
  return count === 0 ? 0 : count * (1 - 1 / (9 * count) + (sign * Z_95) / (3 * Math.sqrt(count))) ** 3
}

/** What is told of worlds with attacks. */
export function attackFigures(outcomes: readonly Outcome[]) {
  const attacks = outcomes.flatMap((outcome) => outcome.attacks)
  const incidents = outcomes.flatMap((outcome) => outcome.incidents)
  const hostile = attacks.filter(({ truth }) => truth.framed === null)
  const framed = attacks.filter(({ truth }) => truth.framed !== null)
  const forms = Map.groupBy(attacks, ({ truth }) => `${truth.scenario}, ${truth.variant}`)
  return {
    recall: { overt: recallOf(hostile, 'overt'), slow: recallOf(hostile, 'slow') },
    told: { overt: toldOf(hostile, 'overt'), slow: toldOf(hostile, 'slow') },
    provoked: proportion(framed.filter(({ provoked }) => provoked.length > 0).length, framed.length),
    precision: { incidents: precisionOf(incidents), notified: precisionOf(incidents.filter(({ notified }) => notified)) },
    afterMs: afterOf(hostile.flatMap(({ afterMs }) => afterMs ?? [])),
    scenarios: Object.fromEntries([...forms].toSorted(byName).map(([form, some]) => [form, scenarioFigures(some)])),
    detectors: detectorFigures(outcomes),
  }
}

function recallOf(attacks: readonly Caught[], variant: string): Proportion {
  const some = attacks.filter(({ truth }) => truth.variant === variant)
  return proportion(some.filter(({ afterMs }) => afterMs !== null).length, some.length)
}

function toldOf(attacks: readonly Caught[], variant: string): Proportion {
  const some = attacks.filter(({ truth }) => truth.variant === variant)
  return proportion(some.filter(({ noticed }) => noticed).length, some.length)
}

function precisionOf(incidents: readonly JudgedIncident[]): Proportion {
  return proportion(incidents.filter(({ attacks }) => attacks.size > 0).length, incidents.length)
}

function scenarioFigures(attacks: readonly Caught[]) {
  const counts = new Map<string, number>()
  for (const { detectors } of attacks) for (const name of detectors.keys()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return {
    recall: proportion(attacks.filter(({ afterMs }) => afterMs !== null).length, attacks.length),
    told: attacks.filter(({ noticed }) => noticed).length,
    afterMs: afterOf(attacks.flatMap(({ afterMs }) => afterMs ?? [])),
    by: Object.fromEntries([...counts].toSorted((a, b) => b[1] - a[1])),
  }
}

/** Time from an attack's first event to the first finding about it. */
function afterOf(times: readonly number[]): { median: number; p90: number } | null {
  if (times.length === 0) return null
  const { p50, p90 } = percentilesOf(times)
  return { median: p50, p90 }
}

/** Of each detector: how much of what it said was about an attack, how many it found, and how soon. */
function detectorFigures(outcomes: readonly Outcome[]) {
  const sums = new Map<string, { findings: number; right: number }>()
  for (const { detectors } of outcomes)
    for (const [name, { findings, right }] of detectors) {
      const sum = sums.get(name) ?? { findings: 0, right: 0 }
      sums.set(name, { findings: sum.findings + findings, right: sum.right + right })
    }
  const attacks = outcomes.flatMap((outcome) => outcome.attacks)
  return Object.fromEntries(
    [...sums].toSorted(byName).map(([name, { findings, right }]) => {
      const times = attacks.flatMap(({ detectors }) => detectors.get(name) ?? [])
      return [name, { precision: proportion(right, findings), attacks: times.length, afterMs: afterOf(times) }]
    }),
  )
}

/** What is told of worlds in which nobody attacks: everything found is noise. */
export function cleanFigures(outcomes: readonly Outcome[], tenantWeeks: number) {
  const incidents = outcomes.flatMap((outcome) => outcome.incidents)
  const notified = incidents.filter((incident) => incident.notified)
  const findings = new Map<string, number>()
  const told = new Map<string, number>()
  for (const { detectors } of outcomes) for (const [name, count] of detectors) add(findings, name, count.findings)
  for (const { detectors } of notified) for (const name of detectors) add(told, name, 1)
  return {
    tenantWeeks,
    incidentsPerTenantWeek: rate(incidents.length, tenantWeeks),
    notifiedPerTenantWeek: rate(notified.length, tenantWeeks),
    gravity: Object.fromEntries(
      [...Map.groupBy(incidents, ({ severity }) => severity)].map(([name, some]) => [name, some.length]),
    ),
    findings: Object.fromEntries([...findings].toSorted((a, b) => b[1] - a[1])),
    detectorsOfNotified: Object.fromEntries([...told].toSorted((a, b) => b[1] - a[1])),
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}
