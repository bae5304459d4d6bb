import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { TYPES } from 'tokentrail'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startRelay } from '../../src/journal/relay.ts'
import { openRecords } from '../../src/records/open.ts'
import type { Records } from '../../src/records/records.ts'
import { nodeArguments } from '../../src/runtime.ts'
import { accepted, imbalance, NOON, openForTest, rowsIn, silentLog, stillClock, temporaryFile } from './support.ts'

const KILLS = 6
const child = fileURLToPath(new URL('./relay-child.ts', import.meta.url))

async function openRecordsForTest(file: string): Promise<Records> {
  const records = await openRecords({ file: join(dirname(file), 'records.sqlite'), clock: stillClock(), log: silentLog })
  onTestFinished(() => records.close())
  return records
}

/** Adds a tenant, which is a critical event. */
function addTenant(records: Records): Promise<unknown> {
  return records.act('addTenant', { name: 'Acme', at: NOON, actor: { no: 0, kind: 'system' } })
}

/** Runs the child until it has promised `promises` events, kills it, and gives what it promised. */
async function killAfter(promises: number, file: string): Promise<string[]> {
  const running = spawn(process.execPath, [...nodeArguments, child, dirname(file)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(running, 'exit')
  const lines: string[] = []
  for await (const line of createInterface(running.stdout)) if (lines.push(line) === promises) running.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])
  return lines
}

test('a critical event reaches the journal by itself and leaves the outbox', async () => {
  const file = temporaryFile()
  const [records, journal] = [await openRecordsForTest(file), await openForTest({ file })]
  const relay = startRelay({ records, journal, log: silentLog })
  onTestFinished(() => relay.close())
  await addTenant(records)
  await vi.waitFor(() => expect(rowsIn(file)).toMatchObject([{ type: TYPES['tenant.added'].id, occurredAt: NOON }]))
  await relay.flush()
  expect(await records.outbox(10)).toEqual([])
  expect(journal.conservation('critical')).toMatchObject({ received: 1, journalled: 1 })
})

test('what a full journal does not take stays in the outbox until it does', async () => {
  const file = temporaryFile()
  const [records, journal] = [await openRecordsForTest(file), await openForTest({ file, bytesMax: 1 << 20 })]
  while ((await journal.append(accepted({ detail: 'x'.repeat(100_000) }))) === 'journalled') continue
  const relay = startRelay({ records, journal, log: silentLog })
  onTestFinished(() => relay.close())
  await addTenant(records)
  await expect(relay.flush()).rejects.toThrow(/stays in the outbox/)
  expect(await records.outbox(10)).toHaveLength(1)
  await journal.passed('ship', journal.position())
  await vi.waitFor(async () => expect(await records.outbox(10)).toEqual([]), 5000)
  expect(journal.conservation('critical')).toMatchObject({ received: 1, dropped: {} })
})

test(
  `after each of ${KILLS} kills every critical event that was promised comes into the journal once`,
  { timeout: 60_000 },
  async () => {
    const file = temporaryFile()
    const promised: string[] = []
    for (let kill = 1; kill <= KILLS; kill++) promised.push(...(await killAfter(5 + ((kill * 31) % 60), file)))

    const [records, journal] = [await openRecordsForTest(file), await openForTest({ file, writer: 1_000_000 })]
    const relay = startRelay({ records, journal, log: silentLog })
    await relay.flush()
    await relay.close()
    expect(await records.outbox(10)).toEqual([])
    const events = rowsIn(file).map(({ writer, seq }) => `${writer} ${seq}`)
    expect(new Set(events).size).toBe(events.length)
    expect(new Set(events)).toEqual(new Set([...events, ...promised]))
    expect(journal.conservation('critical')).toMatchObject({ received: events.length, journalled: events.length })
    expect(imbalance(journal.conservation())).toBe(0)
  },
)
