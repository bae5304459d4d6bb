import { eventId, OUTCOMES, POPULATIONS, reasonName, TYPES, type Milliseconds } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import type { EventKey } from './aggregate-lane.ts'
import type { Found } from './finding.ts'
import { isMarked, MARK_WIDENS, type KnownMark } from './known-marks.ts'
import { shareStrangeness } from './series/beta-binomial.ts'
import { zOfStrangeness } from './series/normal.ts'

/** Watches the share of each reason among the decisions about known tokens. */
export interface FailureShift {
  see(event: EventRow): void
  /** Ends a minute; every fifth ends a bucket. */
  close(minute: number, found: (finding: Found) => void, marks?: readonly KnownMark[]): void
  snapshot(): FailureShiftState
  restore(state: FailureShiftState): void
}

export interface FailureShiftState {
  readonly tries: number
  readonly bucketsSeen: number
  readonly closed: number
  readonly open: readonly (readonly [number, OpenBucket])[]
  readonly reasons: readonly (readonly [number, ReasonState])[]
}

interface OpenBucket {
  tries: number
  readonly hits: Record<number, number>
  /** Hits by reason and service. */
  readonly services: Record<string, number>
  readonly evidence: Record<number, EventKey[]>
}

interface ReasonState {
  /** Decayed hits and tries: the baseline. */
  hits: number
  tries: number
  /** Decayed excess of variance, and what it is measured against: their quotient is the spread of the share. */
  excess: number
  square: number
  seen: number
  sum: number
  since: Milliseconds
  runHits: number
  runTries: number
  runBuckets: number
  strangeFor: number
  spokenAt: Milliseconds
}

const BUCKET_MINUTES = 5
const MINUTE_MS = 60_000
const BUCKET_MS = BUCKET_MINUTES * MINUTE_MS
const DAY_MS = 86_400_000
const KEPT = 2 ** (-BUCKET_MS / (3 * DAY_MS))
const SLACK = 0.5
const Z_MAX = 4
/** Two buckets of the strangest kind reach it, one does not. */
const BAR = 7
const HITS_MIN = 20
/** The run as a whole must be this strange, −log10 p: many buckets that are each a little strange are no shift. */
const SCORE_MIN = 3
/** So far above its baseline must a share be: twice, and five points. */
const POINTS_MIN = 0.05
const QUIET_MS = DAY_MS
const BLANK_BUCKETS = (3 * DAY_MS) / BUCKET_MS
const GROWN_BUCKETS = (14 * DAY_MS) / BUCKET_MS
/** A share that stays strange for a day is taught in full: it is how things are now. */
const STRANGE_BUCKETS_MAX = DAY_MS / BUCKET_MS
const OPEN_MAX = 288
const PARTS_MAX = 512
const EVIDENCE_MAX = 20
const SPREAD_PRIOR = { value: 0.01, weight: 50 }
const STRANGE_Z = 3
const NEVER = -1e15

export function createFailureShift(tenant: number): FailureShift {
  const open = new Map<number, OpenBucket>()
  const reasons = new Map<number, ReasonState>()
  let [tries, bucketsSeen, closed] = [0, 0, -1]

  function see(event: EventRow): void {
    if (event.type !== TYPES['token.validated'].id && event.type !== TYPES['token.consumed'].id) return
    if (event.population !== POPULATIONS.attributed && event.population !== POPULATIONS.fault) return
    const bucket = bucketOf(Math.floor(event.occurredAt / BUCKET_MS))
    if (!bucket) return
    bucket.tries += event.count
    if (event.outcome === OUTCOMES.rejected) addHit(bucket, event)
  }

  function bucketOf(no: number): OpenBucket | undefined {
    const known = open.get(no)
    if (known || no <= closed || open.size >= OPEN_MAX) return known
    const bucket: OpenBucket = { tries: 0, hits: {}, services: {}, evidence: {} }
    open.set(no, bucket)
    return bucket
  }

  function close(minute: number, found: (finding: Found) => void, marks: readonly KnownMark[] = []): void {
    if ((minute + 1) % BUCKET_MINUTES !== 0) return
    closed = Math.floor(minute / BUCKET_MINUTES)
    const bucket = open.get(closed)
    open.delete(closed)
    if (!bucket || bucket.tries === 0) return
    for (const reason of Object.keys(bucket.hits).map(Number)) if (!reasons.has(reason)) reasons.set(reason, blankReason(tries))
    for (const [reason, state] of reasons) judge(reason, state, bucket, { at: closed * BUCKET_MS, marks }, found)
    tries = tries * KEPT + bucket.tries
    bucketsSeen++
  }

  function judge(
    reason: number,
    state: ReasonState,
    bucket: OpenBucket,
    { at, marks }: { readonly at: Milliseconds; readonly marks: readonly KnownMark[] },
    found: (finding: Found) => void,
  ): void {
    const widened = isMarked(marks, { from: state.sum === 0 ? at : state.since, to: at + BUCKET_MS }, null) ? MARK_WIDENS : 1
    const hits = bucket.hits[reason] ?? 0
    const before = shareOf(state)
    const z = zOf(hits, bucket.tries, before, spreadOf(state))
    if (state.sum === 0) [state.since, state.runHits, state.runTries, state.runBuckets] = [at, 0, 0, 0]
    state.sum = Math.max(0, state.sum + z - SLACK)
    state.runHits += hits
    state.runTries += bucket.tries
    state.runBuckets++
    const now = state.runHits / state.runTries
    if (state.sum >= BAR && matters(state, now, before, widened)) {
      const score = shareStrangeness(state.runHits, state.runTries, before, spreadOf(state))
      if (score >= SCORE_MIN) tell(reason, state, bucket, { at, now, before, score }, found)
    }
    teach(state, hits, bucket.tries, before, z)
  }

  function matters(state: ReasonState, now: number, before: number, widened: number): boolean {
    // calm hours raise the share of what never rests: its count must have risen as well
    if (state.runHits / state.runBuckets < 2 * (state.hits / Math.max(1, state.seen))) return false
    return (
      bucketsSeen >= BLANK_BUCKETS &&
      state.runHits >= HITS_MIN &&
      now >= Math.max((1 + widened) * before, before + widened * POINTS_MIN)
    )
  }

  function tell(
    reason: number,
    state: ReasonState,
    bucket: OpenBucket,
    { at, now, before, score }: { at: Milliseconds; now: number; before: number; score: number },
    found: (finding: Found) => void,
  ): void {
    const { since, runHits, runTries, spokenAt } = state
    state.sum = 0
    if (at - spokenAt < QUIET_MS) return
    state.spokenAt = at
    const name = reasonName(reason) ?? `reason ${reason}`
    const { service, part } = mostOf(bucket, reason)
    const to = at + BUCKET_MS
    found({
      tenant,
      detector: 'failure-shift',
      severity: 'medium',
      confidence: bucketsSeen < GROWN_BUCKETS ? 'low' : 'high',
      subject: { kind: 'tenant', key: `share of ${name}` },
      from: since,
      to,
      detectedAt: to + 10_000,
      measured: {
        observed: runHits,
        expected: { value: before * runTries, low: 0, high: Math.ceil(Math.max(2 * before, before + POINTS_MIN) * runTries) },
        score: { value: score, unit: '-log10 p' },
      },
      facts: {
        reason: { as: 'text', value: name },
        before: { as: 'share', value: before },
        now: { as: 'share', value: now },
        since: { as: 'time', value: since },
        service: { as: 'text', value: service },
        part: { as: 'share', value: part },
      },
      features: [`share of ${name}: ${percent(before)} before, ${percent(now)} now`, `${service} carries ${percent(part)}`],
      unless: [`It would not have fired if the share had stayed under ${percent(Math.max(2 * before, before + POINTS_MIN))}.`],
      evidence: (bucket.evidence[reason] ?? []).map(({ writer, seq }) => eventId(writer, seq)),
      evidenceCount: runHits,
      caveats: bucketsSeen < GROWN_BUCKETS ? ['learning'] : [],
      touches: [{ kind: 'service', key: service }],
    })
  }

  return {
    see,
    close,
    snapshot: () => ({
      tries,
      bucketsSeen,
      closed,
      open: structuredClone([...open]),
      reasons: structuredClone([...reasons]),
    }),
    restore(state) {
      ;({ tries, bucketsSeen, closed } = state)
      open.clear()
      reasons.clear()
      for (const [no, bucket] of structuredClone(state.open)) open.set(no, bucket)
      for (const [reason, kept] of structuredClone(state.reasons)) reasons.set(reason, kept)
    },
  }
}

function blankReason(tries: number): ReasonState {
  return {
    hits: 0,
    tries,
    excess: 0,
    square: 0,
    sum: 0,
    since: 0,
    runHits: 0,
    runTries: 0,
    runBuckets: 0,
    strangeFor: 0,
    spokenAt: NEVER,
    seen: 0,
  }
}

function addHit(bucket: OpenBucket, { reason, service, count, writer, seq }: EventRow): void {
  bucket.hits[reason] = (bucket.hits[reason] ?? 0) + count
  const part = `${reason} ${service}`
  if (part in bucket.services || Object.keys(bucket.services).length < PARTS_MAX)
    bucket.services[part] = (bucket.services[part] ?? 0) + count
  const evidence = (bucket.evidence[reason] ??= [])
  if (evidence.length < EVIDENCE_MAX) evidence.push({ writer, seq })
}

/** Half a hit more than was seen, so that a reason that never came is rare and not impossible. */
function shareOf({ hits, tries }: ReasonState): number {
  return (hits + 0.5) / (tries + 1)
}

function spreadOf({ excess, square, seen }: ReasonState): number {
  const { value, weight } = SPREAD_PRIOR
  if (square <= 0) return value
  const prior = (weight * square) / seen
  return Math.min(0.5, Math.max(1e-4, (excess + value * prior) / (square + prior)))
}

function zOf(hits: number, tries: number, share: number, spread: number): number {
  if (hits <= tries * share) return -SLACK
  return Math.min(Z_MAX, Math.max(0, zOfStrangeness(shareStrangeness(hits, tries, share, spread))))
}

function teach(state: ReasonState, hits: number, tries: number, share: number, z: number): void {
  state.strangeFor = z >= STRANGE_Z ? state.strangeFor + 1 : 0
  const weight = z >= STRANGE_Z && state.strangeFor < STRANGE_BUCKETS_MAX ? 0.1 : 1
  const binomial = tries * share * (1 - share)
  state.hits = state.hits * KEPT + hits * weight
  state.tries = state.tries * KEPT + tries * weight
  state.excess = state.excess * KEPT + ((hits - tries * share) ** 2 - binomial) * weight
  state.seen = state.seen * KEPT + weight
  state.square = state.square * KEPT + binomial * Math.max(0, tries - 1) * weight
}

function mostOf(bucket: OpenBucket, reason: number): { readonly service: string; readonly part: number } {
  const prefix = `${reason} `
  const parts = Object.entries(bucket.services).filter(([key]) => key.startsWith(prefix))
  const [key, count] = parts.reduce((best, part) => (part[1] > best[1] ? part : best), [prefix, 0])
  return { service: key.slice(prefix.length) || 'no named service', part: count / Math.max(1, bucket.hits[reason] ?? 0) }
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}
