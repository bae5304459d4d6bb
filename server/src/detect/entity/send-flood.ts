import { duration, number, owner } from './facts.ts'
import { ownerSubject, tokenSubject } from './moment.ts'
import type { EntityStep } from './step.ts'
import { poissonTail } from './tail.ts'

const WINDOWS = [
  { no: 81, seconds: 3600, sends: 10 },
  { no: 82, seconds: 86_400, sends: 25 },
] as const
const OVER_MAX = 3
const TAIL_MIN = 8
const ORDINARY_MIN = 0.5

/** Mail bombing, and fraud with paid messages: far more sent for one owner than ever. */
export const sendFlood: EntityStep = {
  name: 'send-flood',
  on: ['sent'],
  see(moment) {
    const { event, memory, at } = moment
    if (event.ownerNo === 0) return
    for (const kind of WINDOWS) {
      const { count, max, mean } = memory.acts.add(kind, event.tenant, event.ownerNo, at, { count: event.count })
      const expected = Math.max(mean, ORDINARY_MIN)
      const tail = poissonTail(count, expected)
      if (count < kind.sends || count < OVER_MAX * max || tail < TAIL_MIN) continue
      return moment.notice({
        detector: 'send-flood',
        severity: 'medium',
        subject: ownerSubject(moment),
        weight: count,
        tell: () => ({
          facts: {
            sends: number(count),
            owner: owner(event.ownerNo),
            span: duration(kind.seconds * 1000),
            expected: number(expected),
          },
          measured: {
            observed: count,
            expected: { value: expected, low: 0, high: Math.max(kind.sends, OVER_MAX * max) },
            score: { value: tail, unit: '-log10 p' },
          },
          features: [`${count} messages for one owner`],
          unless: [`It would not have fired below ${kind.sends} messages in this time, or three times the most before.`],
          touches: [tokenSubject(moment)],
        }),
      })
    }
  },
}
