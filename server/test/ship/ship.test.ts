import { join } from 'node:path'
import { FLAGS } from 'tokentrail'
import { expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openJournal } from '../../src/journal/open.ts'
import { startShipping } from '../../src/ship/ship.ts'
import { NOON, numberOf, openMigrated, rowsOf, silentLog, temporaryFolder, validation } from '../store/support.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Shipping } from '../../src/ship/ship.ts'
import type { OpenStore } from '../../src/store/open.ts'

const DAY_MS = 86_400_000

interface Line {
  readonly store: OpenStore
  readonly journal: Journal
  readonly shipping: Shipping
  /** Starts shipping anew, as after a crash of its thread or server. */
  ship(): Shipping
}

/** A journal and a store with shipping between them. */
async function openLine(): Promise<Line> {
  const [store, folder] = [await openMigrated(), temporaryFolder()]
  const journalFile = join(folder, 'journal.sqlite')
  const journal = await openJournal({ file: journalFile, writer: 7, clock: systemClock, bytesMax: 2 ** 28, log: silentLog })
  onTestFinished(() => journal.close())
  const ship = (): Shipping => {
    const started = startShipping({ journal, journalFile, store: store.address, clock: systemClock, log: silentLog })
    onTestFinished(() => started.close())
    return started
  }
  return { store, journal, shipping: ship(), ship }
}

function today(seq: number, fields: Partial<EventRow> = {}): EventRow {
  return validation(seq, { writer: 0, seq: 0, occurredAt: Date.now(), requestId: `r${seq}`, ...fields })
}

async function append(journal: Journal, from: number, count: number, fields: Partial<EventRow> = {}): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => journal.append(today(from + i, fields))))
}

/** Every event once, in events and in what is derived from them. */
async function expectOnce(store: OpenStore, count: number): Promise<void> {
  expect(await rowsOf(store, 'SELECT count() AS rows, uniqExact(request_id) AS different FROM events')).toEqual([
    { rows: count, different: count },
  ])
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_minute')).toBe(count)
  expect(await numberOf(store, 'SELECT sum(attempts) AS n FROM token_day')).toBe(count)
  expect(await numberOf(store, 'SELECT sum(stored) AS n FROM capture_minute')).toBe(count)
}

test('an event is in the store soon after it was journalled, once', async () => {
  const { store, journal } = await openLine()
  await journal.append(today(1))
  await vi.waitFor(async () => expect(await numberOf(store, 'SELECT count() AS n FROM events')).toBe(1), { timeout: 10_000 })
  await append(journal, 2, 5000)
  await journal.shipped(30_000)
  await expectOnce(store, 5001)
  expect(journal.conservation()).toMatchObject({ received: 5001, stored: 5001, journalled: 0, inFlight: 0 })
})

test('events of many days and classes arrive, each in its partition', async () => {
  const { store, journal } = await openLine()
  const events = Array.from({ length: 300 }, (_, i) =>
    today(i, { retention: 1 + (Math.floor(i / 3) % 3), occurredAt: NOON - (i % 3) * DAY_MS }),
  )
  await Promise.all(events.map((event) => journal.append(event)))
  await journal.shipped(60_000)
  await expectOnce(store, 300)
  expect(await numberOf(store, 'SELECT uniqExact(retention, toDate(occurred_at)) AS n FROM events')).toBe(9)
})

test('a flood is coalesced, and its counts arrive exactly', async () => {
  const { store, journal } = await openLine()
  const flood = Array.from({ length: 20_000 }, (_, i) =>
    today(i, {
      outcome: 2,
      reason: 13,
      population: 2,
      tokenNo: 0,
      fingerprint: Uint8Array.from({ length: 16 }, (_b, at) => (i >> ((at % 4) * 4)) & 255),
    }),
  )
  await Promise.all(flood.map((event) => journal.append(event)))
  await journal.shipped(60_000)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM events WHERE type = 201')).toBe(20_000)
  expect(await numberOf(store, 'SELECT count() AS n FROM events')).toBeLessThan(10_000)
  const { stored, coalesced } = journal.conservation()
  expect(await numberOf(store, `SELECT sumIf(count, bitAnd(flags, ${FLAGS.coalesced}) != 0) AS n FROM events`)).toBe(coalesced)
  // With the event that tells that coalescing began.
  expect(stored + coalesced).toBe(20_001)
  expect(await rowsOf(store, 'SELECT sum(stored) AS stored, sum(coalesced) AS coalesced FROM capture_minute')).toEqual([
    { stored, coalesced },
  ])
})

test('with the store process killed again and again under load, nothing is lost or doubled', async () => {
  const { store, journal, shipping } = await openLine()
  for (let round = 0; round < 4; round++) {
    await append(journal, round * 2000, 2000)
    const { pid } = store.health()
    if (pid !== null) process.kill(pid, 'SIGKILL')
    await append(journal, 100_000 + round * 2000, 2000)
    await vi.waitFor(() => expect(store.health()).toMatchObject({ state: 'ready', restarts: round + 1 }), { timeout: 20_000 })
  }
  await journal.shipped(60_000)
  await expectOnce(store, 16_000)
  expect(shipping.state()).toMatchObject({ failures: 0, position: journal.position() })
})

test('with the store process stopped, events wait in the journal and arrive when it goes on', async () => {
  const { store, journal } = await openLine()
  const { pid } = store.health()
  process.kill(pid ?? 0, 'SIGSTOP')
  await append(journal, 0, 3000)
  await expect(journal.shipped(200)).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(journal.conservation()).toMatchObject({ received: 3000, stored: 0 })
  process.kill(pid ?? 0, 'SIGCONT')
  await journal.shipped(60_000)
  await expectOnce(store, 3000)
  expect(store.health().restarts).toBe(0)
})

test('shipping that ends in the middle is taken up again without doubling anything', async () => {
  const { store, journal, shipping, ship } = await openLine()
  let current = shipping
  for (let round = 0; round < 3; round++) {
    await append(journal, round * 3000, 3000)
    await current.close()
    current = ship()
  }
  await journal.shipped(60_000)
  expect(journal.conservation()).toMatchObject({ received: 9000, stored: 9000 })
  await expectOnce(store, 9000)
})
