import { DECISION_REASONS, FLAGS } from 'tokentrail'
import { duration, number } from './facts.ts'
import { sourceSubject } from './moment.ts'
import { networkHash } from './odd.ts'
import { credentialHash } from './source.ts'
import { DAY_MS, type EntityStep } from './step.ts'
import { mix } from './table.ts'
import { poissonTail } from './tail.ts'

const HOUR = { no: 31, seconds: 3600 } as const
const SOURCES = { no: 32, seconds: 3600 } as const
const ATTEMPTS_MIN = 10
const OVER_MAX = 3
const TAIL_MIN = 8
const LEARN_MS = 7 * DAY_MS

/** Right prefix and right checksum, but no such token: somebody knows the format. */
export const forgedShape: EntityStep = {
  name: 'forged-shape',
  on: ['failed'],
  see(moment) {
    const { event, memory, at } = moment
    const { tenant, shape } = event
    if (event.reason !== DECISION_REASONS.unknown.id || !shape.startsWith('known/') || !shape.endsWith('/good')) return
    // of a coalesced row only the number of its credentials is known
    const hash = (event.flags & FLAGS.coalesced) === 0 ? credentialHash(event) : mix(event.writer, event.seq)
    const act = { hash, onlyDistinct: true, count: Math.max(1, event.distinct) }
    const { count, max, mean } = memory.acts.add(HOUR, tenant, 0, at, act)
    const source = moment.source < 0 ? 0 : networkHash(moment.networkHigh, moment.networkLow)
    const { distinct } = memory.acts.add(SOURCES, tenant, 0, at, { hash: source })
    const isLearned = at - (memory.tenants.get(tenant) ?? at) >= LEARN_MS
    const tail = poissonTail(count, Math.max(mean, 0.5))
    if (!isLearned || count < ATTEMPTS_MIN || count < OVER_MAX * max || tail < TAIL_MIN) return
    moment.notice({
      detector: 'forged-shape',
      severity: 'medium',
      subject: { kind: 'tenant', key: 'forged tokens' },
      weight: count,
      tell: () => ({
        facts: {
          attempts: number(count),
          sources: number(distinct),
          span: duration(HOUR.seconds * 1000),
          expected: number(mean),
        },
        measured: {
          observed: count,
          expected: { value: mean, low: 0, high: OVER_MAX * max },
          score: { value: tail, unit: '-log10 p' },
        },
        features: ['a good checksum without a token behind it'],
        unless: [
          'It would not have fired for one such token again and again (a caller with a token that was purged).',
          'It would not have fired if the checksum were wrong, as it is of mistyped and cut tokens.',
        ],
        touches: moment.source < 0 ? [] : [sourceSubject(moment)],
      }),
    })
  },
}
