import type { Milliseconds } from 'tokentrail'
import type { Beat } from '../beat.ts'
import type { Moment } from '../deed.ts'
import type { Errand } from '../errands.ts'
import type { Random } from '../random.ts'
import type { Story } from '../story.ts'
import type { Prey } from './prey.ts'

/** The loud form of an attack, and the one that takes its time. */
export const VARIANTS = ['overt', 'slow'] as const
export type Variant = (typeof VARIANTS)[number]

/** Where and when an attack takes place. */
export interface Stage {
  readonly story: Story
  readonly random: Random
  /** It begins then; it is over before `until`. */
  readonly from: Milliseconds
  readonly until: Milliseconds
  /** Chooses victims that no other attack has. */
  readonly prey: Prey
}

/** What the attacker does. Victims and addresses follow from the beats; lives that change are changed in the story. */
export interface Assault {
  readonly beats: readonly Beat[]
  readonly moments?: readonly Moment[]
  /** Single-use tokens that would not be there without it. */
  readonly errands?: readonly Errand[]
  /** Places of tokens whose issue is the attacker's own doing. */
  readonly lives?: readonly number[]
  /** Place of the token that the attacker wants others to believe is bad, where that is the point: nothing may then hurt it. */
  readonly framed?: number
}

/** An attack, described as an attacker would, without looking at what finds it. */
export interface Scenario {
  readonly about: string
  /** Days that the slow form takes; the overt one is over within one. */
  readonly slowDays: number
  readonly tell: Readonly<Record<Variant, (stage: Stage) => Assault>>
}
