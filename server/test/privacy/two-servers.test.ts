import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { askForPostgres, createDatabase } from '../../../test/postgres.ts'
import { openJournal } from '../../src/journal/open.ts'
import { startRelay } from '../../src/journal/relay.ts'
import { openPrivacy } from '../../src/privacy/pseudonyms.ts'
import { createSeal } from '../../src/privacy/seal.ts'
import { openSubjectKeys } from '../../src/privacy/subject-keys.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import { openRecords } from '../../src/records/open.ts'
import { openEvidenceDesk, type EvidenceDesk } from '../../src/report/evidence-desk.ts'
import { createAskEvidence } from '../../src/report/evidence/ask.ts'
import { createLogReader } from '../../src/report/evidence/log-reader.ts'
import { openReportKey } from '../../src/report/report-key.ts'
import { createErasureDesk } from '../../src/retention/erasure.ts'
import { startShipping } from '../../src/ship/ship.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { openStore, type OpenStore } from '../../src/store/open.ts'

const NOW = Date.UTC(2026, 10, 25, 12)
const clock = { now: () => NOW, ticks: () => NOW * 1000 }
const log = { info() {}, warn() {}, error() {} }
const SYSTEM = { no: 0, kind: 'system' } as const
const OWNER = 'erin@example.org'

const server = await askForPostgres(inject('postgres'))
const [recordsAt, keysAt] = [await createDatabase(server), await createDatabase(server)]
const folder = mkdtempSync(join(tmpdir(), 'tokentrail-two-'))
const kek = createKeyEncryption(() => [new Uint8Array(32).fill(5)])
let store: OpenStore
const closing: (() => unknown)[] = []

beforeAll(async () => {
  store = await openStore({ dir: folder, memoryBytesMax: 2 ** 30, log })
  await migrateStore(store)
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
  await store.close()
  for (const database of [recordsAt, keysAt]) await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

/** One server of two: records, keys and store are shared, journal and memory are its own. */
async function start(name: string) {
  const records = await openRecords({ url: recordsAt.url, clock, log })
  const subjectKeys = await openSubjectKeys({ url: keysAt.url, kek })
  const privacy = await openPrivacy({ records, kek, clock, log })
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: NOW })
  const file = join(folder, `${name}.sqlite`)
  const journal = await openJournal({ file, writer, clock, bytesMax: 1 << 26, log })
  const shipping = startShipping({ journal, journalFile: file, store: store.address, clock, log })
  const relay = startRelay({ records, journal, log })
  const erasure = createErasureDesk({ records, subjectKeys, privacy, journal, store, clock, log, relay })
  const forgotten: number[] = []
  const packs = join(folder, `${name}-packs`)
  const page = { read: async (): Promise<undefined> => undefined }
  const openDesk = (): Promise<EvidenceDesk> =>
    openEvidenceDesk({
      records,
      clock,
      log,
      audit: null,
      dir: packs,
      build: {
        ask: createAskEvidence({ records, journal, store, clock, installTenantNo: 0, log: createLogReader(records.read) }),
        key: openReportKey({ file: join(folder, `${name}-report-key`), install: 'two' }),
        version: '0',
        isInstall: () => false,
        separation: async () => 'waived',
        log: null,
        unwitnessed: async () => 'nobody',
        counted: null,
        page: () => page.read(),
      },
    })
  const desk = await openDesk()
  await erasure.start(async ({ ownerNo, tenantNo }) => {
    forgotten.push(ownerNo)
    await desk.forget(tenantNo)
  })
  closing.push(
    () => records.close(),
    () => subjectKeys.close(),
    () => privacy.close(),
    () => journal.close(),
    () => shipping.close(),
    () => relay.close(),
    () => erasure.close(),
    () => desk.close(),
  )
  return { records, subjectKeys, privacy, erasure, forgotten, desk, openDesk, packs, page }
}
type Server = Awaited<ReturnType<typeof start>>

/** Everything that stands in a server's folder of packs. */
function packFiles({ packs }: Server): readonly string[] {
  return readdirSync(packs, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name))
}

function holdsName(server: Server): boolean {
  const isFile = packFiles(server).filter((name) => !name.endsWith('.making'))
  return isFile.some((name) => readFileSync(join(server.packs, name)).includes(OWNER))
}

test('somebody who is erased at one server is forgotten at the other at once, and there in its files too', async () => {
  const [one, two] = [await start('one'), await start('two')]
  const { no: tenantNo } = await one.records.act('addTenant', { name: 'Acme', at: NOW, actor: SYSTEM })
  const owner = await one.records.act('putOwner', { tenantNo, id: OWNER, at: NOW, actor: SYSTEM })
  for (const { privacy } of [one, two]) await privacy.prepare(tenantNo, NOW)
  const value = { tenantNo, event: 'evt_1_1', field: 'owner', value: OWNER, ownerNo: owner.no, at: NOW }
  const [here] = await createSeal({ keys: one.subjectKeys })([value])
  const [there] = await createSeal({ keys: two.subjectKeys })([{ ...value, event: 'evt_1_2' }])
  expect(there!.row.keyId).toBe(here!.row.keyId)
  const before = two.privacy.source(tenantNo, NOW, '192.0.2.7', undefined).addressDay
  const plan = { tenantNo, ownerId: OWNER, endTokens: false }
  const begun = await one.erasure.erase({ ...plan, approval: null, params: '{}', ground: 'they asked', actor: SYSTEM })
  await vi.waitFor(
    async () => {
      expect(await two.records.read.owner(tenantNo, OWNER)).toBeNull()
      expect((await two.subjectKeys.open([there!.row.keyId])).size).toBe(0)
      const [again] = await createSeal({ keys: two.subjectKeys })([{ ...value, event: 'evt_1_3', value: 'new' }])
      expect(again!.row.keyId).not.toBe(there!.row.keyId)
    },
    { timeout: 5_000, interval: 20 },
  )
  await vi.waitFor(
    async () => {
      expect((await one.records.read.erasure(tenantNo, begun.id))?.state).toBe('done')
      for (const { forgotten } of [one, two]) expect(forgotten).toContain(owner.no)
      expect(two.privacy.source(tenantNo, NOW, '192.0.2.7', undefined).addressDay).not.toBe(before)
    },
    { timeout: 90_000, interval: 200 },
  )
}, 120_000)

test('packs with somebody who is erased at one server go on the disk of the other too, ready or in the making', async () => {
  const [one, two] = [await start('three'), await start('four')]
  const { no: tenantNo } = await one.records.act('addTenant', { name: 'Packed', at: NOW, actor: SYSTEM })
  const digest = new Uint8Array(32).fill(9)
  const token = {
    tenantNo,
    kind: 'access',
    prefix: 'ttk',
    id: 'packed',
    ownerId: OWNER,
    scheme: 'sha256',
    digest,
    issuedAt: NOW - 3_600_000,
  } as const
  await one.records.act('issueToken', { token, at: NOW, actor: SYSTEM })
  const names = { name: 'token-hygiene', recipient: 'Auditor', level: 'identified', from: NOW - 86_400_000, to: NOW } as const
  const ask = (server: Server) =>
    server.desk.request(tenantNo, names, { id: null, params: '{}', ground: 'asked' }, { no: 7, kind: 'person' })
  const ready = [await ask(one), await ask(two)]
  for (const { desk } of [one, two]) await desk.settled()
  const figures = await two.desk.request(tenantNo, { ...names, level: 'aggregate' }, null, { no: 7, kind: 'person' })
  await two.desk.settled()
  expect([holdsName(one), holdsName(two)]).toEqual([true, true])

  // the last step before the manifest waits, so that rows with the name stand on the disk of a pack that is not ready
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<undefined>()]
  two.page.read = () => {
    reached.resolve()
    return goOn.promise
  }
  const making = await ask(two)
  await reached.promise
  // what an erasure does with packs, at the server that runs it
  await one.desk.forget(tenantNo)
  const patience = { timeout: 30_000, interval: 50 }
  await vi.waitFor(async () => expect((await one.records.read.pack(tenantNo, making.id))?.state).toBe('lapsed'), patience)
  goOn.resolve(undefined)
  await two.desk.settled()
  expect(await two.records.read.pack(tenantNo, making.id)).toMatchObject({ state: 'failed', event: null })
  await vi.waitFor(async () => {
    expect([holdsName(one), holdsName(two)]).toEqual([false, false])
    expect([packFiles(one), packFiles(two)]).toEqual([[], [`${figures.id}.zip`]])
  }, patience)
  for (const { id } of ready) expect((await one.records.read.pack(tenantNo, id))?.state).toBe('lapsed')

  // one that was down meanwhile sweeps when it starts
  writeFileSync(join(two.packs, `${ready[1]!.id}.zip`), OWNER)
  await two.desk.close()
  const again = await two.openDesk()
  expect(packFiles(two)).toEqual([`${figures.id}.zip`])
  await again.close()
}, 90_000)
