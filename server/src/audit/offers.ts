import { eventId, typeName } from 'tokentrail'
import { canonical } from 'tokentrail/log'
import { TrailError } from '../errors.ts'
import type { LogWaiting } from '../records/audit.ts'
import { encodeEvent } from '../records/outbox-event.ts'
import type { Records } from '../records/records.ts'
import type { Noted } from './audit.ts'
import { LOG_TYPES, REGISTRY } from './registry.ts'

/** Hands over what has no transaction of its own. */
export interface Offers {
  note(noted: readonly Noted[]): Promise<void>
  /** How many were refused since the start. */
  dropped(): number
}

/** Entries on their way to the outbox; beyond it they are refused at once, and whoever has them offers them again. */
const WAITING_MAX = 10_000

/** Rows of one transaction. */
const ROWS_MAX = 500

/** Shown members of an entry of the log alone, as canonical JSON; the rest of the entry takes less than what is left to 4 KiB. */
const SHOWN_BYTES_MAX = 3_500

export function createOffers(records: Records, onTaken: () => void): Offers {
  let waiting = 0
  let dropped = 0

  async function note(noted: readonly Noted[]): Promise<void> {
    if (waiting + noted.length > WAITING_MAX) {
      dropped += noted.length
      throw new TrailError('overloaded', `${waiting} entries wait for the audit log; offer these again later.`, {
        retryAfterSeconds: 1,
      })
    }
    const items = noted.map(toItem)
    waiting += items.length
    try {
      for (let from = 0; from < items.length; from += ROWS_MAX) {
        await records.act('offerToLog', { items: items.slice(from, from + ROWS_MAX) })
      }
      onTaken()
    } finally {
      waiting -= items.length
    }
  }

  return { note, dropped: () => dropped }
}

function toItem(noted: Noted): Omit<LogWaiting, 'position'> {
  return 'event' in noted ? eventItem(noted) : logItem(noted)
}

function eventItem({ event }: Extract<Noted, { event: unknown }>): Omit<LogWaiting, 'position'> {
  const name = typeName(event.type)
  if (REGISTRY[name].leaf !== 'own') throw new TypeError(`Events of type ${name} have no leaf of their own in the audit log.`)
  if (event.writer === 0) throw new TypeError('An event is offered to the audit log after it has its number.')
  const id = eventId(event.writer, event.seq)
  return { id, form: 'event', tenantNo: event.tenant, at: event.occurredAt, body: encodeEvent(event) }
}

function logItem({ type, id, tenantNo, at, shown }: Exclude<Noted, { event: unknown }>): Omit<LogWaiting, 'position'> {
  if (!LOG_TYPES.includes(type)) throw new TypeError(`${type} is no type of the audit log alone.`)
  if (!/^log_\w{1,80}$/.test(id))
    throw new TypeError('The id of an entry of the audit log alone is log_ and up to 80 letters or digits.')
  canonical(shown, { bytesMax: SHOWN_BYTES_MAX, depthMax: 3, floats: false })
  return { id, form: 'log', tenantNo, at, body: JSON.stringify({ type, shown }) }
}
