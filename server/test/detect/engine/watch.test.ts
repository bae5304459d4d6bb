import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findingId } from '../../../src/detect/desk/identity.ts'
import { createEngine } from '../../../src/detect/engine.ts'
import { startDetecting, type WatchOptions } from '../../../src/detect/watch.ts'
import { decodeFrame } from '../../../src/event/frame.ts'
import type { Found } from '../../../src/detect/finding.ts'
import type { EventRow } from '../../../src/event/row.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { openJournal } from '../../../src/journal/open.ts'
import { openJournalReader } from '../../../src/journal/read.ts'
import { openRecords } from '../../../src/records/open.ts'
import { nodeArguments } from '../../../src/runtime.ts'
import { silentLog } from '../../journal/support-rows.ts'
import { SMALL, START } from '../entity/events.ts'
import { batchesOf, fortnight } from './traffic.ts'

const child = fileURLToPath(new URL('./watch-child.ts', import.meta.url))
const KILLS = 4

interface Place {
  readonly folder: string
  readonly journalFile: string
  readonly journal: Journal
  readonly clock: { now(): number; ticks(): number; set(at: number): void }
}

async function place(bytesMax = 1 << 28): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-watch-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  let now = START
  const clock = { now: () => now, ticks: () => now * 1000, set: (at: number) => void (now = at) }
  const journalFile = join(folder, 'journal.sqlite')
  const journal = await openJournal({ file: journalFile, writer: 8, clock, bytesMax, log: silentLog })
  return { folder, journalFile, journal, clock }
}

/** Journals events in batches, each received when its last event happened. */
async function fill({ journal, clock }: Place, events: readonly EventRow[]): Promise<void> {
  for (const batch of batchesOf(events, 100)) {
    clock.set(batch.receivedAt)
    await journal.receive(batch.events)
    await journal.flush()
  }
}

async function watching(at: Place, more: Partial<WatchOptions> = {}) {
  const records = await openRecords({ file: join(at.folder, 'records.sqlite'), clock: at.clock, log: silentLog })
  const found: Found[] = []
  const watch = await startDetecting({
    ...at,
    records,
    log: silentLog,
    checkpointFile: join(at.folder, 'detection'),
    engine: { limits: SMALL },
    onFound: (some) => void found.push(...some),
    ...more,
  })
  return { found, state: watch.state, forget: watch.forget, close: () => watch.close().then(() => records.close()) }
}

/** What one engine finds in the whole journal. */
function foundInOneGo(file: string): Found[] {
  const reader = openJournalReader(file)
  const engine = createEngine({ limits: SMALL })
  const { batches } = reader.next(0, Number.MAX_SAFE_INTEGER)
  reader.close()
  return batches.flatMap(({ frame, receivedAt }) => engine.take(decodeFrame(frame), receivedAt))
}

/** Runs the child and kills it after it kept so many lots of findings; 0 = never. Gives whether it came to its end. */
async function run(folder: string, now: number, killAfter: number): Promise<boolean> {
  const running = spawn(process.execPath, [...nodeArguments, child, folder, String(now)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(running, 'exit')
  let kept = 0
  let isDone = false
  for await (const line of createInterface(running.stdout)) {
    isDone ||= line === 'done'
    if (line === 'kept' && ++kept === killAfter) running.kill('SIGKILL')
  }
  await exited
  return isDone
}

/** Findings as the desk knows them: by id, with the newest that was said. */
function latest(found: readonly Found[]): Record<string, Found> {
  return Object.fromEntries(found.map((each) => [findingId(each), each]))
}

test(
  `after ${KILLS} kills at points of chance the findings are those of a run without a kill`,
  { timeout: 180_000 },
  async () => {
    const at = await place()
    await at.journal.register('detect')
    await fill(at, fortnight(4))
    const expected = foundInOneGo(at.journalFile)
    await at.journal.close()
    const now = at.clock.now()
    const kills = Array.from({ length: KILLS }, (_, i) => 1 + ((i * 7) % 5))
    for (const killAfter of kills) await run(at.folder, now, killAfter)
    const ends = await run(at.folder, now, 0)
    const found = readFileSync(join(at.folder, 'found'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Found)
    expect(ends).toBe(true)
    expect(found.length).toBeGreaterThanOrEqual(expected.length)
    expect(latest(found)).toEqual(latest(JSON.parse(JSON.stringify(expected)) as Found[]))
  },
)

test('findings come on the main thread as events come, and a restart reads nothing twice', { timeout: 120_000 }, async () => {
  const at = await place()
  const first = await watching(at)
  await fill(at, fortnight(3))
  await vi.waitFor(() => expect(first.state()).toMatchObject({ behind: 0, position: at.journal.position() }), 90_000)
  await first.close()
  expect(latest(first.found)).toEqual(latest(foundInOneGo(at.journalFile)))
  expect(at.journal.readers().detect).toBe(at.journal.position())
  const second = await watching(at)
  await vi.waitFor(() => expect(second.state().behind).toBe(0))
  await second.close()
  expect(second.found).toEqual([])
  await at.journal.close()
})

test('no event is forgotten before its finding is kept', { timeout: 120_000 }, async () => {
  const at = await place()
  let isUp = false
  const kept: Found[] = []
  const watch = await watching(at, {
    pace: { checkpointMs: 20, pageBytesMax: 16 * 1024 },
    onFound: (found) => {
      if (!isUp) throw new Error('the records are down')
      kept.push(...found)
    },
  })
  await fill(
    at,
    fortnight(3).filter(({ outcome }) => outcome === 2),
  )
  await vi.waitFor(() => expect(watch.state().lastFailure).toBe('the records are down'), 60_000)
  const passedWhileDown = at.journal.readers().detect ?? 0
  isUp = true
  await vi.waitFor(() => expect(at.journal.readers().detect).toBe(at.journal.position()), 60_000)
  expect(passedWhileDown).toBeLessThan(at.journal.position())
  expect(latest(kept)).toEqual(latest(foundInOneGo(at.journalFile)))
  await watch.close()
  await at.journal.close()
})

test(
  'batches that are gone, and a checkpoint that is damaged, are told of or learned anew, never taken for nothing',
  { timeout: 120_000 },
  async () => {
    const at = await place()
    const events = fortnight(3)
    const first = await watching(at)
    await fill(at, events.slice(0, 300))
    await vi.waitFor(() => expect(first.state().behind).toBe(0), 60_000)
    await first.close()
    await fill(at, events.slice(300, 600))
    // the store has everything, and the journal needed its room
    await at.journal.passed('ship', at.journal.position(), { stored: 600, coalesced: 0 })
    await at.journal.passed('detect', at.journal.position())
    const second = await watching(at)
    await vi.waitFor(() => expect(second.found).toMatchObject([{ detector: 'blind', tenant: 1 }]), 60_000)
    await second.close()
    writeFileSync(join(at.folder, 'detection'), 'nonsense')
    const third = await watching(at)
    await fill(at, events.slice(600, 700))
    await vi.waitFor(() => expect(third.state()).toMatchObject({ behind: 0, events: 100 }), 60_000)
    await third.close()
    expect(existsSync(join(at.folder, 'detection'))).toBe(true)
    await at.journal.close()
  },
)

test('a subject is forgotten on disk before that is said', async () => {
  const at = await place()
  await at.journal.register('detect')
  await fill(at, fortnight().slice(0, 2_000))
  const watch = await watching(at)
  await vi.waitFor(() => expect(watch.state().behind).toBe(0), { timeout: 30_000 })
  const before = watch.state().checkpointPosition
  await watch.forget({ tenantNo: 1, ownerNo: 11, tokens: [1, 2, 3] })
  expect(existsSync(join(at.folder, 'detection'))).toBe(true)
  const first = readFileSync(join(at.folder, 'detection'))
  await watch.forget({ tenantNo: 1, ownerNo: 11, tokens: Array.from({ length: 500 }, (_, no) => no) })
  expect(readFileSync(join(at.folder, 'detection')).equals(first)).toBe(false)
  expect(watch.state().checkpointPosition).toBeGreaterThanOrEqual(before ?? 0)
  await watch.close()
  await at.journal.close()
})
