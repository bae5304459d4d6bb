import { FLAGS, type Milliseconds } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import { createLane, MINUTE_MS, SCALES_MS, type Lane, type LaneName, type LaneState, type Verdict } from './aggregate-lane.ts'
import { measureNamed, measuresOf, MEASURE_NAMES, type Fold } from './aggregate-measures.ts'
import { speak, type Spoken } from './aggregate-speak.ts'
import type { EventDetector } from './detector.ts'
import { createFailureShift, type FailureShift, type FailureShiftState } from './failure-shift.ts'
import type { Found } from './finding.ts'
import { isMarked, MARK_WIDENS, type KnownMark } from './known-marks.ts'
import { hourOfWeekIn, type HourOfWeek } from './series/hour-of-week.ts'

export interface AggregateOptions {
  /** The IANA time zone whose hours a tenant's seasons follow. */
  readonly timeZoneOf?: (tenantNo: number) => string
  /** Streams of the whole server; beyond it the smallest part is left to its whole. */
  readonly lanesMax?: number
}

export interface AggregateDetector extends EventDetector {
  see(event: EventRow): void
  pass(watermark: Milliseconds, found: (finding: Found) => void): void
  /** From now on the seasons of these tenants follow the clocks of these zones; of all others that of UTC. */
  useZones(zones: ReadonlyMap<number, string>): void
  /** From now on these marks widen what is expected. */
  useMarks(marks: readonly KnownMark[]): void
  /** How many streams there are, and how many services and routes were left to their tenant's whole. */
  state(): { readonly lanes: number; readonly folded: number }
}

/** Rows that come within this time of a bucket's end are in time. */
const GRACE_MS = 10_000
const PARTS_MAX: Readonly<Record<Fold, number>> = { service: 20, route: 50 }
/** A tenant that was silent for longer is picked up where it speaks again. */
const SILENCE_MINUTES_MAX = 60 * 1440

interface Tenant {
  readonly no: number
  readonly lanes: Map<string, Lane>
  readonly parts: Record<Fold, Set<string>>
  readonly spoken: Spoken
  readonly shift: FailureShift
  zone: string
  hourOfWeek: HourOfWeek
  next: number
}

interface TenantState {
  readonly no: number
  readonly lanes: readonly LaneState[]
  readonly parts: Readonly<Record<Fold, readonly string[]>>
  readonly spoken: readonly (readonly [string, { readonly at: Milliseconds; readonly severity: number }])[]
  readonly shift: FailureShiftState
  readonly next: number
  /** By whose clock the seasons were learned; absent from what was kept before it could be changed. */
  readonly zone?: string
}

interface State {
  readonly tenants: readonly TenantState[]
  readonly folded: number
}

/** Counts per tenant and measure, over all and within services and routes, judged per minute, five minutes, hour and day. */
export function createAggregateDetector({ timeZoneOf = () => 'UTC', lanesMax = 2000 }: AggregateOptions = {}): AggregateDetector {
  const tenants = new Map<number, Tenant>()
  const clocks = new Map<string, HourOfWeek>()
  let zoneOf = timeZoneOf
  let [lanes, folded] = [0, 0]
  let marks = new Map<number, readonly KnownMark[]>()

  function see(event: EventRow): void {
    const tenant = tenants.get(event.tenant) ?? addTenant(event.tenant, event.occurredAt)
    if (!tenant) return
    const key = { writer: event.writer, seq: event.seq }
    for (const measure of measuresOf(event)) {
      tenant.lanes.get(measure)?.add(event.occurredAt, event.count, event.network, key)
      for (const fold of measureNamed(measure).folds)
        partOf(tenant, { measure, fold, value: event[fold] })?.add(event.occurredAt, event.count, event.network, key)
    }
    if ((event.flags & FLAGS.canary) === 0) tenant.shift.see(event)
  }

  function addTenant(no: number, at: Milliseconds): Tenant | undefined {
    if (!makeRoom(MEASURE_NAMES.length)) return undefined
    const tenant = blankTenant(no, Math.floor(at / MINUTE_MS))
    for (const measure of MEASURE_NAMES) addLane(tenant, { measure, fold: 'all', value: '' })
    tenants.set(no, tenant)
    return tenant
  }

  function clockIn(zone: string): HourOfWeek {
    const clock = clocks.get(zone) ?? hourOfWeekIn(zone)
    clocks.set(zone, clock)
    return clock
  }

  function blankTenant(no: number, next: number, zone: string = zoneOf(no)): Tenant {
    const parts = { service: new Set<string>(), route: new Set<string>() }
    return {
      no,
      lanes: new Map(),
      parts,
      spoken: new Map(),
      shift: createFailureShift(no),
      zone,
      hourOfWeek: clockIn(zone),
      next,
    }
  }

  /** Nothing is learned anew: each hour that is known is known by its new name. */
  function moveTo(zone: string, tenant: Tenant): void {
    if (zone === tenant.zone) return
    const at = tenant.next * MINUTE_MS
    const before = tenant.hourOfWeek(at)
    Object.assign(tenant, { zone, hourOfWeek: clockIn(zone) })
    for (const lane of tenant.lanes.values()) lane.turn(tenant.hourOfWeek(at) - before)
  }

  function useZones(known: ReadonlyMap<number, string>): void {
    zoneOf = (no) => known.get(no) ?? 'UTC'
    for (const tenant of tenants.values()) moveTo(zoneOf(tenant.no), tenant)
  }

  function partOf(tenant: Tenant, name: LaneName & { readonly fold: Fold }): Lane | undefined {
    if (name.value === '') return undefined
    const known = tenant.lanes.get(keyOf(name))
    if (known) return known
    const parts = tenant.parts[name.fold]
    if (!parts.has(name.value) && parts.size >= PARTS_MAX[name.fold]) return undefined
    if (!makeRoom(1)) return undefined
    parts.add(name.value)
    return addLane(tenant, name)
  }

  function addLane(tenant: Tenant, name: LaneName): Lane {
    const lane = createLane(name, (at) => tenant.hourOfWeek(at))
    tenant.lanes.set(keyOf(name), lane)
    lanes++
    return lane
  }

  /** Leaves the smallest parts to their wholes until there is room; wholes are never dropped. */
  function makeRoom(wanted: number): boolean {
    if (lanes + wanted <= lanesMax) return true
    const parts = [...tenants.values()].flatMap((tenant) => [...tenant.lanes].map(([key, lane]) => ({ tenant, key, lane })))
    const small = parts
      .filter(({ lane }) => lane.name.fold !== 'all')
      .map((part) => ({ ...part, size: part.lane.size(part.tenant.next * MINUTE_MS) }))
      .sort((a, b) => a.size - b.size)
      .slice(0, Math.max(wanted, ROOM_AT_ONCE))
    if (lanes - small.length + wanted > lanesMax) return false
    for (const { tenant, key } of small) tenant.lanes.delete(key)
    lanes -= small.length
    folded += small.length
    return true
  }

  function pass(watermark: Milliseconds, found: (finding: Found) => void): void {
    const last = Math.floor((watermark - GRACE_MS) / MINUTE_MS) - 1
    for (const tenant of tenants.values()) {
      if (tenant.next > last) continue
      tenant.next = Math.max(tenant.next, last - SILENCE_MINUTES_MAX)
      hearLate(tenant, watermark, found)
      for (; tenant.next <= last; tenant.next++) endMinute(tenant, tenant.next, found)
    }
  }

  function endMinute(tenant: Tenant, minute: number, found: (finding: Found) => void): void {
    const verdicts: Verdict[] = []
    for (const lane of tenant.lanes.values()) lane.close(minute, verdicts)
    const detectedAt = (minute + 1) * MINUTE_MS + GRACE_MS
    hear(tenant, verdicts, detectedAt, found)
    tenant.shift.close(minute, found, marks.get(tenant.no) ?? [])
  }

  function hearLate(tenant: Tenant, watermark: Milliseconds, found: (finding: Found) => void): void {
    const verdicts: Verdict[] = []
    for (const lane of tenant.lanes.values()) lane.closeLate(verdicts)
    hear(tenant, verdicts, watermark, found)
  }

  function hear(tenant: Tenant, verdicts: Verdict[], detectedAt: Milliseconds, found: (finding: Found) => void): void {
    if (verdicts.length === 0) return
    const heard = verdicts.map((verdict) => ({ ...verdict, widened: widenedFor(tenant, verdict) }))
    speak({ tenant: tenant.no, lanes: tenant.lanes.size, spoken: tenant.spoken, verdicts: heard, detectedAt }, found)
  }

  function widenedFor({ no }: Tenant, { lane, scale, at }: Verdict): number {
    const { fold, value } = lane.name
    const span = { from: at, to: at + (SCALES_MS[scale] ?? 0) }
    return isMarked(marks.get(no) ?? [], span, fold === 'service' ? value : null) ? MARK_WIDENS : 1
  }

  function restore(state: unknown): void {
    const { tenants: kept, folded: before } = state as State
    tenants.clear()
    ;[lanes, folded] = [0, before]
    for (const { no, lanes: laneStates, parts, spoken, shift, next, zone } of kept) {
      const tenant = blankTenant(no, next, zone)
      for (const laneState of laneStates) addLane(tenant, laneState.name).restore(laneState)
      for (const fold of ['service', 'route'] as const) for (const value of parts[fold]) tenant.parts[fold].add(value)
      for (const [key, said] of spoken) tenant.spoken.set(key, said)
      tenant.shift.restore(shift)
      tenants.set(no, tenant)
      moveTo(zoneOf(no), tenant)
    }
  }

  return {
    see,
    pass,
    useMarks: (known) => void (marks = Map.groupBy(known, ({ tenantNo }) => tenantNo)),
    useZones,
    state: () => ({ lanes, folded }),
    snapshot: (): State => ({ tenants: [...tenants.values()].map(stateOf), folded }),
    restore,
  }
}

const ROOM_AT_ONCE = 16

function keyOf({ measure, fold, value }: LaneName): string {
  return fold === 'all' ? measure : `${measure} ${fold} ${value}`
}

function stateOf({ no, lanes, parts, spoken, shift, next, zone }: Tenant): TenantState {
  return {
    no,
    lanes: [...lanes.values()].map((lane) => lane.snapshot()),
    parts: { service: [...parts.service], route: [...parts.route] },
    spoken: [...spoken],
    shift: shift.snapshot(),
    next,
    zone,
  }
}
