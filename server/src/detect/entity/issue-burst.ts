import { ACTORS } from 'tokentrail'
import { duration, number } from './facts.ts'
import { principalSubject, tokenSubject } from './moment.ts'
import { burstOf, type BurstKinds } from './principal-burst.ts'
import type { EntityStep } from './step.ts'

const KINDS: BurstKinds = { hour: { no: 61, seconds: 3600 }, day: { no: 62, seconds: 86_400 }, hourMin: 10, dayMin: 20 }
/** A scope that was added stands in the event's detail. */
const ADDED = /"added":\[[^\]]/

/** Persistence: a principal makes many tokens, or widens what they may do. */
export const issueBurst: EntityStep = {
  name: 'issue-burst',
  on: ['issued', 'widened'],
  see(moment) {
    const { event } = moment
    const isWidened = moment.what === 'widened'
    // single-use tokens are made in numbers by applications; that is their purpose
    if (event.actorNo === 0 || event.actorKind === ACTORS.system || event.kind > 1) return
    if (isWidened && !ADDED.test(event.detail)) return
    const burst = burstOf(moment, KINDS, isWidened ? { count: 0, other: 1 } : { count: 1 })
    if (!burst) return
    const { count, other, max, mean } = burst.window
    moment.notice({
      detector: 'issue-burst',
      severity: other > 0 ? 'high' : 'medium',
      subject: principalSubject(moment),
      weight: count + other,
      tell: () => ({
        facts: { issued: number(count), widened: number(other), span: duration(burst.seconds * 1000), max: number(max) },
        measured: {
          observed: count + other,
          expected: { value: mean, low: 0, high: 3 * max },
          score: { value: burst.tail, unit: '-log10 p' },
        },
        features: [`${count} issued`, `${other} widened`],
        unless: [
          'It would not have fired below three times the most that this principal did before.',
          'It would not have fired for an import.',
        ],
        touches: [tokenSubject(moment)],
      }),
    })
  },
}
