import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { checkCompleteness, emptySummary, take } from 'tokentrail/verify'
import { expect, test, vi } from 'vitest'
import { TYPES_NOT_IN_BATCH } from '../../src/event/leaf.ts'
import { readLeaves } from '../../src/audit/batch-rows.ts'
import { createNodes } from '../../src/audit/nodes.ts'
import { nodeArguments } from '../../src/runtime.ts'
import { openMigrated, rowsOf } from '../store/support.ts'
import { openLine, settled } from './batch-support.ts'
import { newPlace } from './support.ts'
import type { LogEntry } from '../../src/records/audit.ts'
import type { OpenStore } from '../../src/store/open.ts'
import type { Place } from './support.ts'

const KILLS = 5
const child = fileURLToPath(new URL('./batch-child.ts', import.meta.url))

/** Runs the child until it has journalled so many rounds, and a while that differs, and kills it there. */
async function killAfter(rounds: number, lateMs: number, place: Place, store: OpenStore): Promise<number> {
  const running = spawn(process.execPath, [...nodeArguments, child, place.folder, place.keys, JSON.stringify(store.address)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(running, 'exit')
  let journalled = 0
  for await (const chunk of running.stdout) {
    journalled += (chunk as Buffer).length
    if (journalled < rounds || running.killed) continue
    setTimeout(() => running.kill('SIGKILL'), lateMs)
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  return journalled
}

/** The tenant's entries, oldest first, as a verifier sees them. */
function verified(entries: readonly LogEntry[]) {
  const summary = emptySummary()
  for (const { bytes } of entries) {
    const { type, tenant, n, at, shown } = JSON.parse(new TextDecoder().decode(bytes))
    take(summary, { index: n, type, tenant, n, at, shown: () => shown })
  }
  return checkCompleteness(summary, { scope: 'tenant', tenant: 'x' })
}

test(
  `after each of ${KILLS} kills under load every counted row is in one batch and every batch in the log, once`,
  { timeout: 120_000 },
  async () => {
    const [place, store] = [newPlace(), await openMigrated()]
    let rounds = 0
    for (let kill = 0; kill < KILLS; kill++) rounds += await killAfter(5 + kill * 8, (kill * 273) % 900, place, store)
    const line = await openLine({ place, store })
    await line.journal.shipped(30_000)
    const [counted] = await rowsOf<{ rows: number; events: number }>(
      store,
      'SELECT count() AS rows, sum(count) AS events FROM events WHERE NOT has({own:Array(UInt16)}, type)',
      { own: TYPES_NOT_IN_BATCH },
    )
    expect(counted?.rows).toBeGreaterThanOrEqual(rounds * 150)
    await settled(line, counted?.rows ?? -1)
    const batches = await line.batches()
    expect(new Set(batches.map(({ journal }) => journal)).size).toBe(1)
    expect(batches.at(-1)).toMatchObject({ rowsTotal: counted?.rows, eventsTotal: counted?.events })
    for (const batch of batches) {
      const leaves = await readLeaves({ store, read: line.records.read }, batch)
      expect(createNodes(leaves as Uint8Array[]).root()).toEqual(batch.root)
    }
    const own = { tenantNo: line.tenant.no }
    const [failed] = await rowsOf<{ rows: number }>(store, 'SELECT count() AS rows FROM events WHERE type = 621')
    await vi.waitFor(async () => {
      const entries = (await line.audit.entries(own, { limit: 10_000 })).toReversed()
      expect(entries.filter(({ type }) => type === 'log.batch').map(({ id }) => id)).toEqual(batches.map(({ id }) => id))
      expect(entries.filter(({ type }) => type === 'sink.failed')).toHaveLength(failed?.rows ?? -1)
      expect(verified(entries)).toMatchObject({ state: 'holds' })
    }, 10_000)
  },
)
