import { duration, number, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import type { EntityStep } from './step.ts'

const USES_MIN = 50
/** Variance of the logarithm of gaps; its root is close to the coefficient of variation. */
const SPREAD_MAX = 0.05
const GAP_MIN_MS = 1000

/** A script on a person's token. Off by default: many people's tokens are used by scripts with good reason. */
export const steadyBeat: EntityStep = {
  name: 'steady-beat',
  on: ['accepted'],
  see(moment) {
    const { event, memory, token: row } = moment
    const t = memory.tokens.fields
    const spread = Math.sqrt(t.gapVariance.get(row))
    const gap = Math.exp(t.gapMean.get(row))
    if (t.gaps.get(row) < USES_MIN || spread >= SPREAD_MAX || gap < GAP_MIN_MS) return
    if (moment.lives(event.tokenNo)?.personal !== true) return
    moment.notice({
      detector: 'steady-beat',
      severity: 'info',
      subject: tokenSubject(moment),
      weight: t.gaps.get(row),
      tell: () => ({
        facts: {
          token: token(event.tokenNo),
          uses: number(t.gaps.get(row)),
          gap: duration(Math.round(gap)),
          spread: duration(Math.round(gap * spread)),
        },
        measured: {
          observed: spread,
          expected: { value: 1, low: SPREAD_MAX, high: 10 },
          score: { value: spread, unit: 'exact' },
        },
        features: [`gaps vary by ${(100 * spread).toFixed(1)} %`],
        unless: [`It would not have fired if the gaps varied by more than ${100 * SPREAD_MAX} %.`],
        touches: touchesOf(moment),
      }),
    })
  },
}
