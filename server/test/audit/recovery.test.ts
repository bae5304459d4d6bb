import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test, vi } from 'vitest'
import { reconcile, type ReconcileCheck } from '../../src/audit/reconcile.ts'
import { createRecovery, type Recovery } from '../../src/audit/recovery.ts'
import { systemClock } from '../../src/clock.ts'
import { openJournal } from '../../src/journal/open.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { startRelay } from '../../src/journal/relay.ts'
import { startShipping } from '../../src/ship/ship.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import { ADMIN, issue } from '../records/fixture.ts'
import { newPlace, openLog, type OpenLog, type Place } from './support.ts'

const places: Place[] = []
afterEach(() => {
  for (const place of places.splice(0)) place.remove()
})

interface House extends OpenLog {
  readonly journal: Journal
  readonly recovery: Recovery
  /** What the comparison of a night finds wrong. */
  failing(): Promise<readonly ReconcileCheck[]>
}

/** A log with the way of its events to the store. */
async function openHouse(place: Place): Promise<House> {
  const log = await openLog(place)
  const { records, log: lines } = log
  const clock = systemClock
  const file = join(place.folder, 'journal.db')
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = await openJournal({ file, writer, clock, bytesMax: 1 << 26, log: lines })
  const store = await openStore({ dir: join(place.folder, 'store'), memoryBytesMax: 1 << 30, log: lines })
  await migrateStore(store)
  const shipping = startShipping({ journal, journalFile: file, store: store.address, clock, log: lines })
  const relay = startRelay({ records, journal, log: lines })
  const recovery = createRecovery({ records, journal, store, dir: log.dir, keyFile: join(place.keys, 'log-key'), clock })
  return {
    ...log,
    journal,
    recovery,
    async failing() {
      await relay.flush()
      await journal.shipped(20_000)
      const at = { now: () => Date.now() + 2 * 3_600_000, ticks: clock.ticks }
      const { checks } = await reconcile({ read: records.read, store, journal, clock: at })
      return checks.filter(({ state }) => state === 'fails')
    },
    async close() {
      await relay.flush()
      await journal.shipped(20_000)
      await relay.close()
      await shipping.close()
      await journal.close()
      await store.close()
      await log.close()
    },
  }
}

/** Takes the newest checkpoint out of a backup: it was made after the last entries were given their place, and before that was signed. */
function unsign(file: string): void {
  const records = new DatabaseSync(file)
  records.exec('DELETE FROM log_signed WHERE size = (SELECT max(size) FROM log_signed)')
  records.close()
}

test(
  'after a restore ended tokens end again, the old shard is never continued, and numbers are not given twice',
  { timeout: 120_000 },
  async () => {
    const place = newPlace()
    places.push(place)
    const first = await openHouse(place)
    const { tenant } = first
    const tokens = [await issue(first.records, tenant), await issue(first.records, tenant)] as const
    await first.audit.flush()
    await first.close()
    copyFileSync(join(place.folder, 'records.db'), join(place.folder, 'backup.db'))
    unsign(join(place.folder, 'backup.db'))

    const second = await openHouse(place)
    const revocation = { tenantNo: tenant.no, id: tokens[0].id, reason: 'leaked', at: Date.now(), actor: ADMIN } as const
    await second.records.act('revokeToken', revocation)
    const late = await issue(second.records, tenant)
    await second.audit.flush()
    const last = (await second.audit.state()).size
    await second.close()

    for (const name of ['records.db', 'records.db-wal', 'records.db-shm']) rmSync(join(place.folder, name), { force: true })
    copyFileSync(join(place.folder, 'backup.db'), join(place.folder, 'records.db'))
    const third = await openHouse(place)
    expect((await third.records.read.token(tenant.no, tokens[0].id))?.endedAt).toBeNull()
    expect(third.audit.isHalted()).toBe(true)
    const seen = await third.recovery.look()
    expect(seen).toMatchObject({ endings: 1, found: 1, isComplete: true, lost: { size: last } })
    const approved = { tenantNo: tenant.no, id: null, params: '{}', actor: ADMIN }
    const done = await third.recovery.run({ choice: null, ticket: 'T-1', approved })
    expect(done).toMatchObject({ ended: 1, reissued: 0, next: { shard: expect.stringMatching(/^\d{4}-2$/) } })
    expect(await third.records.read.token(tenant.no, tokens[0].id)).toMatchObject({ ending: 'revoked', endingReason: 'leaked' })
    expect((await third.records.read.token(tenant.no, tokens[1].id))?.endedAt).toBeNull()
    await vi.waitFor(() => expect(third.audit.isHalted()).toBe(false), 30_000)
    expect((await issue(third.records, tenant)).no).toBeGreaterThan(late.no)
    await third.audit.flush(20_000)
    const [recovered] = await third.audit.entries({ type: 'log.recovered' }, { limit: 1 })
    expect(recovered).toMatchObject({ shard: done.next.shard, index: 0 })
    expect((await third.fsck()).differences).toEqual([])
    expect(await third.failing()).toEqual([])
    // its last entries have no checkpoint and get none: that is no conflict with the lost history
    expect((await third.records.read.logShards())[0]).toMatchObject({ halted: null })
    expect((await third.records.read.logSigned(seen.shard)).fixed?.size ?? 0).toBeLessThan(seen.lost.from)
    await third.close()

    const fourth = await openHouse(place)
    expect(fourth.audit.isHalted()).toBe(false)
    await fourth.close()
  },
)
