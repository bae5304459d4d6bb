import { duration, number, network, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { networkHash, slotOf } from './odd.ts'
import { isUsualAmongPeers } from './rarity.ts'
import type { EntityStep } from './step.ts'
import { isTurn, RUN_SECONDS, turnsWith } from './turns.ts'

const TURNS_MIN = 3
/** A pair of networks that both are older than this is how the token lives. */
const OLD_DAYS = 7

/** A copy used beside the original: two networks take turns, which this token never did. */
export const concurrentUse: EntityStep = {
  name: 'concurrent-use',
  on: ['accepted'],
  see(moment) {
    const { event, memory, token: row, second, at, odd } = moment
    const t = memory.tokens.fields
    if (!odd.isLearned || moment.source < 0 || at < t.usedAt.get(row) || t.turnDays.get(row) > 0 || !isTurn(moment)) return
    const turns = turnsWith(moment)
    if (turns < TURNS_MIN || isOldPair(moment) || isUsualPlace(moment)) return
    const span = Math.min(RUN_SECONDS, second - t.turnsFrom.get(row)) * 1000
    moment.notice({
      detector: 'concurrent-use',
      severity: 'high',
      subject: tokenSubject(moment),
      weight: turns,
      tell: () => ({
        facts: {
          network: network(moment.networkHigh, moment.networkLow),
          otherNetwork: network(t.lastNetwork.get(row), t.lastNetwork.get(row, 1)),
          turns: number(turns),
          token: token(event.tokenNo),
          span: duration(span),
        },
        measured: {
          observed: turns,
          expected: { value: 0, low: 0, high: TURNS_MIN - 1 },
          score: { value: turns, unit: 'exact' },
        },
        features: ['two networks in turns within minutes', 'one of them is new to this token'],
        unless: [
          'It would not have fired if both networks had been in use for a week.',
          'It would not have fired if this token had taken turns while it was being learned.',
        ],
        touches: touchesOf(moment),
      }),
    })
  },
}

function isOldPair({ memory, token: row, second, networkHigh, networkLow }: Moment): boolean {
  const t = memory.tokens.fields
  const day = second / 86_400
  const isOld = (high: number, low: number): boolean => {
    const slot = slotOf(t.networks, row, 6, networkHash(high, low))
    return slot >= 0 && day - t.networkFirst.get(row, slot) >= OLD_DAYS
  }
  return isOld(networkHigh, networkLow) && isOld(t.lastNetwork.get(row), t.lastNetwork.get(row, 1))
}

function isUsualPlace({ event, memory, token: row, at, networkHigh, networkLow }: Moment): boolean {
  const t = memory.tokens.fields
  const places = [networkHash(networkHigh, networkLow), networkHash(t.lastNetwork.get(row), t.lastNetwork.get(row, 1))]
  return places.every((value) =>
    isUsualAmongPeers(
      memory.peers.ask({ tenant: event.tenant, owner: event.ownerNo }, 'network', value, event.tokenNo >>> 0, at),
      memory.peers.ask({ tenant: event.tenant, owner: 0 }, 'network', value, event.tokenNo >>> 0, at),
    ),
  )
}
