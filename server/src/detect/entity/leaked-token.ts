import { number, time, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { networkHash, slotOf } from './odd.ts'
import { DAY_MS, type EntityStep } from './step.ts'

/** A token that was reported as leaked, used since its exposure. */
export const leakedToken: EntityStep = {
  name: 'leaked-token',
  on: ['accepted', 'won'],
  see(moment) {
    const { event, memory, at } = moment
    const exposure = memory.exposures.size > 0 ? memory.exposures.of(event.tokenNo) : undefined
    if (!exposure || at < exposure.at) return
    const isStrange = moment.what === 'accepted' && isStrangeSince(moment, exposure.at)
    exposure.uses += event.count
    if (isStrange) exposure.strangeUses += event.count
    const { uses, strangeUses, at: exposedAt } = exposure
    moment.notice({
      detector: 'leaked-token',
      severity: strangeUses > 0 ? 'critical' : 'high',
      subject: tokenSubject(moment),
      tell: () => ({
        facts: { token: token(event.tokenNo), exposedAt: time(exposedAt), uses: number(uses), strangeUses: number(strangeUses) },
        features:
          strangeUses > 0 ? ['networks that came only after the exposure'] : ['used after the exposure, from known networks'],
        unless: ['It would not have fired if the token had been ended when the leak was reported.'],
        touches: touchesOf(moment),
      }),
    })
  },
}

/** Was this network unknown to the token before it was exposed? */
function isStrangeSince({ memory, token: row, source, networkHigh, networkLow }: Moment, exposedAt: number): boolean {
  if (source < 0) return false
  const t = memory.tokens.fields
  const slot = slotOf(t.networks, row, 6, networkHash(networkHigh, networkLow))
  return slot < 0 || t.networkFirst.get(row, slot) * DAY_MS > exposedAt
}
