/** How much memory an evidence pack takes, and where it grows: `npm run bench -- pack [--rows N]`. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ACTORS, TYPES } from 'tokentrail'
import { encodeRowBinary } from '../../server/src/event/row-binary.ts'
import { blankEvent, EVENT_COLUMNS } from '../../server/src/event/row.ts'
import { openJournal } from '../../server/src/journal/open.ts'
import { openRecords } from '../../server/src/records/open.ts'
import { openEvidenceDesk } from '../../server/src/report/evidence-desk.ts'
import { createAskEvidence } from '../../server/src/report/evidence/ask.ts'
import { createLogReader } from '../../server/src/report/evidence/log-reader.ts'
import { openReportKey } from '../../server/src/report/report-key.ts'
import { migrateStore } from '../../server/src/store/migrate.ts'
import { openStore } from '../../server/src/store/open.ts'
import { temporaryFolder } from '../../test/whole/running-server.ts'
import { machineFacts, round } from './machine.ts'

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' }, plant: { type: 'string' } } })
const NOW = Date.now()
const HOUR = 3_600_000
const PIECE = 20_000
const TENANT = 'bench'
const clock = { now: () => NOW, ticks: () => NOW * 1000 }
const log = { info() {}, warn() {}, error: (facts: object, message: string): void => console.error(message, facts) }
const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024)

if (values.plant === undefined) await run()
else await plant(values.plant, Number(values.rows))

async function run(): Promise<void> {
  const folder = temporaryFolder()
  try {
    // Rows are loaded by another process, so that what loading leaves behind is not the pack's.
    const args = [...process.execArgv, new URL(import.meta.url).pathname, '--plant', folder.path, '--rows', values.rows]
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) throw new Error(`Planting ended with ${status}.`)
    process.stdout.write(`${JSON.stringify(await measure(folder.path))}\n`)
  } finally {
    folder.remove()
  }
}

async function plant(dir: string, rows: number): Promise<void> {
  const records = await openRecords({ file: join(dir, 'records.sqlite'), clock, log })
  const { no: tenantNo } = await records.act('addTenant', { id: TENANT, name: TENANT, at: NOW, actor: { no: 0, kind: 'system' } })
  const store = await openStore({ dir, memoryBytesMax: 2 ** 30, log })
  await migrateStore(store)
  const columns = EVENT_COLUMNS.map(({ column }) => column)
  for (let from = 0; from < rows; from += PIECE) {
    const piece = Array.from({ length: Math.min(PIECE, rows - from) }, (_, i) => reading(tenantNo, from + i))
    await store.insert('events', columns, encodeRowBinary(piece), `bench-${from}`)
  }
  await store.close()
  await records.close()
}

async function measure(dir: string): Promise<object> {
  const records = await openRecords({ file: join(dir, 'records.sqlite'), clock, log })
  const tenantNo = (await records.read.tenants()).find(({ id }) => id === TENANT)?.no ?? 0
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: NOW })
  const journal = await openJournal({ file: join(dir, 'journal.sqlite'), writer, clock, bytesMax: 1 << 26, log })
  const store = await openStore({ dir, memoryBytesMax: 2 ** 30, log })
  const desk = await openEvidenceDesk({
    records,
    clock,
    log,
    audit: null,
    dir: join(dir, 'packs'),
    build: {
      ask: createAskEvidence({ records, journal, store, clock, installTenantNo: 0, log: createLogReader(records.read) }),
      key: openReportKey({ file: join(dir, 'report-key'), install: 'bench' }),
      version: '0',
      isInstall: () => false,
      separation: async () => 'waived',
      log: null,
      unwitnessed: async () => 'nobody',
      counted: null,
      page: async () => undefined,
    },
  })
  const before = process.memoryUsage()
  let [peak, heap] = [before.rss, before.heapUsed]
  const timer = setInterval(() => {
    const now = process.memoryUsage()
    peak = Math.max(peak, now.rss)
    heap = Math.max(heap, now.heapUsed)
  }, 20)
  const started = performance.now()
  const wish = { name: 'privileged-actions', recipient: 'bench', from: NOW - 2 * HOUR, to: NOW } as const
  const { id } = await desk.request(tenantNo, wish, null, { no: 1, kind: 'person' })
  await desk.settled()
  const seconds = round((performance.now() - started) / 1000)
  clearInterval(timer)
  const made = await records.read.pack(tenantNo, id)
  await desk.close()
  await journal.close()
  await store.close()
  await records.close()
  return {
    suite: 'pack',
    machine: machineFacts(),
    bar: 'a pack of a million rows in at most 300 MiB',
    rows: made?.rows,
    state: made?.state,
    zipMiB: mib(made?.bytes ?? 0),
    seconds,
    memoryMiB: { before: mib(before.rss), peak: mib(peak), byThePack: mib(peak - before.rss), heapPeak: mib(heap) },
  }
}

function reading(tenant: number, i: number): ReturnType<typeof blankEvent> {
  return {
    ...blankEvent(),
    tenant,
    writer: 9,
    seq: i + 1,
    type: TYPES['report.viewed'].id,
    occurredAt: NOW - HOUR + (i % 3_000_000),
    actorNo: 1,
    actorKind: ACTORS.person,
    route: '/v1/questions/totals',
    detail: '{"from":"2026-11-01T00:00:00.000Z","to":"2026-11-25T00:00:00.000Z"}',
  }
}
