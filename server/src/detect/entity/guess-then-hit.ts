import { network, number, owner, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { knowsNetwork, networkHash } from './odd.ts'
import { PEERS } from './rarity.ts'
import { recentFailures } from './source.ts'
import { traitsOf } from './spraying.ts'
import type { EntityStep } from './step.ts'

const DAY_SECONDS = 86_400
const PLACE_BITS_MIN = 8

/** A guess, or a stuffed list, that worked: a source under suspicion is accepted with a token that never came from there. */
export const guessThenHit: EntityStep = {
  name: 'guess-then-hit',
  on: ['accepted'],
  see(moment) {
    const { memory, source: row, second } = moment
    if (row < 0 || second - memory.sources.fields.failedAt.get(row) > DAY_SECONDS) return
    const s = memory.sources.fields
    const isSuspect = second < s.guessingUntil.get(row) || isSprayed(moment)
    if (!isSuspect || !isStranger(moment)) return
    const failures = Math.round(s.attempts.get(row, 3))
    const { event } = moment
    moment.notice({
      detector: 'guess-then-hit',
      severity: 'critical',
      subject: tokenSubject(moment),
      before: recentFailures(moment),
      tell: () => ({
        facts: {
          failures: number(failures),
          network: network(moment.networkHigh, moment.networkLow),
          token: token(event.tokenNo),
          owner: owner(event.ownerNo),
        },
        confidence: 'high',
        measured: { observed: failures, expected: null, score: { value: 1, unit: 'exact' } },
        features: ['accepted after failures of the same network', 'a network that is new to this token'],
        unless: ['It would not have fired if the token had been used from this network before.'],
        touches: touchesOf(moment),
      }),
    })
  },
}

/** Is the tenant sprayed by what shares a trait with this use? Sharing nothing but failures is enough only where the place is odd, too. */
function isSprayed({ event, memory, second, odd }: Moment): boolean {
  if (memory.sprays.size === 0) return false
  const traits = traitsOf(event)
  return traits.some(
    ({ key }, i) => second < (memory.sprays.get(key) ?? 0) && (i < traits.length - 1 || odd.place >= PLACE_BITS_MIN),
  )
}

/** Never from here: known elsewhere, or never seen at all where nobody was ever accepted from here. */
function isStranger(moment: Moment): boolean {
  const { event, memory, token: row, source, at } = moment
  const uses = memory.tokens.fields.uses.get(row)
  if (uses === 0) return memory.sources.fields.accepted.get(source) <= event.count
  if (knowsNetwork(moment, row)) return false
  const group = { tenant: event.tenant, owner: event.ownerNo }
  const value = networkHash(moment.networkHigh, moment.networkLow)
  return memory.peers.ask(group, 'network', value, event.tokenNo >>> 0, at).tokens < PEERS.owner
}
