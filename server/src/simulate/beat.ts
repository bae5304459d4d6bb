import type { DecisionReason, Milliseconds } from 'tokentrail'

/** One validation as the story tells it. A plan makes rows of it, live traffic makes requests of it. */
export interface Beat {
  readonly at: Milliseconds
  /** Place of the token in the story, or NOBODY. */
  readonly token: number
  /** Place of the token that a shown text names without knowing its secret. */
  readonly claimed?: number
  readonly reason: DecisionReason
  readonly ip: string
  readonly agent: string
  readonly service: string
  readonly method: string
  readonly route: string
  readonly scope: string
  /** Which incident it belongs to; the label of an attack, kept out of the events. */
  readonly incident?: string
  /** The text that nobody knows: the same one has the same fingerprint. Without it every try is another. */
  readonly credential?: string
  /** What a single-use token is used for. */
  readonly action?: string
  /** A look that does not spend the token, as scanners of mail do. */
  readonly check?: boolean
  /** Decisions of a flood that the journal kept as one row, and how long they took. */
  readonly flood?: { readonly count: number; readonly spanMs: number }
}

/** The token of a beat that shows none that exists. */
export const NOBODY = -1
