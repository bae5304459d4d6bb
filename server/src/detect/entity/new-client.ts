import { text, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import { BITS_LOW } from './rarity.ts'
import type { EntityStep } from './step.ts'

const CLIENT_BITS_MIN = 8

/** Another program behind the same token. Alone it is worth a note; with a new place it is one of its signs. */
export const newClient: EntityStep = {
  name: 'new-client',
  on: ['accepted'],
  see(moment) {
    const { odd, event, memory, token: row } = moment
    if (odd.clientBits < CLIENT_BITS_MIN || odd.clientBits + odd.place < BITS_LOW) return
    const { clients } = memory.tokens.fields
    moment.notice({
      detector: 'new-client',
      severity: odd.place > 0 ? 'low' : 'info',
      subject: tokenSubject(moment),
      tell: () => ({
        facts: {
          token: token(event.tokenNo),
          clients: text([0, 1, 2, 3].flatMap((i) => memory.names.textOf(clients.get(row, i)) || []).join(', ')),
          client: text(event.client),
        },
        measured: {
          observed: 1,
          expected: { value: 2 ** -odd.clientBits, low: 0, high: 1 },
          score: { value: odd.clientBits, unit: 'bits' },
        },
        features: [`new client (${odd.clientBits.toFixed(1)} bits)`, ...(odd.place > 0 ? ['from a new place'] : [])],
        unless: [
          'It would not have fired for another version of the same client.',
          'It would not have fired if three other tokens of the owner, or ten of the tenant, had used this client within 30 days.',
        ],
        touches: touchesOf(moment),
      }),
    })
  },
}
