import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import type { Log } from '../../src/config/log.ts'
import { encodeRowBinary } from '../../src/event/row-binary.ts'
import { EVENT_COLUMNS, type EventRow } from '../../src/event/row.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts'
import { type Ask, createAsk } from '../../src/query/ask.ts'
import { openRecords } from '../../src/records/open.ts'
import type { NewToken, Records, TokenRecord } from '../../src/records/records.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

/** 2026-06-17 (a Wednesday) 13:37:42.123 UTC: on no edge of any step. */
export const NOW = Date.UTC(2026, 5, 17, 13, 37, 42, 123)
export const DAY = 86_400_000
export const HOUR = 3_600_000
const SYSTEM = { no: 0, kind: 'system' } as const

const COLUMNS = EVENT_COLUMNS.map(({ column }) => column)
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Real engines in a temporary folder, a clock that stands still, and the parts under test. */
export interface House {
  readonly store: Store
  readonly records: Records
  readonly journal: Journal
  readonly ask: Ask
  readonly metrics: Metrics
  /** A tenant with nothing in it. */
  tenant(simulated?: boolean): Promise<number>
  token(tenantNo: number, token: Partial<NewToken> & { readonly id: string }): Promise<TokenRecord>
  /** Puts events into the store, as the shipper does. */
  load(rows: readonly EventRow[]): Promise<void>
}

/** Opens the house before the file's tests and closes it after them. */
export function useHouse(): () => House {
  let house: (House & { close(): Promise<void> }) | undefined
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house?.close())
  return () => {
    if (house === undefined) throw new TypeError('The house is open only while tests run.')
    return house
  }
}

async function openHouse(): Promise<House & { close(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'tokentrail-query-'))
  const clock: Clock = { now: () => NOW, ticks: () => 0 }
  const store = await openStore({ dir, memoryBytesMax: 1 << 30, log: silent })
  await migrateStore(store)
  const records = await openRecords({ file: join(dir, 'records.sqlite'), clock, log: silent })
  const journal = await openJournal({ file: join(dir, 'journal.sqlite'), writer: 1, clock, bytesMax: 1 << 26, log: silent })
  const ask = createAsk({ store, records, journal, clock })
  let batches = 0
  return {
    store,
    records,
    journal,
    ask,
    metrics: createMetrics({ ask, store, records, journal, clock }),
    tenant: async (simulated = false) =>
      (await records.act('addTenant', { name: 'test', simulated, at: NOW - 500 * DAY, actor: SYSTEM })).no,
    token: async (tenantNo, token) => (await records.act('issueToken', issue(tenantNo, token))).token,
    load: async (rows) => {
      if (rows.length > 0) await store.insert('events', COLUMNS, encodeRowBinary(rows), `test-${batches++}`)
    },
    close: async () => {
      await journal.close()
      await records.close()
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function issue(
  tenantNo: number,
  token: Partial<NewToken> & { readonly id: string },
): Parameters<Records['act']>[1] & {
  readonly token: NewToken
  readonly at: number
  readonly actor: typeof SYSTEM
} {
  const issuedAt = token.issuedAt ?? NOW - 100 * DAY
  const known = {
    tenantNo,
    kind: 'access',
    prefix: 'ttk',
    ownerId: 'alice',
    scheme: 'sha256',
    digest: digestOf(token.id),
    issuedAt,
  } as const
  return { token: { ...known, ...token }, at: issuedAt, actor: SYSTEM }
}

/** Any 32 bytes that differ per id. */
function digestOf(id: string): Uint8Array {
  return new Uint8Array(32).fill(7).map((byte, i) => byte ^ (id.charCodeAt(i % id.length) + i))
}
