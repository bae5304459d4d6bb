import { TYPES } from 'tokentrail'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { blankEvent } from '../event/row.ts'
import type { EventRow } from '../event/row.ts'

export interface FloodLimits {
  /** Unattributed events of one tenant kept in detail, per second. */
  readonly perSecond: number
  /** Events kept in detail as a sample during a flood, per tenant and second, about. */
  readonly samplesPerSecond: number
  /** A flood ends when the rate was below the limit for this long. */
  readonly quietSeconds: number
}

export const FLOOD_LIMITS: FloodLimits = { perSecond: 1000, samplesPerSecond: 50, quietSeconds: 10 }

/** A flood that begins or ends. `events` is how many it had. */
export interface FloodChange {
  readonly tenant: number
  readonly what: 'started' | 'ended'
  readonly events: number
}

/** The event that tells of it. */
export function floodEvent({ tenant, what, events }: FloodChange, at: Milliseconds): EventRow {
  return { ...blankEvent(), tenant, type: TYPES[`coalescing.${what}`].id, occurredAt: at, detail: JSON.stringify({ events }) }
}

/** Decides, event by event, how an unattributed one is kept. */
export interface FloodGate {
  /** `pressed`: the journal is nearly full, so a flood begins with the first event. */
  judge(tenant: number, seq: number, pressed: boolean): 'detail' | 'sample' | 'fold'
  /** Ends the floods that have been quiet for long enough; to be called about once a second. */
  settle(): void
  flooded(): readonly number[]
}

interface TenantFlow {
  room: number
  at: number
  flooded: boolean
  overAt: number
  events: number
  second: number
  inSecond: number
  samples: number
  /** An event is a sample when the hash of its number is below this. */
  below: number
}

const SECOND = 1_000_000
const ALL = 2 ** 32

/**
 * A gate with one token bucket per tenant. The sample is by hash of the event's number, with a share that follows the rate: it is
 * uniform within each stretch of constant share, and the group it stands for is what was folded in the same second.
 */
export function createFloodGate(o: {
  clock: Clock
  limits: FloodLimits
  key: number
  onChange: (change: FloodChange) => void
}): FloodGate {
  const { clock, limits, key, onChange } = o
  const flows = new Map<number, TenantFlow>()

  function judge(tenant: number, seq: number, pressed: boolean): 'detail' | 'sample' | 'fold' {
    const now = clock.ticks()
    const flow = flowOf(tenant, now)
    flow.room = Math.min(limits.perSecond, flow.room + ((now - flow.at) * limits.perSecond) / SECOND)
    flow.at = now
    if (flow.room >= 1 && !pressed) flow.room--
    else over(tenant, flow, now)
    if (!flow.flooded) return 'detail'
    flow.events++
    countInSecond(flow, now)
    return isSample(flow, seq) ? 'sample' : 'fold'
  }

  function flowOf(tenant: number, now: number): TenantFlow {
    const known = flows.get(tenant)
    if (known) return known
    const blank = {
      room: limits.perSecond,
      at: now,
      flooded: false,
      overAt: 0,
      events: 0,
      second: 0,
      inSecond: 0,
      samples: 0,
      below: 0,
    }
    flows.set(tenant, blank)
    return blank
  }

  function over(tenant: number, flow: TenantFlow, now: number): void {
    flow.overAt = now
    if (flow.flooded) return
    flow.flooded = true
    flow.events = flow.inSecond = flow.samples = 0
    flow.below = shareOf(limits.perSecond)
    onChange({ tenant, what: 'started', events: 0 })
  }

  function countInSecond(flow: TenantFlow, now: number): void {
    const second = Math.floor(now / SECOND)
    if (second !== flow.second) {
      if (flow.inSecond > 0) flow.below = shareOf(flow.inSecond)
      flow.second = second
      flow.inSecond = flow.samples = 0
    }
    flow.inSecond++
  }

  /** The share of a rate, as a bound of a 32-bit hash. */
  function shareOf(perSecond: number): number {
    return Math.min(ALL, (ALL * limits.samplesPerSecond) / perSecond)
  }

  /** A rate that rises within a second halves the share each time the budget is used up again. */
  function isSample(flow: TenantFlow, seq: number): boolean {
    if (hash(seq, key) >= flow.below) return false
    if (++flow.samples % (2 * limits.samplesPerSecond) === 0) flow.below /= 2
    return true
  }

  function settle(): void {
    const now = clock.ticks()
    for (const [tenant, flow] of flows) {
      if (flow.flooded && now - flow.overAt >= limits.quietSeconds * SECOND) end(tenant, flow)
      if (!flow.flooded && now - flow.at >= SECOND) flows.delete(tenant)
    }
  }

  function end(tenant: number, flow: TenantFlow): void {
    flow.flooded = false
    onChange({ tenant, what: 'ended', events: flow.events })
  }

  return { judge, settle, flooded: () => [...flows].filter(([, flow]) => flow.flooded).map(([tenant]) => tenant) }
}

/** A keyed 32-bit mix (MurmurHash3's finaliser). */
function hash(seq: number, key: number): number {
  let mixed = (seq ^ key ^ Math.floor(seq / ALL)) | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
