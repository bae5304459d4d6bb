import { duration, network, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { knowsNetwork } from './odd.ts'
import { DAY_MS, type EntityStep } from './step.ts'

const GAP_MIN_MS = 30 * DAY_MS
/** Standard deviations of a log-normal with p = 1e-4, and of its 99th percentile. */
const Z_RARE = 3.72
const Z_USUAL = 2.33
const SPREAD_MIN = 0.5
const GAPS_MIN = 5

/** An old forgotten token wakes up. */
export const dormantAwake: EntityStep = {
  name: 'dormant-awake',
  on: ['accepted'],
  see(moment) {
    const { memory, token: row, at } = moment
    const t = memory.tokens.fields
    if (t.usedAt.get(row) === 0) return
    const gap = at - t.usedAt.get(row)
    if (gap < GAP_MIN_MS || t.gaps.get(row) < GAPS_MIN) return
    const spread = Math.max(SPREAD_MIN, Math.sqrt(t.gapVariance.get(row)))
    const deviations = (Math.log(gap) - t.gapMean.get(row)) / spread
    // what was silent for half as long before has a quarterly or yearly habit
    if (deviations < Z_RARE || t.gapDaysMax.get(row) * DAY_MS >= gap / 2) return
    tell(moment, gap, Math.exp(t.gapMean.get(row) + Z_USUAL * spread), deviations)
  },
}

function tell(moment: Moment, gap: number, usual: number, deviations: number): void {
  const isStrange = moment.source >= 0 && !knowsNetwork(moment, moment.token)
  moment.notice({
    detector: 'dormant-awake',
    severity: isStrange ? 'medium' : 'low',
    subject: tokenSubject(moment),
    tell: () => ({
      facts: {
        token: token(moment.event.tokenNo),
        gap: duration(gap),
        usual: duration(Math.round(usual)),
        network: network(moment.networkHigh, moment.networkLow),
      },
      measured: {
        observed: gap,
        expected: { value: Math.exp(moment.memory.tokens.fields.gapMean.get(moment.token)), low: 0, high: usual },
        score: { value: (deviations * deviations) / (2 * Math.LN10), unit: '-log10 p' },
      },
      features: [
        `a gap ${deviations.toFixed(1)} deviations above its own`,
        isStrange ? 'from a network it never used' : 'from a network it used before',
      ],
      unless: [
        'It would not have fired below 30 days of silence.',
        'It would not have fired if the token had been silent for half as long before.',
      ],
      touches: touchesOf(moment),
    }),
  })
}
