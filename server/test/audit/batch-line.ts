import { join } from 'node:path'
import { startBatchRecording } from '../../src/audit/batch-recorder.ts'
import { createEventProofs } from '../../src/audit/event-proofs.ts'
import { systemClock } from '../../src/clock.ts'
import { openJournal } from '../../src/journal/open.ts'
import { startRelay } from '../../src/journal/relay.ts'
import { startShipping } from '../../src/ship/ship.ts'
import { blankEvent } from '../../src/event/row.ts'
import { openLog } from './support.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { StoreAddress } from '../../src/store/address.ts'
import type { Store } from '../../src/store/store.ts'
import type { Place } from './support.ts'

const silentLog = { info() {}, warn() {}, error() {} }

export type Line = Awaited<ReturnType<typeof startLine>>

/** Records, audit log, journal and store with everything that runs between them, as a server has it. */
export async function startLine(place: Place, store: Pick<Store, 'stream'> & { readonly address: StoreAddress }) {
  const trail = await openLog(place)
  const { records, audit, tenant } = trail
  const journalFile = join(place.folder, 'journal.sqlite')
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: systemClock.now() })
  const journal = await openJournal({ file: journalFile, writer, clock: systemClock, bytesMax: 2 ** 28, log: silentLog })
  const relay = startRelay({ records, journal, log: silentLog })
  const shipping = startShipping({ journal, journalFile, store: store.address, clock: systemClock, log: silentLog })
  const recorder = await startBatchRecording({ shipping, records, audit, clock: systemClock, log: silentLog })
  const proofs = createEventProofs({ audit, read: records.read, store })
  let isClosed = false

  async function close(): Promise<void> {
    if (isClosed) return
    isClosed = true
    await recorder.close()
    await shipping.close()
    await relay.close()
    await journal.close()
    await trail.close()
  }
  return {
    trail,
    records,
    audit,
    tenant,
    journal,
    relay,
    recorder,
    proofs,
    close,
    append: (count: number, fields: Partial<EventRow> = {}) =>
      Promise.all(Array.from({ length: count }, (_, i) => journal.append(event(i, { tenant: tenant.no, ...fields })))),
    batches: () => records.read.batches({}, { limit: 10_000 }),
  }
}

export function event(i: number, fields: Partial<EventRow> = {}): EventRow {
  const decided = { tenant: 1, type: 201, outcome: 1, reason: 1, kind: 1, population: 1, tokenNo: 1 + (i % 9), ownerNo: 4 }
  const seen = { addressDay: 9n ** 20n % 2n ** 64n, network: 2n ** 63n + 5n, durationUs: i % 70, route: '/a/{id}', client: 'ü"x' }
  return { ...blankEvent(), ...decided, ...seen, occurredAt: Date.now(), requestId: `r${i}`, ...fields }
}
