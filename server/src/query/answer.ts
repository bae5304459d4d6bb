import type { LossReason, Milliseconds } from 'tokentrail'

/** A window `[from, to)` in UTC. */
export interface Window {
  readonly from: Milliseconds
  readonly to: Milliseconds
}

/** (stored + coalesced) ÷ (received + missing), for the class the answer rests on. */
export interface Completeness {
  /** 0…1, or null when nothing was received. */
  readonly value: number | null
  readonly received: number
  readonly missing: number
  readonly lost: Readonly<Partial<Record<LossReason, number>>>
}

/** Every question's answer: rows with what is needed to believe them. */
export interface Answer<Row> {
  readonly question: string
  readonly params: Readonly<Record<string, unknown>>
  readonly window?: Window
  /** Every event received up to here is counted. */
  readonly watermark: Milliseconds
  readonly completeness: Completeness
  readonly lateEvents: number
  readonly method: string
  readonly cost: { readonly rowsRead: number; readonly elapsedMs: number }
  readonly rows: readonly Row[]
  /** Keyset cursor of the next page. */
  readonly next?: string
}

export interface Share {
  readonly value: number
  readonly numerator: number
  readonly denominator: number
  readonly low: number
  readonly high: number
  readonly method: 'wilson-95'
}

export interface Rate {
  readonly value: number
  readonly events: number
  readonly exposure: number
  readonly unit: string
  readonly low: number
  readonly high: number
  readonly method: 'poisson-exact-95'
}
