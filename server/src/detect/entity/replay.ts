import { eventId, FLAGS } from 'tokentrail'
import { ones } from './bits.ts'
import { duration, event as eventFact, network, text, time, token } from './facts.ts'
import { touchesOf, tokenSubject, type Moment } from './moment.ts'
import { MINUTE_MS, type EntityStep } from './step.ts'
import type { Severity } from '../finding.ts'

const DOUBLE_CLICK_MS = 10_000
/** A network that opened links of so many owners within minutes of their making is a mail gateway that looks at links. */
const GATEWAY_OWNERS_MIN = 3
const EARLY_MS = 2 * MINUTE_MS

/** A single-use token used twice. The door decided it in one statement; here it is told apart from double clicks and link scanners. */
export const replay: EntityStep = {
  name: 'replay',
  on: ['replayed'],
  see(moment) {
    const { event, at } = moment
    if ((event.flags & FLAGS.check) !== 0) return
    const won = winOf(moment)
    const gap = Math.max(0, event.sinceEndMs || (won.at > 0 ? at - won.at : 0))
    const isSame = isSameUser(moment, won)
    if ((isSame && gap <= DOUBLE_CLICK_MS) || isScanner(moment, won)) return
    const severity: Severity = isSame ? 'low' : 'high'
    moment.notice({
      detector: 'replay',
      severity,
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
        features: [isSame ? 'the same network and client as the first use' : 'another network or client than the first use'],
        unless: [
          'It would not have fired if the second use had come from the same network and client within 10 seconds (a double click).',
          'It would not have fired if the first use had come from a network that opens the links of several owners within two minutes (a mail gateway).',
        ],
        touches: touchesOf(moment),
      }),
    })
  },
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

/** Did a mail gateway open the link first, or does it come back to look again? */
function isScanner(moment: Moment, won: Win): boolean {
  const isEarly = won.at > 0 && won.issuedAt > 0 && won.at - won.issuedAt <= EARLY_MS
  const winner = moment.memory.sources.find(...sourceKey(moment.event.tenant, won.networkHigh, won.networkLow))
  return (isEarly && isGateway(moment, winner)) || isGateway(moment, moment.source)
}

function isGateway({ memory }: Moment, row: number): boolean {
  return row >= 0 && ones(memory.sources.fields.earlyOwners.get(row)) >= GATEWAY_OWNERS_MIN
}

/** Key of a tenant's network in the table of sources. */
export function sourceKey(tenant: number, high: number, low: number): [high: number, low: number] {
  return [(high ^ Math.imul(tenant, 0x9e3779b1)) >>> 0, low]
}
