import { network, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import type { EntityStep } from './step.ts'

/** A honeytoken presented, with its secret: nobody has a reason to. */
export const canary: EntityStep = {
  name: 'canary',
  on: ['canary'],
  see(moment) {
    const { event } = moment
    if (event.tokenNo === 0) return
    moment.notice({
      detector: 'canary',
      severity: 'critical',
      subject: tokenSubject(moment),
      tell: () => ({
        facts: { token: token(event.tokenNo), network: network(moment.networkHigh, moment.networkLow) },
        features: ['a token that nobody has a reason to hold'],
        unless: ['It would not have fired if this token were not marked as a canary.'],
        touches: touchesOf(moment),
      }),
    })
  },
}
