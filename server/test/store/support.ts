import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FLAGS, TYPES } from 'tokentrail'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { encodeRowBinary } from '../../src/event/row-binary.ts'
import { EVENT_COLUMNS, blankEvent } from '../../src/event/row.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { OpenStore, OpenStoreOptions } from '../../src/store/open.ts'
import type { SqlValue, Store } from '../../src/store/store.ts'

export const COLUMNS = EVENT_COLUMNS.map(({ column }) => column)
export const silentLog = { info() {}, warn() {}, error() {} }
export const NOON = Date.UTC(2026, 10, 25, 12)

/** A folder that is removed when the test is over, or what `after` names. */
export function temporaryFolder(after: (end: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-store-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An embedded store that is closed when the test is over. */
export async function openForTest(options: Partial<OpenStoreOptions> = {}): Promise<OpenStore> {
  const store = await openStore({ dir: options.dir ?? temporaryFolder(), memoryBytesMax: 2 ** 30, log: silentLog, ...options })
  onTestFinished(() => store.close())
  return store
}

/** The same with the newest schema. */
export async function openMigrated(options: Partial<OpenStoreOptions> = {}): Promise<OpenStore> {
  const store = await openForTest(options)
  await migrateStore(store)
  return store
}

/** One migrated store for all tests of a file or a `describe`; each test keeps to rows of its own. */
export function sharedStore(): () => OpenStore {
  let store: OpenStore | undefined
  beforeAll(async () => {
    store = await openStore({ dir: temporaryFolder(afterAll), memoryBytesMax: 2 ** 30, log: silentLog })
    await migrateStore(store)
  })
  afterAll(() => store?.close())
  return () => {
    if (!store) throw new Error('The store is opened before the tests, not at import.')
    return store
  }
}

export async function rowsOf<Row>(store: Store, sql: string, params: Readonly<Record<string, SqlValue>> = {}): Promise<Row[]> {
  return (await store.query<Row>({ sql, params })).rows
}

export async function numberOf(store: Store, sql: string): Promise<number> {
  return (await rowsOf<{ n: number }>(store, sql))[0]?.n ?? Number.NaN
}

export function insert(store: Store, rows: readonly EventRow[], token: string): Promise<void> {
  return store.insert('events', COLUMNS, encodeRowBinary(rows), token)
}

/** An accepted validation of a known token at noon. */
export function validation(seq: number, fields: Partial<EventRow> = {}): EventRow {
  return {
    ...blankEvent(),
    tenant: 1,
    writer: 7,
    seq,
    type: TYPES['token.validated'].id,
    outcome: 1,
    reason: 1,
    kind: 1,
    population: 1,
    occurredAt: NOON,
    tokenNo: 1 + (seq % 10),
    network: BigInt(1 + (seq % 5)),
    durationUs: 10 + seq,
    service: 'orders',
    ...fields,
  }
}

/** A coalesced row of unknown texts. */
export function coalesced(seq: number, count: number): EventRow {
  return validation(seq, {
    outcome: 2,
    reason: 13,
    population: 2,
    tokenNo: 0,
    flags: FLAGS.coalesced,
    count,
    durationUs: 0,
    distinct: count,
  })
}
