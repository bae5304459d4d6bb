import { FLAGS, KINDS, OUTCOMES, POPULATIONS, reasonId, TYPES, type Reason, type TypeName } from 'tokentrail'
import { CATALOGUE } from '../../../src/detect/catalogue.ts'
import { createEntityDetectors, type EntityOptions } from '../../../src/detect/entity/detectors.ts'
import type { Found } from '../../../src/detect/finding.ts'
import { blankEvent, type EventRow } from '../../../src/event/row.ts'

/** A Monday, at midnight. */
export const START = Date.UTC(2026, 0, 5)
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Small tables, so that a test takes no time to make them. */
export const SMALL = { tokensMax: 2048, singlesMax: 512, sourcesMax: 1024, valuesMax: 4096, habitsMax: 2048 } as const

export type Wish = Partial<EventRow> & { readonly at: number }

/** The number of an event, as its writer counts. */
let last = 0

function row({ at, ...wish }: Wish): EventRow {
  return { ...blankEvent(), tenant: 1, writer: 7, seq: ++last, occurredAt: at, type: TYPES['token.validated'].id, ...wish }
}

/** A token accepted; by default token 1 of owner 11 at network 100 with curl. */
export function accepted(wish: Wish): EventRow {
  return row({
    outcome: OUTCOMES.accepted,
    reason: reasonId('valid'),
    population: POPULATIONS.attributed,
    kind: KINDS.access,
    tokenNo: 1,
    ownerNo: 11,
    network: 100n,
    client: 'curl',
    ...wish,
  })
}

/** A proven token refused. */
export function refused(reason: Reason, wish: Wish): EventRow {
  return accepted({ outcome: OUTCOMES.rejected, reason: reasonId(reason), ...wish })
}

/** Nobody's credential; a number makes it another one. */
export function failed(no: number, wish: Wish): EventRow {
  const fingerprint = new Uint8Array(16)
  new DataView(fingerprint.buffer).setUint32(0, Math.imul(no + 1, 0x9e3779b1))
  return row({
    outcome: OUTCOMES.rejected,
    reason: reasonId('unknown'),
    population: POPULATIONS.unattributed,
    fingerprint,
    network: 666n,
    client: 'Go',
    ...wish,
  })
}

/** Something that happened to a token, or to the trail. */
export function fact(type: TypeName, wish: Wish): EventRow {
  return row({ type: TYPES[type].id, kind: KINDS.access, population: POPULATIONS.attributed, ...wish })
}

/** An action token's acceptance. */
export function consumed(wish: Wish): EventRow {
  return accepted({ type: TYPES['token.consumed'].id, kind: KINDS.action, tokenNo: 50, ...wish })
}

/** So many uses from a time on, one each `every` ms. */
export function habit(count: number, every: number, wish: Wish): EventRow[] {
  return Array.from({ length: count }, (_, i) => accepted({ ...wish, at: wish.at + i * every }))
}

/** A learned token: hourly uses for ten days from the start; ends before day 10. */
export function learned(wish: Partial<EventRow> = {}): EventRow[] {
  return habit(240, HOUR, { at: START, ...wish })
}

/** What the entity detectors find in these events. */
export function findIn(
  events: readonly EventRow[],
  options: EntityOptions = {},
  prepare?: (detectors: ReturnType<typeof createEntityDetectors>) => void,
): Found[] {
  const detectors = createEntityDetectors({ limits: SMALL, ...options })
  prepare?.(detectors)
  const found: Found[] = []
  for (const event of events) detectors.see(event, (finding) => found.push(finding))
  return found
}

/** Names of detectors that spoke, each once. */
export function spoke(found: readonly Found[]): string[] {
  return [...new Set(found.map(({ detector }) => detector))].sort()
}

export function only(found: readonly Found[], detector: string): Found[] {
  return found.filter((finding) => finding.detector === detector)
}

/** Braces of a detector's sentence, sorted. */
export function bracesOf(detector: keyof typeof CATALOGUE): string[] {
  return [...CATALOGUE[detector].sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort()
}

export { FLAGS, KINDS }
