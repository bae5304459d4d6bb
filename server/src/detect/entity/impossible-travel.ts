import { FLAGS } from 'tokentrail'
import { duration, number, text, time, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import { distanceKm } from './countries.ts'
import { isUsualPlace } from './odd.ts'
import { HOUR_MS, type EntityStep } from './step.ts'

const SPEED_MAX_KMH = 1000
const DISTANCE_MIN_KM = 500
/** Two clocks may differ by so much. */
const GAP_MIN_MS = 60_000

/** Two countries too far apart for the time between, measured from border to border, since an event names only its country. */
export const impossibleTravel: EntityStep = {
  name: 'impossible-travel',
  on: ['accepted'],
  see(moment) {
    const { event, memory, token: row, at, odd } = moment
    const t = memory.tokens.fields
    if (!odd.isNewCountry || !odd.isLearned || (event.flags & FLAGS.hostingNetwork) !== 0) return
    const gap = at - t.usedAt.get(row)
    const before = memory.names.textOf(t.lastCountry.get(row))
    if (gap < 0 || before === '') return
    const km = distanceKm(before, event.country)
    const speed = km / (Math.max(gap, GAP_MIN_MS) / HOUR_MS)
    if (km < DISTANCE_MIN_KM || speed <= SPEED_MAX_KMH || isUsualPlace(moment)) return
    moment.notice({
      detector: 'impossible-travel',
      severity: 'medium',
      subject: tokenSubject(moment),
      tell: () => ({
        facts: {
          token: token(event.tokenNo),
          place: text(before),
          first: time(t.usedAt.get(row)),
          nextPlace: text(event.country),
          gap: duration(gap),
          km: number(Math.round(km)),
          speed: number(Math.round(speed)),
        },
        confidence: 'low',
        measured: {
          observed: Math.round(speed),
          expected: { value: 0, low: 0, high: SPEED_MAX_KMH },
          score: { value: speed / SPEED_MAX_KMH, unit: 'exact' },
        },
        features: ['a country that is new to this token', 'measured between borders: nearer places are not told apart'],
        unless: [
          `It would not have fired below ${SPEED_MAX_KMH} km/h.`,
          'It would not have fired from a hosting network, or from one that other tokens of the owner use.',
        ],
        caveats: ['no geo file'],
        touches: touchesOf(moment),
      }),
    })
  },
}
