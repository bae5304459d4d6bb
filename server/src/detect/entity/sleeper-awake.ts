import { FLAGS } from 'tokentrail'
import { duration, network, token } from './facts.ts'
import { touchesOf, tokenSubject } from './moment.ts'
import { isUsualPlace, networkHash } from './odd.ts'
import { DAY_MS, type EntityStep } from './step.ts'

/** So long must the tenant have been watched, and so long has the token slept at least. */
const WATCHED_MS = 28 * DAY_MS

/** A token that was issued before the watch began, never used since, comes to life where no other token is used. */
export const sleeperAwake: EntityStep = {
  name: 'sleeper-awake',
  on: ['accepted'],
  see(moment) {
    const { memory, token: row, at, event, source } = moment
    const t = memory.tokens.fields
    const isFirstUse = t.usedAt.get(row) === 0 && t.scopesChangedAt.get(row) === 0
    if (!isFirstUse || source < 0 || (event.flags & FLAGS.observed) !== 0) return
    const gap = at - (memory.tenants.get(event.tenant) ?? at)
    const value = networkHash(moment.networkHigh, moment.networkLow)
    const beside = memory.peers.ask({ tenant: event.tenant, owner: 0 }, 'network', value, event.tokenNo >>> 0, at)
    if (gap < WATCHED_MS || beside.tokens > 0 || isUsualPlace(moment)) return
    moment.notice({
      detector: 'sleeper-awake',
      severity: 'medium',
      subject: tokenSubject(moment),
      tell: () => ({
        facts: {
          token: token(event.tokenNo),
          gap: duration(gap),
          network: network(moment.networkHigh, moment.networkLow),
        },
        measured: { observed: gap, expected: null, score: { value: 1, unit: 'exact' } },
        features: ['never used since the watch began', 'from a network that no other token uses'],
        unless: [
          'It would not have fired in the first 28 days of the watch.',
          'It would not have fired for a token that was issued meanwhile, or from a network that another token uses.',
        ],
        touches: touchesOf(moment),
      }),
    })
  },
}
