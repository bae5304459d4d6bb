import { poissonTail } from './tail.ts'
import { DAY_MS } from './step.ts'
import type { HabitKind, Window } from './habit.ts'
import type { Moment } from './moment.ts'

const LEARN_MS = 7 * DAY_MS
const TAIL_MIN = 8
const OVER_MAX = 3
const PER_HOUR = 3600

/** An hour and a day of one kind of act of a principal. */
export interface BurstKinds {
  readonly hour: HabitKind
  readonly day: HabitKind
  readonly hourMin: number
  readonly dayMin: number
}

/** The window in which a principal did more than it ever did, if one is. */
export interface Burst {
  readonly window: Window
  readonly seconds: number
  readonly tail: number
}

/** Adds an act of a principal to its hour and day, and says whether that is a burst; a tenant's first week is only learned. */
export function burstOf(
  { event, memory, at }: Moment,
  kinds: BurstKinds,
  act: { readonly count: number; readonly other?: number },
): Burst | undefined {
  const isLearned = at - (memory.tenants.get(event.tenant) ?? at) >= LEARN_MS
  let burst: Burst | undefined
  for (const kind of [kinds.day, kinds.hour]) {
    const window = memory.acts.add(kind, event.tenant, event.actorNo, at, act)
    const total = window.count + window.other
    const tail = poissonTail(total, Math.max(window.mean, 0.3))
    const least = kind.seconds === PER_HOUR ? kinds.hourMin : kinds.dayMin
    if (total >= least && total >= OVER_MAX * window.max && tail >= TAIL_MIN) burst = { window, seconds: kind.seconds, tail }
  }
  return isLearned ? burst : undefined
}
