import type { Milliseconds } from 'tokentrail'
import type { Strangeness } from './detector.ts'
import { measureNamed, type Fold, type MeasureName } from './aggregate-measures.ts'
import { DAY_MS, HOUR_MS, type HourOfWeek } from './series/hour-of-week.ts'
import { blankCounter, countValue, distinctOf, unite, type LinearCounter } from './series/linear-counter.ts'
import { createProfile, type ProfileState } from './series/profile.ts'
import { createStream, type Stream, type StreamState } from './series/stream.ts'

export const MINUTE_MS = 60_000
/** The lengths at which a count is judged; the longer ones by adding. */
export const SCALES_MS = [MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, DAY_MS] as const

const HOURS = 2
/** The hour comes last, since it teaches the profile that the others are judged by. */
const JUDGED = [0, 1, 3, HOURS] as const

/** Which count: of a measure, over the whole tenant or within one service or route. */
export interface LaneName {
  readonly measure: MeasureName
  readonly fold: Fold | 'all'
  readonly value: string
}

/** One bucket, judged. */
export interface Verdict {
  readonly lane: Lane
  readonly scale: number
  readonly at: Milliseconds
  readonly value: number
  readonly strangeness: Strangeness
  readonly late: boolean
  /** Highest bucket of this scale in the four weeks before. */
  readonly highest: number
  /** How much wider what is expected is taken, because of a mark; 1 without one. */
  readonly widened: number
}

/** One count with its profile and its streams, one per scale. */
export interface Lane {
  readonly name: LaneName
  add(at: Milliseconds, count: number, network: bigint, event: EventKey): void
  /** Ends a minute and whatever ends with it; verdicts shortest bucket first. */
  close(minute: number, into: Verdict[]): void
  /** Judges again the hours and days to which rows came after their end. */
  closeLate(into: Verdict[]): void
  readonly streams: readonly Stream[]
  /** First events of the latest hour that counted. */
  evidence(): readonly EventKey[]
  /** Expected per hour, to tell the small from the large. */
  size(at: Milliseconds): number
  /** The clock of its seasons was set forward by so many hours. */
  turn(hours: number): void
  snapshot(): LaneState
  restore(state: LaneState): void
}

export interface EventKey {
  readonly writer: number
  readonly seq: number
}

export interface LaneState {
  readonly name: LaneName
  readonly profile: ProfileState
  readonly streams: readonly StreamState[]
  readonly open: readonly (readonly [number, number, LinearCounter])[]
  readonly sums: readonly number[]
  readonly sets: readonly LinearCounter[]
  readonly hours: Float64Array
  readonly late: readonly (readonly [number, number])[]
  readonly highs: readonly Float32Array[]
  readonly evidence: readonly EventKey[]
}

/** Minutes ahead of the watermark that a lane holds: a day of clocks that run ahead. */
const OPEN_MAX = 1440
/** Hours whose counts are kept for late rows. */
const HOURS_KEPT = 48
const LATE_MAX = 48
const EVIDENCE_MAX = 20
/** Days over which the highest bucket is remembered. */
const HIGH_DAYS = 28

export function createLane(name: LaneName, hourOfWeek: HourOfWeek): Lane {
  const profile = createProfile(hourOfWeek)
  const streams = SCALES_MS.map((bucketMs) => createStream({ bucketMs, profile }))
  const distinct = measureNamed(name.measure).distinct === true
  const open = new Map<number, { count: number; readonly networks: LinearCounter }>()
  const sums = SCALES_MS.map(() => 0)
  const sets = SCALES_MS.map(blankCounter)
  const hours = new Float64Array(HOURS_KEPT)
  const late = new Map<number, number>()
  const highs = SCALES_MS.map(() => new Float32Array(HIGH_DAYS))
  let evidence: EventKey[] = []
  let [closed, evidenceHour] = [-1, -1]

  function add(at: Milliseconds, count: number, network: bigint, event: EventKey): void {
    const minute = Math.floor(at / MINUTE_MS)
    if (minute <= closed) return addLate(at, count)
    const bucket = open.get(minute) ?? { count: 0, networks: blankCounter() }
    if (bucket.count === 0) {
      if (open.size >= OPEN_MAX) return
      open.set(minute, bucket)
    }
    bucket.count += count
    if (network !== 0n) countValue(bucket.networks, network)
    noteEvidence(minute, event)
  }

  function noteEvidence(minute: number, event: EventKey): void {
    const hour = Math.floor(minute / 60)
    if (hour !== evidenceHour) [evidence, evidenceHour] = [[], hour]
    if (evidence.length < EVIDENCE_MAX) evidence.push(event)
  }

  function addLate(at: Milliseconds, count: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (distinct || Math.floor(closed / 60) - hour >= HOURS_KEPT || (late.size >= LATE_MAX && !late.has(hour))) return
    late.set(hour, (late.get(hour) ?? 0) + count)
  }

  function close(minute: number, into: Verdict[]): void {
    closed = minute
    const bucket = open.get(minute)
    open.delete(minute)
    const ended = (minute + 1) * MINUTE_MS
    for (const scale of JUDGED) {
      const bucketMs = SCALES_MS[scale]
      sums[scale] = (sums[scale] ?? 0) + (bucket?.count ?? 0)
      const set = sets[scale]
      if (bucket && set) unite(set, bucket.networks)
      if (ended % bucketMs === 0) into.push(endBucket(scale, ended - bucketMs))
    }
  }

  function endBucket(scale: number, at: Milliseconds): Verdict {
    const set = sets[scale] ?? blankCounter()
    const value = distinct ? distinctOf(set) : (sums[scale] ?? 0)
    const strangeness = streams[scale]?.judge({ at, value })
    if (!strangeness) throw new RangeError(`no scale ${scale}`)
    if (scale === HOURS) hours[Math.floor(at / HOUR_MS) % HOURS_KEPT] = value
    const highest = Math.max(0, ...(highs[scale] ?? []))
    remember(scale, at, value)
    sums[scale] = 0
    set.fill(0)
    return { lane, scale, at, value, strangeness, late: false, highest, widened: 1 }
  }

  function remember(scale: number, at: Milliseconds, value: number): void {
    const day = Math.floor(at / DAY_MS) % HIGH_DAYS
    const high = highs[scale]
    if (!high) return
    if (at % DAY_MS === 0) high[day] = 0
    high[day] = Math.max(high[day] ?? 0, value)
  }

  function closeLate(into: Verdict[]): void {
    for (const [hour, more] of late) {
      const at = hour * HOUR_MS
      const value = (hours[hour % HOURS_KEPT] ?? 0) + more
      hours[hour % HOURS_KEPT] = value
      const seen = streams[HOURS]?.look({ at, value })
      if (seen)
        into.push({
          lane,
          scale: HOURS,
          at,
          value,
          strangeness: { ...seen, down: 0, driftUp: 0, driftDown: 0 },
          late: true,
          highest: Math.max(0, ...(highs[HOURS] ?? [])),
          widened: 1,
        })
    }
    late.clear()
  }

  const lane: Lane = {
    name,
    add,
    close,
    closeLate,
    streams,
    evidence: () => evidence,
    size: (at) => profile.expect(at, HOUR_MS),
    turn: profile.turn,
    snapshot: () => ({
      name,
      profile: profile.snapshot(),
      streams: streams.map((stream) => stream.snapshot()),
      open: [...open].map(([minute, { count, networks }]) => [minute, count, networks.slice()] as const),
      sums: [...sums, closed, evidenceHour],
      sets: sets.map((set) => set.slice()),
      hours: hours.slice(),
      late: [...late],
      highs: highs.map((high) => high.slice()),
      evidence: [...evidence],
    }),
    restore(state) {
      profile.restore(state.profile)
      streams.forEach((stream, i) => {
        const kept = state.streams[i]
        if (kept) stream.restore(kept)
      })
      open.clear()
      for (const [minute, count, networks] of state.open) open.set(minute, { count, networks: networks.slice() })
      SCALES_MS.forEach((_, i) => (sums[i] = state.sums[i] ?? 0))
      ;[closed = -1, evidenceHour = -1] = state.sums.slice(SCALES_MS.length)
      sets.forEach((set, i) => set.set(state.sets[i] ?? set))
      hours.set(state.hours)
      late.clear()
      for (const [hour, more] of state.late) late.set(hour, more)
      highs.forEach((high, i) => high.set(state.highs[i] ?? high))
      evidence = [...state.evidence]
    },
  }
  return lane
}
