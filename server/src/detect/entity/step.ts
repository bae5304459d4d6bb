import type { CatalogueName } from './facts.ts'
import type { Happening } from './happening.ts'
import type { Moment } from './moment.ts'

/** One entity detector: what it looks at, and a pure step over an event and the records. All it remembers stands in the records. */
export interface EntityStep {
  readonly name: CatalogueName
  readonly on: readonly Happening[]
  see(moment: Moment): void
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
