import { distinctIn } from './bits.ts'
import { duration, number, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import { wanders } from './odd.ts'
import { DAY_MS, type EntityStep } from './step.ts'

const NETWORKS_MIN = 10
const SYSTEMS_MIN = 3
/** Without a geo file a carrier's networks cannot be told from strangers', so there must be more of them. */
const NETWORKS_UNKNOWN_MIN = 25
const OVER_MAX = 2

/** A token passed around or published: more networks in a day than ever before. */
export const manyNetworks: EntityStep = {
  name: 'many-networks',
  on: ['accepted'],
  see(moment) {
    const { event, memory, token: row, odd } = moment
    // only a network that is new to the token can raise the day's number
    if (!odd.isNewNetwork || !odd.isLearned) return
    const t = memory.tokens.fields
    const networks = distinctIn(t.dayNetworks, row, 2)
    const max = t.networksMax.get(row)
    const systems = distinctIn(t.dayAsns, row, 1)
    const least = systems > 0 ? NETWORKS_MIN : NETWORKS_UNKNOWN_MIN
    if (networks < least || networks < OVER_MAX * max || (systems > 0 && systems < SYSTEMS_MIN) || wanders(moment, networks))
      return
    moment.notice({
      detector: 'many-networks',
      severity: systems > 0 ? 'high' : 'medium',
      subject: tokenSubject(moment),
      weight: networks,
      tell: () => ({
        facts: { token: token(event.tokenNo), networks: number(networks), span: duration(DAY_MS), max: number(max) },
        measured: {
          observed: networks,
          expected: { value: max, low: 0, high: Math.max(least, OVER_MAX * max) },
          score: { value: networks / Math.max(max, 1), unit: 'exact' },
        },
        features: [`${networks} networks in a day`, ...(systems > 0 ? [`of ${systems} systems`] : [])],
        unless: [
          `It would not have fired below ${least} networks, or twice the most of a day before.`,
          'It would not have fired if they all belonged to one carrier, where the geo file tells systems.',
        ],
        caveats: event.asn === 0 ? ['no geo file'] : [],
        touches: touchesOf(moment),
      }),
    })
  },
}
