import { eventId, FLAGS } from 'tokentrail'
import { duration, event as eventFact, network, text, time, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { EARLY_MS } from './source.ts'
import { MINUTE_MS, type EntityStep } from './step.ts'

const DOUBLE_CLICK_MS = 10_000
/** A network that opened so many links within seconds, and few others, is a mail gateway that looks at links. */
const EARLY_LINKS_MIN = 3
const EARLY_SHARE_MIN = 0.8

/** A device may change its network between two clicks. */
const SAME_DEVICE_MS = 2 * MINUTE_MS

/** Who used the token again, as far as the event and the records tell. */
type User = 'the same user' | 'the same device elsewhere' | 'behind a mail gateway' | 'somebody else'

/** A single-use token used twice. The door decided it in one statement; here it is told apart from double clicks and link scanners. */
export const replay: EntityStep = {
  name: 'replay',
  on: ['replayed'],
  see(moment) {
    const { event, at } = moment
    if ((event.flags & FLAGS.check) !== 0) return
    const won = winOf(moment)
    const gap = Math.max(0, event.sinceEndMs || (won.at > 0 ? at - won.at : 0))
    const user = userOf(moment, won, gap)
    if (user === undefined) return
    moment.notice({
      detector: 'replay',
      severity: user === 'somebody else' ? 'high' : 'low',
      subject: tokenSubject(moment),
      before: won.id === '' ? [] : [won.id],
      tell: () => ({
        facts: {
          token: token(event.tokenNo),
          first: time(at - gap),
          winnerNetwork: network(won.networkHigh, won.networkLow),
          gap: duration(gap),
          network: network(moment.networkHigh, moment.networkLow),
          winner: won.id === '' ? text('not known here') : eventFact(won.id),
        },
        features: [`the second use is by ${user}`],
        unless: [
          'It would not have fired if the second use had come from the same network and client within 10 seconds (a double click).',
          'It would not have fired if one of the two networks were a mail gateway that opens links within seconds.',
        ],
        touches: touchesOf(moment),
      }),
    })
  },
}

/** Who it was; `undefined` for double clicks and the looks of mail gateways, of which nothing is said. */
function userOf(moment: Moment, won: Win, gap: number): User | undefined {
  const gateway = gatewayOf(moment, won)
  if (gateway >= 0) return moment.memory.sources.fields.looks.get(gateway) > 0 ? undefined : 'behind a mail gateway'
  if (isSameUser(moment, won)) return gap <= DOUBLE_CLICK_MS ? undefined : 'the same user'
  const isSameClient = (moment.event.flags & FLAGS.sameClient) !== 0
  return isSameClient && gap <= SAME_DEVICE_MS ? 'the same device elsewhere' : 'somebody else'
}

interface Win {
  readonly at: number
  readonly id: string
  readonly networkHigh: number
  readonly networkLow: number
  readonly client: number
  readonly issuedAt: number
}

/** The winning use: its number from the event itself, the rest from the token's record where that holds it. */
function winOf({ event, memory, token: row }: Moment): Win {
  const s = memory.singles.fields
  const isKnown = row >= 0 && s.wonAt.get(row) > 0
  const [writer, seq] =
    event.endedBySeq > 0 ? [event.endedByWriter, event.endedBySeq] : isKnown ? [s.wonWriter.get(row), s.wonSeq.get(row)] : [0, 0]
  return {
    at: isKnown ? s.wonAt.get(row) : 0,
    id: seq > 0 ? eventId(writer, seq) : '',
    networkHigh: isKnown ? s.network.get(row) : 0,
    networkLow: isKnown ? s.network.get(row, 1) : 0,
    client: isKnown ? s.client.get(row) : 0,
    issuedAt: row >= 0 ? s.issuedAt.get(row) : 0,
  }
}

function isSameUser({ event, source, networkHigh, networkLow, client }: Moment, won: Win): boolean {
  const same = FLAGS.sameNetwork | FLAGS.sameClient
  if ((event.flags & same) === same) return true
  return source >= 0 && won.at > 0 && networkHigh === won.networkHigh && networkLow === won.networkLow && client === won.client
}

/** The source that opened the link first, or comes back to look again, if it is a mail gateway; else −1. */
function gatewayOf(moment: Moment, won: Win): number {
  const isEarly = won.at > 0 && won.issuedAt > 0 && won.at - won.issuedAt <= EARLY_MS
  const winner = isEarly ? moment.memory.sources.find(...sourceKey(moment.event.tenant, won.networkHigh, won.networkLow)) : -1
  if (isGateway(moment, winner)) return winner
  return isGateway(moment, moment.source) ? moment.source : -1
}

function isGateway({ memory }: Moment, row: number): boolean {
  if (row < 0) return false
  const { links, earlyLinks } = memory.sources.fields
  return earlyLinks.get(row) >= EARLY_LINKS_MIN && earlyLinks.get(row) >= EARLY_SHARE_MIN * links.get(row)
}

/** Key of a tenant's network in the table of sources. */
export function sourceKey(tenant: number, high: number, low: number): [high: number, low: number] {
  return [(high ^ Math.imul(tenant, 0x9e3779b1)) >>> 0, low]
}
