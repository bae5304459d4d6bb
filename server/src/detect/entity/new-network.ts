import { network, number, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import { BITS_LOW, BITS_MEDIUM } from './rarity.ts'
import type { EntityStep } from './step.ts'

/** An odd place must itself say so much before other oddities count. */
const PLACE_BITS_MIN = 8
const DAY_SECONDS = 86_400

/** First use from a network or country, where the token's, its owner's and its tenant's habits make that surprising. */
export const newNetwork: EntityStep = {
  name: 'new-network',
  on: ['accepted'],
  see(moment) {
    const { odd, event, memory, token: row, second } = moment
    const bits = odd.place + odd.clientBits + odd.scopeBits
    if (odd.place < PLACE_BITS_MIN || bits < BITS_LOW) return
    const t = memory.tokens.fields
    moment.notice({
      detector: 'new-network',
      severity: bits >= BITS_MEDIUM ? 'medium' : 'low',
      subject: tokenSubject(moment),
      tell: () => ({
        facts: {
          token: token(event.tokenNo),
          network: network(moment.networkHigh, moment.networkLow),
          known: number(t.networksEver.get(row)),
          days: number(Math.max(1, Math.round((second - t.firstSeen.get(row)) / DAY_SECONDS))),
        },
        measured: { observed: 1, expected: { value: 2 ** -odd.place, low: 0, high: 1 }, score: { value: bits, unit: 'bits' } },
        features: [
          ...(odd.place > 0 ? [`${odd.isNewCountry ? 'new country' : 'new network'} (${odd.place.toFixed(1)} bits)`] : []),
          ...(odd.clientBits > 0 ? [`new client (${odd.clientBits.toFixed(1)} bits)`] : []),
          ...(odd.scopeBits > 0 ? [`new scope (${odd.scopeBits.toFixed(1)} bits)`] : []),
        ],
        unless: [
          `It would not have fired below ${BITS_LOW} bits.`,
          'It would not have fired if three other tokens of the owner, or ten of the tenant, had used this network within 30 days.',
        ],
        touches: touchesOf(moment),
      }),
    })
  },
}
