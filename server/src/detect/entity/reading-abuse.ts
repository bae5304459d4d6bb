import { duration, number } from './facts.ts'
import { principalSubject, sourceSubject, type Moment } from './moment.ts'
import { networkHash } from './odd.ts'
import type { EntityStep } from './step.ts'
import type { Subject } from '../finding.ts'

const WINDOWS = [
  { no: 91, seconds: 600, refusals: 10 },
  { no: 92, seconds: 86_400, refusals: 30 },
  { no: 93, seconds: 604_800, refusals: 15 },
] as const
const OVER_MAX = 3

/** A principal reads beyond its role or limits, or somebody tries to sign in again and again. */
export const readingAbuse: EntityStep = {
  name: 'reading-abuse',
  on: ['refused reading'],
  see(moment) {
    const { event, memory, at } = moment
    const by = subjectOf(moment)
    if (!by) return
    for (const kind of WINDOWS) {
      const { count, max } = memory.acts.add(kind, event.tenant, by.no, at, { count: event.count })
      if (count < kind.refusals || count < OVER_MAX * max) continue
      return moment.notice({
        detector: 'reading-abuse',
        severity: 'medium',
        subject: by.subject,
        weight: count,
        tell: () => ({
          facts: { refusals: number(count), span: duration(kind.seconds * 1000), max: number(max) },
          measured: {
            observed: count,
            expected: { value: max, low: 0, high: Math.max(kind.refusals, OVER_MAX * max) },
            score: { value: count / kind.refusals, unit: 'exact' },
          },
          features: [`${count} refusals`],
          unless: [`It would not have fired below ${kind.refusals} refusals in this time, or three times the most before.`],
          touches: moment.source >= 0 ? [sourceSubject(moment)] : [],
        }),
      })
    }
  },
}

/** Who is refused: the principal where it is known, else the network it comes from. */
function subjectOf(moment: Moment): { readonly no: number; readonly subject: Subject } | undefined {
  if (moment.event.actorNo !== 0) return { no: moment.event.actorNo, subject: principalSubject(moment) }
  if (moment.source < 0) return undefined
  return { no: 2 ** 32 + networkHash(moment.networkHigh, moment.networkLow), subject: sourceSubject(moment) }
}
