import { number, text, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { BITS_LOW } from './rarity.ts'
import type { EntityStep } from './step.ts'

/** Scopes that change things or give rights. */
export const PRIVILEGED = /admin|write|delete|manage|grant|owner|root|\*|export|create|update|secret|key|issue|revoke/i
const PRIVILEGE_BITS = 2
const GRANTED_SECONDS = 7 * 86_400

/** A token does what it never did; the more its scope may do, the sooner that is said. */
export const rareScope: EntityStep = {
  name: 'rare-scope',
  on: ['accepted'],
  see(moment) {
    const { odd, event, memory, token: row } = moment
    if (odd.scopeBits === 0) return
    const isPrivileged = PRIVILEGED.test(event.scope)
    const bits = odd.scopeBits + (isPrivileged ? PRIVILEGE_BITS : 0)
    if (bits < BITS_LOW || isGrantedLately(moment)) return
    moment.notice({
      detector: 'rare-scope',
      severity: isPrivileged && odd.place > 0 ? 'high' : 'low',
      subject: tokenSubject(moment),
      tell: () => ({
        facts: { scope: text(event.scope), token: token(event.tokenNo), uses: number(memory.tokens.fields.uses.get(row)) },
        measured: {
          observed: 1,
          expected: { value: 2 ** -odd.scopeBits, low: 0, high: 1 },
          score: { value: bits, unit: 'bits' },
        },
        features: [
          `new scope (${odd.scopeBits.toFixed(1)} bits)`,
          ...(isPrivileged ? ['the scope changes things or gives rights'] : []),
          ...(odd.place > 0 ? ['from a new place'] : []),
        ],
        unless: [
          'It would not have fired within 7 days of a change of the scopes.',
          `It would not have fired below ${BITS_LOW} bits.`,
        ],
        touches: touchesOf(moment),
      }),
    })
  },
}

function isGrantedLately({ memory, token: row, second, lives, event, at }: Moment): boolean {
  const changedAt = memory.tokens.fields.scopesChangedAt.get(row)
  const issuedAt = lives(event.tokenNo)?.issuedAt ?? 0
  return (changedAt > 0 && second - changedAt < GRANTED_SECONDS) || (issuedAt > 0 && at - issuedAt < GRANTED_SECONDS * 1000)
}
