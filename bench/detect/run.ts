import type { Milliseconds } from 'tokentrail'
import { createDocket, type Docket } from '../../server/src/detect/desk/docket.ts'
import { NOTICES_PER_WEEK } from '../../server/src/detect/desk/budget.ts'
import { foundOf } from '../../server/src/detect/desk/quiet-time.ts'
import type { Engine } from '../../server/src/detect/engine.ts'
import type { Found } from '../../server/src/detect/finding.ts'
import type { Truth } from '../../server/src/simulate/world/truth.ts'
import type { WorldBatch } from '../../server/src/simulate/world/world.ts'
import { createCounts } from './counts.ts'
import { createMatching, type Matching } from './matching.ts'

/** What finds: the engine, or a baseline in its place. */
export type Detecting = Pick<Engine, 'take' | 'pass'>

/** What was found in a world, and how it compares with the truth. */
export interface Outcome {
  readonly events: number
  readonly microsPerEvent: number
  /** Of each attack: which detectors found it after which time, the first of all, and whether somebody was told. */
  readonly attacks: readonly Caught[]
  readonly incidents: readonly JudgedIncident[]
  /** Of each detector: findings, and those that are about an attack. */
  readonly detectors: ReadonlyMap<string, { findings: number; right: number }>
}

export interface Caught {
  readonly truth: Truth
  readonly detectors: ReadonlyMap<string, Milliseconds>
  readonly afterMs: Milliseconds | null
  readonly noticed: boolean
  /** Detectors that would hurt the token that the attacker wanted to look bad. */
  readonly provoked: readonly string[]
}

export interface JudgedIncident {
  readonly tenant: number
  readonly severity: string
  readonly notified: boolean
  readonly attacks: ReadonlySet<number>
  readonly detectors: readonly string[]
}

interface Seen {
  readonly found: Found
  readonly attacks: readonly number[]
}

/** Lets a detector see a world from its first batch to its last and judges what it said from `judgedFrom` on. */
export function runWorld(
  world: { readonly judgedFrom: Milliseconds; readonly truths: readonly Truth[]; batches(): Iterable<WorldBatch> },
  detecting: Detecting,
): Outcome {
  const all: Found[] = []
  const dockets = new Map<number, Docket>()
  const counts = createCounts()
  let [events, ms] = [0, 0]
  for (const { rows, receivedAt } of world.batches()) {
    const started = performance.now()
    const found = [...detecting.take(rows, receivedAt), ...detecting.pass(receivedAt)]
    ms += performance.now() - started
    events += rows.length
    for (const row of rows) counts.add(row)
    for (const each of found) {
      if (each.detectedAt >= world.judgedFrom) all.push(each)
      docketOf(dockets, each.tenant).take(each, receivedAt)
    }
  }
  const matching = createMatching(world.truths, counts)
  const seen = all.map((found): Seen => ({ found, attacks: matching.attacksOf(found) }))
  const incidents = [...dockets.values()].flatMap((docket) => incidentsOf(docket, matching, world.judgedFrom))
  return {
    events,
    microsPerEvent: (ms * 1000) / Math.max(1, events),
    attacks: world.truths.filter(({ rows }) => rows.length > 0).map((truth) => caught(truth, seen, incidents)),
    incidents,
    detectors: byDetector(seen),
  }
}

function docketOf(dockets: Map<number, Docket>, tenantNo: number): Docket {
  const known = dockets.get(tenantNo)
  if (known) return known
  const state = { tenantNo, findings: [], incidents: [], suppressions: [], credit: null, noticesPerWeek: NOTICES_PER_WEEK }
  const opened = createDocket(state)
  dockets.set(tenantNo, opened)
  return opened
}

function incidentsOf(docket: Docket, matching: Matching, judgedFrom: Milliseconds): readonly JudgedIncident[] {
  const { incidents, findings } = docket.changes()
  const members = Map.groupBy(findings, ({ row }) => row.incidentId)
  return incidents
    .filter(({ row }) => row.firstAt >= judgedFrom)
    .map(({ row }) => ({
      tenant: row.tenantNo,
      severity: row.severity,
      notified: row.notice === 'sent',
      attacks: new Set((members.get(row.id) ?? []).flatMap((finding) => matching.attacksOf(foundOf(finding.row)))),
      detectors: Object.keys(row.detectors),
    }))
}

function caught(truth: Truth, seen: readonly Seen[], incidents: readonly JudgedIncident[]): Caught {
  const own = seen.filter(({ found, attacks }) => found.severity !== 'info' && attacks.includes(truth.attack))
  const begun = truth.rows.reduce((earliest, { occurredAt }) => Math.min(earliest, occurredAt), Infinity)
  const detectors = new Map<string, Milliseconds>()
  for (const { found } of own) {
    const after = Math.max(0, found.detectedAt - begun)
    detectors.set(found.detector, Math.min(after, detectors.get(found.detector) ?? after))
  }
  return {
    truth,
    detectors,
    afterMs: own.length === 0 ? null : Math.min(...detectors.values()),
    noticed: incidents.some(({ notified, attacks }) => notified && attacks.has(truth.attack)),
    provoked: truth.framed === null ? [] : hurting(own, truth.framed),
  }
}

const HURTS: ReadonlySet<string> = new Set([
  'leaked-token',
  'guess-then-hit',
  'canary',
  'concurrent-use',
  'many-networks',
  'impossible-travel',
])

/** Findings about the framed token after which a response may touch it. */
function hurting(own: readonly Seen[], token: number): readonly string[] {
  const about = own.filter(({ found: { subject } }) => subject.kind === 'token' && Number(subject.key) === token)
  const grave = about.filter(
    ({ found: { detector, severity } }) => HURTS.has(detector) || severity === 'high' || severity === 'critical',
  )
  return [...new Set(grave.map(({ found }) => found.detector))]
}

function byDetector(seen: readonly Seen[]): Outcome['detectors'] {
  const counts = new Map<string, { findings: number; right: number }>()
  for (const { found, attacks } of seen) {
    const count = counts.get(found.detector) ?? { findings: 0, right: 0 }
    counts.set(found.detector, { findings: count.findings + 1, right: count.right + (attacks.length > 0 ? 1 : 0) })
  }
  return counts
}
