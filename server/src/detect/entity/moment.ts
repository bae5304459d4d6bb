import type { EventRow } from '../../event/row.ts'
import type { Lives } from '../detector.ts'
import type { Found, Subject } from '../finding.ts'
import type { CatalogueName } from './facts.ts'
import { hexOf } from './facts.ts'
import type { Habits } from './habit.ts'
import type { Happening } from './happening.ts'
import type { Names } from './names.ts'
import type { Tables } from './records.ts'
import type { Exposures } from './exposures.ts'
import type { Values } from './values.ts'
import type { Notice } from './voice.ts'

/** Everything remembered of tokens, sources, owners and tenants. */
export interface Memory extends Tables {
  readonly peers: Values
  readonly acts: Habits
  readonly names: Names
  readonly exposures: Exposures
  /** Until which second a tenant is being sprayed by sources of a trait. */
  readonly sprays: Map<number, number>
  /** When a tenant's first event was seen, ms. */
  readonly tenants: Map<number, number>
}

/** One event as detectors see it, before the records learn from it. The same object is filled anew for each event. */
export interface Moment {
  readonly event: EventRow
  readonly at: number
  readonly second: number
  readonly what: Happening
  readonly memory: Memory
  readonly lives: Lives
  /** Row of the token in `tokens`, or in `singles` for single-use ones; −1 = nothing is known of it. */
  readonly token: number
  /** Row in `sources`; −1 = the event names no network. */
  readonly source: number
  readonly networkHigh: number
  readonly networkLow: number
  /** Number of the client's name. */
  readonly client: number
  /** What is odd about an accepted use of a learned token. */
  readonly odd: Oddity
  notice<Name extends CatalogueName>(notice: Omit<Notice<Name>, 'event'>): void
}

/** How far an accepted use leaves a token's habits. */
export interface Oddity {
  /** The token has learnt its habits. */
  readonly isLearned: boolean
  readonly isNewNetwork: boolean
  readonly isNewCountry: boolean
  readonly isNewClient: boolean
  readonly isNewScope: boolean
  /** Bits of surprise, 0 where it is known, usual among peers, or still being learned. */
  readonly place: number
  readonly clientBits: number
  readonly scopeBits: number
}

export type FindSink = (finding: Found) => void

/** The moment while it is filled. */
export type FillableMoment = { -readonly [Key in Exclude<keyof Moment, 'odd'>]: Moment[Key] } & {
  odd: { -readonly [Key in keyof Oddity]: Oddity[Key] }
}

export const tokenSubject = ({ event }: Moment): Subject => ({ kind: 'token', key: String(event.tokenNo) })
export const sourceSubject = ({ networkHigh, networkLow }: Moment): Subject => ({
  kind: 'source',
  key: hexOf(networkHigh, networkLow),
})
export const ownerSubject = ({ event }: Moment): Subject => ({ kind: 'owner', key: String(event.ownerNo) })
export const principalSubject = ({ event }: Moment): Subject => ({ kind: 'principal', key: String(event.actorNo) })

/** What a finding about a use touches: its token, its owner, its network, as far as they are known. */
export function touchesOf(moment: Moment): readonly Subject[] {
  const { event, source } = moment
  return [
    ...(event.tokenNo ? [tokenSubject(moment)] : []),
    ...(event.ownerNo ? [ownerSubject(moment)] : []),
    ...(source >= 0 ? [sourceSubject(moment)] : []),
  ]
}
