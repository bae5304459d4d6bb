import type { Log } from '../config/log.ts'
import type { OutboxEvent, Records } from '../records/records.ts'
import type { Journal } from './journal.ts'

/** Brings critical events from the records' outbox into the journal. */
export interface Relay {
  /** Resolves when everything committed before the call is in the journal. Rejects when that fails now; it is tried again by itself. */
  flush(): Promise<void>
  close(): Promise<void>
}

const EVENTS_AT_ONCE = 500
const AGAIN_MS = 1000

/**
 * Starts the relay. An event is forgotten by the outbox only when it is durable in the journal, and the journal recognises its
 * number, so a kill at any moment neither loses nor doubles it.
 */
export function startRelay({ records, journal, log }: { records: Records; journal: Journal; log: Log }): Relay {
  let running: Promise<void> | undefined
  let isAsked = false
  let isClosed = false
  let again: NodeJS.Timeout | undefined

  /** One pass at a time; one that is asked for meanwhile begins after it. */
  function pump(): Promise<void> {
    isAsked = true
    running ??= run().finally(() => (running = undefined))
    return running
  }

  async function run(): Promise<void> {
    while (isAsked) {
      isAsked = false
      await empty()
    }
  }

  async function empty(): Promise<void> {
    for (;;) {
      const events = isClosed ? [] : await records.outbox(EVENTS_AT_ONCE)
      if (events.length === 0) return
      await bring(events)
    }
  }

  async function bring(events: readonly OutboxEvent[]): Promise<void> {
    const receptions = await journal.receive(events.map(({ event }) => event))
    const safe = events.filter((_, i) => receptions[i] !== 'lost').map(({ writer, seq }) => ({ writer, seq }))
    if (safe.length > 0) await records.act('forgetOutbox', { events: safe })
    if (safe.length < events.length) throw new Error('The journal did not take a critical event. It stays in the outbox.')
  }

  function pumpInBackground(): void {
    pump().catch((error: unknown) => {
      log.warn({ err: error }, 'Critical events wait in the records')
      clearTimeout(again)
      if (!isClosed) again = setTimeout(pumpInBackground, AGAIN_MS).unref()
    })
  }

  const unsubscribe = records.onOutbox(pumpInBackground)
  pumpInBackground()

  return {
    flush: pump,
    async close() {
      unsubscribe()
      clearTimeout(again)
      isClosed = true
      await running?.catch(() => {})
    },
  }
}
