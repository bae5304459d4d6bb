import { duration, network, number } from './facts.ts'
import { sourceSubject, type Moment } from './moment.ts'
import { SOURCE_WINDOWS } from './records.ts'
import { recentFailures } from './source.ts'
import type { EntityStep } from './step.ts'
import { poissonTail } from './tail.ts'

/** At least so many different ones, of so much of all tries, and so unlikely, −log10 p, in windows of a minute to a day. */
const BARS = [
  { distinct: 20, tail: 8 },
  { distinct: 20, tail: 8 },
  { distinct: 20, tail: 8 },
  { distinct: 30, tail: 9 },
] as const
const RATIO_MIN = 0.9
/** Distinct failing credentials per hour that any source may have without a history. */
const ORDINARY_MIN = 0.3
const OPEN_SECONDS = 86_400

/** Brute force or enumeration from one source. One bad credential repeated is a stuck client, and not this. */
export const guessing: EntityStep = {
  name: 'guessing',
  on: ['failed'],
  see(moment) {
    if (moment.source < 0) return
    for (let i = 0; i < BARS.length; i++) if (passes(moment, i)) return tell(moment, i)
  },
}

function passes({ memory, source: row }: Moment, i: number): boolean {
  const s = memory.sources.fields
  const distinct = s.distinct.get(row, i)
  const bar = BARS[i]
  if (!bar || distinct < bar.distinct || distinct < RATIO_MIN * s.attempts.get(row, i)) return false
  return poissonTail(distinct, expectedOf(s.ordinary.get(row), i)) >= bar.tail
}

function expectedOf(ordinary: number, i: number): number {
  return (Math.max(ordinary, ORDINARY_MIN) * (SOURCE_WINDOWS[i] ?? 0)) / 3600
}

function tell(moment: Moment, i: number): void {
  const { event, memory, source: row, second } = moment
  const s = memory.sources.fields
  const distinct = Math.round(s.distinct.get(row, i))
  const expected = expectedOf(s.ordinary.get(row), i)
  s.guessingUntil.set(row, second + OPEN_SECONDS)
  moment.notice({
    detector: 'guessing',
    severity: 'low',
    subject: sourceSubject(moment),
    weight: distinct,
    before: recentFailures(moment),
    tell: () => ({
      facts: {
        network: network(moment.networkHigh, moment.networkLow),
        distinct: number(distinct),
        span: duration((SOURCE_WINDOWS[i] ?? 0) * 1000),
        hits: number(s.hits.get(row, i)),
        expected: number(expected),
      },
      measured: {
        observed: distinct,
        expected: { value: expected, low: 0, high: BARS[i]?.distinct ?? 0 },
        score: { value: poissonTail(distinct, expected), unit: '-log10 p' },
      },
      features: [
        `${distinct} different credentials`,
        `${Math.round((100 * distinct) / Math.max(1, s.attempts.get(row, i)))} % of the tries were new ones`,
      ],
      unless: [
        `It would not have fired below ${BARS[i]?.distinct ?? 0} different credentials in this time.`,
        'It would not have fired if the same few credentials had been repeated (a stuck client).',
      ],
      caveats: event.count > 1 ? ['coalesced'] : [],
      touches: [],
    }),
  })
}
