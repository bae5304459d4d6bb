import { TYPES } from 'tokentrail'
import { duration, number } from './facts.ts'
import { principalSubject, tokenSubject } from './moment.ts'
import { burstOf, type BurstKinds } from './principal-burst.ts'
import type { EntityStep } from './step.ts'

const KINDS: BurstKinds = { hour: { no: 71, seconds: 3600 }, day: { no: 72, seconds: 86_400 }, hourMin: 10, dayMin: 20 }

/** Mass revocation: a way to stop a business. */
export const revokeBurst: EntityStep = {
  name: 'revoke-burst',
  on: ['revoked'],
  see(moment) {
    const { event } = moment
    if (event.type !== TYPES['token.revoked'].id || event.actorNo === 0) return
    const burst = burstOf(moment, KINDS, { count: 1 })
    if (!burst) return
    const { count, max, mean } = burst.window
    moment.notice({
      detector: 'revoke-burst',
      severity: 'medium',
      subject: principalSubject(moment),
      weight: count,
      tell: () => ({
        facts: { revoked: number(count), span: duration(burst.seconds * 1000), max: number(max) },
        measured: {
          observed: count,
          expected: { value: mean, low: 0, high: 3 * max },
          score: { value: burst.tail, unit: '-log10 p' },
        },
        features: [`${count} tokens revoked by one principal`],
        unless: ['It would not have fired below three times the most that this principal revoked before.'],
        touches: [tokenSubject(moment)],
      }),
    })
  },
}
