import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { askForPostgres, createDatabase } from '../../../../test/postgres.ts'
import { findingId } from '../../../src/detect/desk/identity.ts'
import { createEngine } from '../../../src/detect/engine.ts'
import type { Found } from '../../../src/detect/finding.ts'
import { shareDetecting, type SharedWatchOptions } from '../../../src/detect/shared/shared-watch.ts'
import { openShared } from '../../../src/detect/shared/tables.ts'
import { decodeFrame } from '../../../src/event/frame.ts'
import type { EventRow } from '../../../src/event/row.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { openJournal } from '../../../src/journal/open.ts'
import { openRecords } from '../../../src/records/open.ts'
import { nodeArguments } from '../../../src/runtime.ts'
import { silentLog } from '../../journal/support-rows.ts'
import { accepted, DAY, SMALL, START } from '../entity/events.ts'
import { batchesOf, fortnight } from '../engine/traffic.ts'

const PATIENCE = { timeout: 60_000, interval: 50 }
const program = fileURLToPath(new URL('./server.ts', import.meta.url))
const postgres = await askForPostgres(inject('postgres'))

async function newDatabase() {
  const { url, drop } = await createDatabase(postgres)
  onTestFinished(drop)
  await (await openRecords({ url, clock: { now: () => START, ticks: () => 0 }, log: silentLog })).close()
  await (await openShared({ url, log: silentLog })).end()
  const client = new Client({ connectionString: url, options: '-c search_path=tokentrail' })
  await client.connect()
  onTestFinished(() => client.end())
  return { url, client }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-shared-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function newJournal(folder: string, bytesMax = 1 << 28) {
  let now = START
  const clock = { now: () => now, ticks: () => now * 1000 }
  const journalFile = join(folder, 'journal.sqlite')
  const journal = await openJournal({ file: journalFile, writer: 8, clock, bytesMax, log: silentLog })
  const journalled = async (batch: { readonly events: readonly EventRow[]; readonly receivedAt: number }): Promise<void> => {
    now = batch.receivedAt
    await journal.receive(batch.events)
    await journal.flush()
  }
  return { journal, journalFile, clock, journalled }
}

/** Every batch that ever came to the feed, in its order: what detection had to look at. */
async function keepFeed(
  client: Client,
): Promise<() => Promise<readonly { readonly receivedAt: number; readonly rows: EventRow[] }[]>> {
  await client.query('CREATE TABLE kept AS SELECT * FROM detection_batch')
  await client.query(
    `CREATE FUNCTION keep() RETURNS trigger AS 'BEGIN INSERT INTO kept VALUES (NEW.*); RETURN NULL; END' LANGUAGE plpgsql`,
  )
  await client.query('CREATE TRIGGER keep AFTER INSERT ON detection_batch FOR EACH ROW EXECUTE FUNCTION keep()')
  return async () => {
    const { rows } = await client.query<{ received_at: string; frame: Buffer }>('SELECT * FROM kept ORDER BY no')
    return rows.map(({ received_at: at, frame }) => ({ receivedAt: Number(at), rows: decodeFrame(frame) }))
  }
}

/** Findings as the desk knows them: by id, with the newest that was said. */
function latest(found: readonly Found[]): Record<string, Found> {
  return Object.fromEntries((JSON.parse(JSON.stringify(found)) as Found[]).map((each) => [findingId(each), each]))
}

function foundIn(folder: string): Found[] {
  const file = join(folder, 'found')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Found) // prettier-ignore
}

interface Running {
  readonly child: ChildProcess
  readonly lines: string[]
}

function run(
  folder: string,
  url: string,
  now: number,
  onLine: (line: string, running: Running) => void = () => undefined,
): Running {
  const child = spawn(process.execPath, [...nodeArguments, program, folder, url, String(now)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const running = { child, lines: [] as string[] }
  createInterface(child.stdout).on('line', (line) => {
    running.lines.push(line)
    onLine(line, running)
  })
  return running
}

test(
  'of two servers one detects; when it is killed the other goes on, and no finding is doubled or lost',
  { timeout: 180_000 },
  async () => {
    const { url, client } = await newDatabase()
    const feed = await keepFeed(client)
    const folders = [newFolder(), newFolder()] as const
    const journals = await Promise.all(folders.map((folder) => newJournal(folder)))
    const batches = batchesOf(fortnight(4), 20)
    for (const { journal } of journals) await journal.register('detect')
    for (const [i, batch] of batches.entries()) await journals[i % 2]?.journalled(batch)
    const positions = journals.map(({ journal }) => journal.position())
    const now = journals[1]?.clock.now() ?? 0
    for (const { journal } of journals) await journal.close()

    const first = run(folders[0], url, now, (line, { child }) => void (line === 'kept' && child.kill('SIGKILL')))
    const killed = once(first.child, 'exit')
    await vi.waitFor(() => expect(first.lines).toContain('this server detects for all'), PATIENCE)
    const second = run(folders[1], url, now)
    await vi.waitFor(() => expect(second.lines).toContain('open'), PATIENCE)
    await killed
    const again = run(folders[0], url, now)
    await vi.waitFor(() => expect([...second.lines, ...again.lines]).toContain('this server detects for all'), PATIENCE)
    await vi.waitFor(async () => {
      const { rows } = await client.query('SELECT position::int FROM detection_origin ORDER BY position')
      expect(rows.map(({ position }) => position >= Math.max(...positions))).toEqual([true, true])
      const { rows: heads } = await client.query('SELECT last_no > 0 AND saved_no = last_no AS done FROM detection_head')
      expect(heads).toEqual([{ done: true }])
    }, PATIENCE)
    for (const { child } of [second, again]) {
      const ended = once(child, 'exit')
      child.stdin?.end('close\n')
      await ended
    }

    const engine = createEngine({ limits: SMALL })
    const looked = await feed()
    const expected = looked.flatMap(({ rows, receivedAt }) => engine.take(rows, receivedAt))
    expect(looked.flatMap(({ rows }) => rows.filter(({ writer }) => writer === 7)).length).toBe(fortnight(4).length)
    expect(Object.keys(latest(expected)).length).toBeGreaterThan(5)
    expect(latest([...foundIn(folders[0]), ...foundIn(folders[1])])).toEqual(latest(expected))
  },
)

async function server(url: string, more: Partial<SharedWatchOptions> = {}, bytesMax?: number) {
  const folder = newFolder()
  const { journal, journalFile, clock, journalled } = await newJournal(folder, bytesMax)
  const records = await openRecords({ url, clock, log: silentLog })
  const found: Found[] = []
  const watch = await shareDetecting({
    url,
    journal,
    journalFile,
    records,
    clock,
    log: silentLog,
    checkpointFile: join(folder, 'detection'),
    engine: { limits: SMALL },
    onFound: (some) => void found.push(...some),
    ...more,
  })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= closeAll(watch, records, journal))
  onTestFinished(close)
  return { watch, journalled, found, close, folder, journal }
}

async function closeAll(...parts: readonly [{ close(): Promise<void> }, { close(): Promise<void> }, Journal]): Promise<void> {
  for (const part of parts) await part.close()
}

test(
  'what another server journals is found, what it asks is done, and the next to detect reads nothing twice',
  { timeout: 180_000 },
  async () => {
    const { url, client } = await newDatabase()
    const here = await server(url)
    await vi.waitFor(() => expect(here.watch.state().isLeading).toBe(true), PATIENCE)
    const there = await server(url)
    for (const batch of batchesOf(fortnight(3), 100)) await there.journalled(batch)
    const tokens = { tenantNo: 1, ownerNo: 101, tokens: [2] }
    await vi.waitFor(() => expect(latest(here.found)).toMatchObject(hasDetectors('replay', 'guessing')), PATIENCE)
    there.watch.exposed(1, START)
    await vi.waitFor(async () => expect((await client.query('SELECT 1 FROM detection_request')).rowCount).toBe(1), PATIENCE)
    await there.watch.forget(tokens)
    await there.journalled({
      events: [accepted({ at: START + 13 * DAY, tokenNo: 1, ownerNo: 100, network: 100n })],
      receivedAt: START + 13 * DAY,
    })
    await vi.waitFor(() => expect(here.found.map(({ detector }) => detector)).toContain('leaked-token'), PATIENCE)
    expect(there.found).toEqual([])
    await here.close()
    expect(existsSync(join(here.folder, 'detection.shared'))).toBe(false)

    await vi.waitFor(() => expect(there.watch.state().isLeading).toBe(true), PATIENCE)
    await vi.waitFor(async () => expect((await client.query('SELECT 1 FROM detection_batch')).rowCount).toBe(0), PATIENCE)
    expect(there.found).toEqual([])
    await there.journalled({
      events: [accepted({ at: START + 14 * DAY, tokenNo: 1, ownerNo: 100, network: 100n })],
      receivedAt: START + 14 * DAY,
    })
    await vi.waitFor(() => expect(there.found.map(({ detector }) => detector)).toContain('leaked-token'), PATIENCE)
  },
)

test('while the feed is full a journal that needs its room leaves out what the store has, and that is told of', async () => {
  const { url, client } = await newDatabase()
  const { watch, journalled, journal, found } = await server(url, {}, 1 << 20)
  await journalled({ events: [accepted({ at: START - DAY, writer: 5 })], receivedAt: START })
  await vi.waitFor(() => expect(watch.state().events).toBeGreaterThan(0), PATIENCE)
  const detected = journal.readers().detect
  await client.query('UPDATE detection_head SET bytes = 1 << 30')
  const events = fortnight(75)
  for (const batch of batchesOf(events, 500)) await journalled(batch)
  expect(journal.state().bytes).toBeGreaterThan(1 << 19)
  expect(journal.readers().detect).toBe(detected)
  await journal.passed('ship', journal.position(), { stored: events.length, coalesced: 0 })
  await vi.waitFor(() => expect(found).toMatchObject([{ detector: 'blind' }]), PATIENCE)
  expect(found[0]?.measured.observed).toBeGreaterThanOrEqual(events.length)
  expect(journal.readers().detect).toBe(journal.position())
})

/** Matches findings by id of which some are of these detectors. */
function hasDetectors(...wanted: readonly string[]) {
  return {
    asymmetricMatch: (found: Record<string, Found>) => {
      const names = new Set(Object.values(found).map(({ detector }) => detector as string))
      return wanted.every((name) => names.has(name))
    },
    toString: () => wanted.join(', '),
  }
}
