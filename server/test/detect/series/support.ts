import { DECISION_REASONS, OUTCOMES, POPULATIONS, TYPES, type DecisionReason } from 'tokentrail'
import { blankEvent, type EventRow } from '../../../src/event/row.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** A Monday, 00:00 UTC. */
export const MONDAY = Date.UTC(2026, 0, 5)

/** Deterministic randomness (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A Poisson count; by the normal distribution where the mean is large. */
export function poisson(mean: number, random: () => number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss(random)))
  const end = Math.exp(-mean)
  let count = 0
  for (let product = random(); product > end; product *= random()) count++
  return count
}

export function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Busy by day, calm by night and at the weekend. */
export function busy(at: number): number {
  const [hour, day] = [(at / HOUR) % 24, Math.floor((at - MONDAY) / DAY) % 7]
  return (1 + 0.8 * Math.sin(((hour - 8) / 24) * 2 * Math.PI)) * (day >= 5 ? 0.4 : 1)
}

let seq = 0

/** A decision at a time, standing for `count` of them. */
export function decision(at: number, reason: DecisionReason, count = 1, more: Partial<EventRow> = {}): EventRow {
  const { id, class: name } = DECISION_REASONS[reason]
  return {
    ...blankEvent(),
    tenant: 1,
    writer: 1,
    seq: ++seq,
    type: TYPES['token.validated'].id,
    outcome: name === 'accepted' ? OUTCOMES.accepted : OUTCOMES.rejected,
    reason: id,
    population: POPULATIONS.attributed,
    occurredAt: at,
    count,
    service: 'billing',
    ...more,
  }
}
