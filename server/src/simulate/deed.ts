import type { ActorKind, FactReason, Milliseconds, TypeName } from 'tokentrail'
import type { Beat } from './beat.ts'

/** Something else than a validation that happens in a world: a token's life, a message, an export, a loss. */
export interface Moment {
  readonly at: Milliseconds
  readonly type: TypeName
  /** Place of the token it is about. */
  readonly token?: number
  readonly reason?: FactReason
  /** Owner who acts. */
  readonly actor?: string
  readonly actorKind?: ActorKind
  /** From where it was asked, when that is known. */
  readonly ip?: string
  readonly agent?: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** A beat or a moment on its way into the journal, with the truth beside it. */
export interface Deed {
  /** When it comes to the journal. */
  readonly arrivesAt: Milliseconds
  /** Number of the attack whose doing it is, or BENIGN. */
  readonly attack: number
  readonly beat?: Beat
  readonly moment?: Moment
}

/** The attack number of everything that nobody attacks with. */
export const BENIGN = -1

/** Milliseconds between a decision and its arrival, when nothing holds it up. */
export const PROMPT_MS = 3
