import { eventId, reasonName } from 'tokentrail'
import { network, number, text, time, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import { isSingleUse } from './happening.ts'
import { isUsualPlace, knowsNetwork, wanders } from './odd.ts'
import type { EntityStep } from './step.ts'

/** Somebody still holds a revoked, superseded or expired access token. */
export const useAfterEnd: EntityStep = {
  name: 'use-after-end',
  on: ['ended'],
  see(moment) {
    const { event, memory, token: row, at } = moment
    if (isSingleUse(event)) return
    const ending = reasonName(event.reason) ?? 'ended'
    const hasHistory = row >= 0 && memory.tokens.fields.uses.get(row) > 0
    const isKnown = moment.source >= 0 && hasHistory && (knowsNetwork(moment, row) || wanders(moment) || isUsualPlace(moment))
    // what was rotated or ran out and is still called from its own place is hygiene, not an attack
    if (isKnown && ending !== 'revoked') return
    if (!hasHistory && ending !== 'revoked') return
    const isStrange = hasHistory && moment.source >= 0 && !isKnown
    const endedAt = event.sinceEndMs > 0 ? at - event.sinceEndMs : row >= 0 ? memory.tokens.fields.revokedAt.get(row) || at : at
    moment.notice({
      detector: 'use-after-end',
      severity: isStrange ? 'high' : 'low',
      subject: tokenSubject(moment),
      before: event.endedBySeq > 0 ? [eventId(event.endedByWriter, event.endedBySeq)] : [],
      tell: ({ count, severity }) => ({
        facts: {
          token: token(event.tokenNo),
          ending: text(ending),
          endedAt: time(endedAt),
          uses: number(count),
          network: network(moment.networkHigh, moment.networkLow),
        },
        features: [
          severity === 'high'
            ? 'a network from which this token never came while it lived'
            : 'no sign that it is anybody but its holder',
        ],
        unless: isStrange
          ? ['It would have been of low severity from a network that the token used while it lived.']
          : ['It would not have fired if the token had ended by rotation or expiry and the network were its usual one.'],
        caveats: hasHistory ? [] : ['learning'],
        touches: touchesOf(moment),
      }),
    })
  },
}
