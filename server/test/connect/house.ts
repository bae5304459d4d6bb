import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventRow } from '../../src/event/row.ts'
import { decodeFrame } from '../../src/event/frame.ts'
import { openJournal } from '../../src/journal/open.ts'
import { openPrivacy } from '../../src/privacy/pseudonyms.ts'
import { openRecords } from '../../src/records/open.ts'
import { startRelay } from '../../src/journal/relay.ts'
import { createIngest } from '../../src/connect/ingest.ts'
import type { Clock } from '../../src/clock.ts'
import type { Actor, Tenant } from '../../src/records/records.ts'

export const SYSTEM: Actor = { no: 0, kind: 'system' }
export const QUIET = { info: () => {}, warn: () => {}, error: () => {} }

export type House = Awaited<ReturnType<typeof openHouse>>

/** Real records, pseudonyms and journal in a folder of their own, and every row that became durable. */
export async function openHouse(o: { now?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-connect-'))
  const clock: Clock & { at: number } = {
    at: o.now ?? Date.UTC(2026, 10, 25, 9, 0),
    now: () => clock.at,
    ticks: () => performance.now() * 1000,
  }
  const records = await openRecords({ file: join(folder, 'records.db'), clock, log: QUIET })
  const privacy = await openPrivacy({ records, kek: randomBytes(32), clock, log: QUIET })
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.at })
  const journal = await openJournal({ file: join(folder, 'journal.db'), writer, clock, bytesMax: 1 << 30, log: QUIET })
  const relay = startRelay({ records, journal, log: QUIET })
  const rows: EventRow[] = []
  journal.onJournalled(({ frame }) => rows.push(...decodeFrame(frame)))
  const addTenant = (name: string): Promise<Tenant> =>
    records.act('addTenant', { name, retention: 2, at: clock.at, actor: SYSTEM })
  const tenant = await addTenant('first')

  return {
    folder,
    clock,
    records,
    privacy,
    journal,
    tenant,
    addTenant,
    ingest: createIngest({ records, journal, privacy, clock, log: QUIET }),
    /** Rows of a tenant that are durable by now. */
    async rows(tenantNo: number): Promise<readonly EventRow[]> {
      await relay.flush()
      await journal.flush()
      return rows.filter(({ tenant: of }) => of === tenantNo)
    },
    async close(): Promise<void> {
      await relay.close()
      await journal.close()
      privacy.close()
      await records.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
