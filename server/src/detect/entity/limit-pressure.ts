import { duration, network, number, token } from './facts.ts'
import { sourceSubject, tokenSubject, touchesOf } from './moment.ts'
import { networkHash } from './odd.ts'
import { DAY_MS, type EntityStep } from './step.ts'
import { poissonTail } from './tail.ts'

const DAY = { no: 51, seconds: 86_400 } as const
const EPISODES_MIN = 5
const OVER_MAX = 2
const TAIL_MIN = 3
const LEARN_MS = 2 * DAY_MS

/** Exhaustion of limits: more episodes in a day than a token or source ever had. */
export const limitPressure: EntityStep = {
  name: 'limit-pressure',
  on: ['limited'],
  see(moment) {
    const { event, memory, at } = moment
    if (event.tokenNo === 0 && moment.source < 0) return
    const subject = event.tokenNo || networkHash(moment.networkHigh, moment.networkLow)
    const { count, other, max, mean } = memory.acts.add(DAY, event.tenant, subject, at, { other: event.spanMs })
    const isLearned = at - (memory.tenants.get(event.tenant) ?? at) >= LEARN_MS
    const tail = poissonTail(count, Math.max(mean, 0.5))
    if (!isLearned || count < EPISODES_MIN || count < OVER_MAX * max || tail < TAIL_MIN) return
    moment.notice({
      detector: 'limit-pressure',
      severity: 'low',
      subject: event.tokenNo ? tokenSubject(moment) : sourceSubject(moment),
      weight: count,
      tell: () => ({
        facts: {
          token: event.tokenNo ? token(event.tokenNo) : network(moment.networkHigh, moment.networkLow),
          episodes: number(count),
          lasting: duration(other),
        },
        measured: {
          observed: count,
          expected: { value: mean, low: 0, high: OVER_MAX * max },
          score: { value: tail, unit: '-log10 p' },
        },
        features: [`the limit ${event.limit}`],
        unless: [`It would not have fired below ${EPISODES_MIN} episodes a day, or twice the most before.`],
        touches: touchesOf(moment),
      }),
    })
  },
}
