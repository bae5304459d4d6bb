import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { readTrust, verifyPack, type Figure, type PackFolder } from 'tokentrail/verify'
import type { AuditLog } from '../../src/audit/audit.ts'
import { LOG_CRYPTO } from '../../src/audit/crypto.ts'
import { startBatchRecording } from '../../src/audit/batch-recorder.ts'
import { openAudit } from '../../src/audit/open.ts'
import { nodeSha256Stream, openPack } from '../../src/audit/verify/open-pack.ts'
import { openKeys } from '../../src/config/keys.ts'
import { encodeRowBinary } from '../../src/event/row-binary.ts'
import { EVENT_COLUMNS, type EventRow } from '../../src/event/row.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { startRelay } from '../../src/journal/relay.ts'
import { startEvidence } from '../../src/main/evidence.ts'
import { createSeal } from '../../src/privacy/seal.ts'
import { openSubjectKeys } from '../../src/privacy/subject-keys.ts'
import { openPrivacy } from '../../src/privacy/pseudonyms.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import { openRecords } from '../../src/records/open.ts'
import type { PackRecord } from '../../src/records/evidence.ts'
import type { Actor, NewToken, Records, Tenant, TokenRecord } from '../../src/records/records.ts'
import type { EvidenceDesk } from '../../src/report/evidence-desk.ts'
import type { EvidenceName } from '../../src/report/evidence/questions.ts'
import type { GivenParams } from '../../src/report/evidence/params.ts'
import type { PackWish } from '../../src/report/pack-wish.ts'
import { createReveals } from '../../src/retention/reveals.ts'
import { startShipping } from '../../src/ship/ship.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

export const DAY = 86_400_000
export const HOUR = 3_600_000
/** 2026-06-17 13:37:42.123 UTC. */
export const NOW = Date.UTC(2026, 5, 17, 13, 37, 42, 123)
export const SYSTEM: Actor = { no: 0, kind: 'system' }
const silent = { info: () => undefined, warn: () => undefined, error: (facts: object) => void faults.push(facts) }
/** Errors that reached the log. */
export const faults: object[] = []
const COLUMNS = EVENT_COLUMNS.map(({ column }) => column)

/** Real engines, the log and the desk in a temporary folder; the clock goes only when it is told to. */
export interface ReportHouse {
  readonly records: Records
  readonly journal: Journal
  readonly store: Store
  readonly audit: AuditLog
  readonly desk: EvidenceDesk
  readonly dir: string
  /** The tenant that the installation begins with, and another one. */
  readonly own: Tenant
  readonly other: Tenant
  /** Moves the clock. */
  at(now: number): void
  tenant(simulated?: boolean): Promise<Tenant>
  token(tenant: Tenant, token: Partial<NewToken> & { readonly id: string }): Promise<TokenRecord>
  /** Puts counted events into the store, as the shipper does. */
  load(rows: readonly EventRow[]): Promise<void>
  /** Counted events on their whole way: journal, store, batch, log. */
  append(tenant: Tenant, rows: readonly EventRow[]): Promise<void>
  /** Waits until every critical event is in the store and in the log. */
  settle(): Promise<void>
  /** All rows and figures of an answer, names too. */
  answer(
    tenant: Tenant,
    name: EvidenceName,
    params?: Partial<GivenParams>,
  ): Promise<{ readonly rows: readonly Row[]; readonly figures: Record<string, Figure> }>
  /** Makes a pack and waits for it. */
  pack(tenant: Tenant, wish: PackWish, actor?: Actor): Promise<{ readonly record: PackRecord; readonly file: string }>
}
// Tests look into rows freely.
// oxlint-disable-next-line typescript/no-explicit-any
type Row = any

/** Opens the house before the file's tests and closes it after them. */
export function useReportHouse(): () => ReportHouse {
  let house: (ReportHouse & { close(): Promise<void> }) | undefined
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house?.close())
  return () => {
    if (house === undefined) throw new TypeError('The house is open only while tests run.')
    return house
  }
}

async function openHouse(): Promise<ReportHouse & { close(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'tokentrail-report-'))
  const keys = join(dir, 'keys')
  // Within the year, so that the log has one shard.
  let now = NOW - 150 * DAY
  const clock = { now: () => now, ticks: () => performance.now() * 1000 }
  const log = silent
  const records = await openRecords({ file: join(dir, 'records.sqlite'), clock, log })
  const own = await records.act('addTenant', { id: 'default', name: 'own', at: now, actor: SYSTEM })
  const other = await records.act('addTenant', { name: 'other', at: now, actor: SYSTEM })
  const kek = createKeyEncryption(openKeys(keys).keks)
  const privacy = await openPrivacy({ records, kek, clock, log })
  const subjectKeys = await openSubjectKeys({ file: join(dir, 'subject-keys.sqlite'), kek })
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: now })
  const journalFile = join(dir, 'journal.sqlite')
  const journal = await openJournal({ file: journalFile, writer, clock, bytesMax: 1 << 28, log })
  const store = await openStore({ dir, memoryBytesMax: 1 << 30, log })
  await migrateStore(store)
  const shipping = startShipping({ journal, journalFile, store: store.address, clock, log })
  const relay = startRelay({ records, journal, log })
  const audit = await openAudit({
    records,
    clock,
    log,
    dir: join(dir, 'audit'),
    keyFile: join(keys, 'log-key'),
    seal: createSeal({ keys: subjectKeys }),
    version: '0',
  })
  const recorder = await startBatchRecording({ shipping, records, audit, clock, log })
  const reveals = createReveals({ records, subjectKeys, privacy, store, clock })
  const desk = await startEvidence({
    records,
    journal,
    store,
    audit,
    reveals,
    clock,
    log,
    tenant: own,
    version: '0.1.0',
    dir: join(dir, 'packs'),
    keys,
  })
  let batches = 0

  async function settle(): Promise<void> {
    await relay.flush()
    await journal.flush()
    await journal.shipped(20_000)
    await audit.flush()
  }

  // What was received so far is in the store before the clock goes on, else the watermark would stay behind it.
  await settle()
  now = NOW

  return {
    records,
    journal,
    store,
    audit,
    desk,
    dir,
    own,
    other,
    settle,
    at: (next) => void (now = next),
    tenant: (simulated = false) => records.act('addTenant', { name: 'test', simulated, at: NOW - 150 * DAY, actor: SYSTEM }),
    async token(tenant, token) {
      const issuedAt = token.issuedAt ?? NOW - 100 * DAY
      const digest = createHash('sha256').update(`${tenant.no}/${token.id}`).digest()
      const known = {
        tenantNo: tenant.no,
        kind: 'access',
        prefix: 'ttk',
        ownerId: 'alice',
        scheme: 'sha256',
        digest,
        issuedAt,
      } as const
      return (await records.act('issueToken', { token: { ...known, ...token }, at: issuedAt, actor: SYSTEM })).token
    },
    async load(rows) {
      if (rows.length > 0) await store.insert('events', COLUMNS, encodeRowBinary(rows), `report-${batches++}`)
    },
    async append(tenant, rows) {
      const before = await rowsInBatches(records, tenant)
      for (const row of rows) void journal.append(row)
      await settle()
      await vi.waitFor(async () => expect(await rowsInBatches(records, tenant)).toBe(before + rows.length), {
        timeout: 30_000,
        interval: 50,
      })
      await recorder.flush()
      await audit.flush()
    },
    async answer(tenant, name, params = {}) {
      const given = { from: NOW - 30 * DAY, to: NOW, ...params }
      const answer = await desk.ask(tenant.no, name, given, { level: 'identified' })
      const rows: Row[] = []
      for await (const row of answer.rows) rows.push(row)
      return { rows, figures: Object.fromEntries(answer.figures().map((figure) => [figure.name, figure])) }
    },
    async pack(tenant, wish, actor = { no: 1, kind: 'person' }) {
      const approval = wish.level === 'identified' ? { id: null, params: '{}', ground: 'asked for' } : null
      const { id } = await desk.request(tenant.no, wish, approval, actor)
      await desk.settled()
      const record = await records.read.pack(tenant.no, id)
      if (record?.state !== 'ready')
        throw new Error(`The pack is ${record?.state ?? 'missing'}: ${record?.failure ?? ''}`, { cause: faults.at(-1) })
      return { record, file: join(dir, 'packs', `${id}.zip`) }
    },
    async close() {
      await desk.close()
      await recorder.close()
      await audit.close()
      await relay.close()
      await shipping.close()
      await journal.close()
      await subjectKeys.close()
      privacy.close()
      await records.close()
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function rowsInBatches({ read }: Records, { no }: Tenant): Promise<number> {
  return (await read.batches({ tenantNo: no }, { limit: 1000 })).reduce((sum, { rows }) => sum + rows, 0)
}

/** Opens a pack for as long as it is looked at. */
export async function withPack<Value>(file: string, use: (folder: PackFolder) => Promise<Value>): Promise<Value> {
  const { folder, close } = await openPack(file)
  try {
    return await use(folder)
  } finally {
    await close()
  }
}

/** Verifies a pack with the log key that the reader brings, and gives every check's state and words. */
export function verify(file: string, trust: string | undefined) {
  return withPack(file, async (folder) => {
    const brought = trust === undefined ? undefined : readTrust(LOG_CRYPTO, trust)
    return verifyPack({ folder, trust: brought, older: [], crypto: LOG_CRYPTO, sha256Stream: nodeSha256Stream, now: NOW })
  })
}

/** A file of a pack as text. */
export async function textIn(folder: PackFolder, name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of folder.read(name)) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks).toString()
}
