import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { setImmediate } from 'node:timers'
import { expect, onTestFinished, test } from 'vitest'
import { systemDisk } from '../../src/audit/disk.ts'
import { fsck } from '../../src/audit/fsck.ts'
import { checkLog } from '../../src/audit/log-check.ts'
import { startReconciliation } from '../../src/audit/nightly.ts'
import { systemClock } from '../../src/clock.ts'
import type { Reconciled } from '../../src/audit/reconcile.ts'
import { collectingLog } from '../records/fixture.ts'
import { openLine } from './batch-support.ts'
import { newPlace, openLog, type OpenLog } from './support.ts'

async function openOwn(): Promise<OpenLog & { tamper(sql: string): void }> {
  const place = newPlace()
  const log = await openLog(place)
  onTestFinished(async () => {
    await log.close()
    place.remove()
  })
  const tamper = (sql: string): void => {
    const raw = new DatabaseSync(join(place.folder, 'records.db'), { timeout: 20_000 })
    raw.exec(sql)
    raw.close()
  }
  return { ...log, tamper }
}

const partsOf = ({ dir, records }: Pick<OpenLog, 'dir' | 'records'>) => ({ dir, disk: systemDisk, read: records.read })

/** Changes one byte of the newest bundle of entries. */
function damage(dir: string): void {
  const entries = join(dir, 'tile', 'entries')
  const partial = readdirSync(entries).find((name) => name.endsWith('.p'))!
  const width = readdirSync(join(entries, partial))
    .map(Number)
    .toSorted((a, b) => b - a)[0]!
  const file = join(entries, partial, String(width))
  const bytes = readFileSync(file)
  bytes[40]! ^= 1
  writeFileSync(file, bytes)
}

test('each night hashes the log again, and says where it is not whole and what to do', async () => {
  const log = await openOwn()
  await log.issue(5)
  await log.audit.flush()
  expect(await checkLog(partsOf(log))).toMatchObject({
    name: 'log',
    state: 'holds',
    says: expect.stringContaining('were hashed'),
  })
  log.tamper(`UPDATE log_signed SET root = zeroblob(32) WHERE size = (SELECT min(size) FROM log_signed)`)
  expect(await checkLog(partsOf(log))).toMatchObject({
    state: 'fails',
    wrong: [expect.stringMatching(/signed.*was signed with another root.*compare both with a copy/)],
  })
})

test('a log that goes on while it is hashed is whole, and other work has its turn after each bundle', async () => {
  const log = await openOwn()
  await log.issue(600)
  await log.audit.flush(30_000)
  let [turns, isOver] = [0, false]
  const turn = (): void => void (isOver || ((turns += 1), setImmediate(turn)))
  turn()
  const [result] = await Promise.all([fsck(partsOf(log)), log.issue(50)])
  isOver = true
  expect(result.differences).toEqual([])
  expect(turns).toBeGreaterThan(Math.ceil(result.entries / 256))
})

test('what the night finds is the state of the log, an alarm and an event, until it is over', async () => {
  const place = newPlace()
  const line = await openLine({ place })
  await line.trail.issue(2)
  await line.relay.flush()
  await line.journal.shipped(20_000)
  await line.audit.flush(30_000)
  const results: Reconciled[] = []
  const lines = collectingLog()
  const nightly = startReconciliation({
    read: line.records.read,
    keys: line.trail.keys,
    dir: line.trail.dir,
    store: line.store,
    journal: line.journal,
    clock: systemClock,
    log: lines,
    onResult: (result) => results.push(result),
  })
  onTestFinished(() => nightly.close())
  expect([nightly.last(), nightly.trouble()]).toEqual([null, null])
  expect(await nightly.run()).toMatchObject({ isGood: true })
  expect(nightly.last()?.checks.map(({ name, state }) => `${name} ${state}`)).toEqual(
    expect.arrayContaining(['facts holds', 'setup holds', 'log holds']),
  )
  expect(nightly.trouble()).toBeNull()
  damage(line.trail.dir)
  expect(await nightly.run()).toMatchObject({ isGood: false })
  expect(nightly.trouble()).toContain('shards of the log are not whole. "tokentrail audit reconcile"')
  expect(nightly.last()).toMatchObject({ isGood: false })
  expect(lines.lines.join('\n')).toContain('does not agree with the audit log')
  expect(results.map(({ isGood }) => isGood)).toEqual([true, false])
})
