import type { Milliseconds } from 'tokentrail'
import type { EventRow } from '../event/row.ts'
import type { Found } from './finding.ts'

/** What detectors may know of a token's life; from records, or from the events alone where there are none. */
export interface TokenLife {
  readonly no: number
  readonly tenantNo: number
  readonly ownerNo: number
  readonly kind: number
  readonly issuedAt: Milliseconds | null
  readonly scopes: readonly string[]
  readonly predecessorNo: number | null
  readonly graceUntil: Milliseconds | null
  readonly canary: boolean
  /** A person's token, as far as is known. */
  readonly personal: boolean
}

/** Looks up what is known of a token; synchronous and bounded, `undefined` where nothing is known (yet). */
export type Lives = (tokenNo: number) => TokenLife | undefined

/**
 * One detector over events, streaming, in event time. It keeps bounded state per key, does no I/O, reads no clock, and gives the same findings
 * for the same events in the same order.
 */
export interface EventDetector {
  /** One event, in journal order; coalesced rows have `count` > 1. Pushes what it finds. */
  see(event: EventRow, found: (finding: Found) => void): void
  /** Everything up to here was seen; for what is judged when time passes. */
  pass?(watermark: Milliseconds, found: (finding: Found) => void): void
  /** Plain data that `restore` understands, for the checkpoint. */
  snapshot(): unknown
  restore(state: unknown): void
}

/** One point of an aggregate stream. */
export interface StreamPoint {
  readonly at: Milliseconds
  readonly value: number
}

/** How strange a point is. Causal: knows only the points before. */
export interface Strangeness {
  readonly expected: number
  readonly low: number
  readonly high: number
  /** −log10 p, upper and lower tail. */
  readonly up: number
  readonly down: number
  /** One-sided CUSUMs in units of the bar; ≥ 1 speaks. */
  readonly driftUp: number
  readonly driftDown: number
  readonly learning: boolean
}
