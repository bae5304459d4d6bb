import { DatabaseSync } from 'node:sqlite'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { newPlace, openLog, type OpenLog, type Place } from './support.ts'

function newOwnPlace(): Place {
  const place = newPlace()
  onTestFinished(() => place.remove())
  return place
}

/** Works on the records as somebody with the database open would. */
function tamper({ folder }: Place, sql: string): void {
  const raw = new DatabaseSync(join(folder, 'records.db'), { timeout: 20_000 })
  raw.exec(sql)
  raw.close()
}

const checkpointOf = ({ dir }: OpenLog) => readFileSync(join(dir, 'checkpoint'), 'utf8')

const PATIENCE = { timeout: 30_000, interval: 50 }

test.each([
  ['the head', 'DELETE FROM log_signed; UPDATE log_head SET root = zeroblob(32)'],
  ['what was fixed', 'UPDATE log_signed SET root = zeroblob(32), note = NULL WHERE size = (SELECT size FROM log_head)'],
])('a log whose records give another root than its files is not continued: %s', async (_, sql) => {
  const place = newOwnPlace()
  const before = await openLog(place)
  await before.issue(3)
  await before.audit.flush()
  await before.close()
  const published = checkpointOf(before)
  tamper(place, sql)
  const alarms: object[] = []
  const log = await openLog(place, { onAlarm: (alarm) => alarms.push(alarm) })
  onTestFinished(() => log.close())
  expect((await log.audit.state()).halted).toContain('oot conflict in records')
  expect(alarms).toHaveLength(1)
  await expect(log.issue(1)).rejects.toMatchObject({
    code: 'log_halted',
    message: expect.stringContaining('tokentrail audit status'),
  })
  expect(checkpointOf(log)).toBe(published)
})

test('a log whose records are changed while it is at work signs nothing more', { timeout: 60_000 }, async () => {
  const place = newOwnPlace()
  const alarms: object[] = []
  const log = await openLog(place, { onAlarm: (alarm) => alarms.push(alarm) })
  onTestFinished(() => log.close())
  await log.issue(3)
  await log.audit.flush()
  const published = checkpointOf(log)
  tamper(place, 'UPDATE log_head SET root = zeroblob(32), edge = zeroblob(length(edge))')
  await log.issue(1)
  await vi.waitFor(async () => expect((await log.audit.state()).halted).toContain('root conflict in records'), PATIENCE)
  expect(alarms).toMatchObject([{ check: 'checkpoint' }])
  await expect(log.issue(1)).rejects.toMatchObject({ code: 'log_halted', message: expect.stringContaining('audit fsck') })
  expect(checkpointOf(log)).toBe(published)
})

test('a halted log says so once, however often it is looked at', { timeout: 60_000 }, async () => {
  const place = newOwnPlace()
  const before = await openLog(place)
  await before.issue(3)
  await before.audit.flush()
  await before.close()
  const alarms: object[] = []
  const log = await openLog(place, { onAlarm: (alarm) => alarms.push(alarm) })
  onTestFinished(() => log.close())
  await log.audit.flush()
  // the next checkpoint is signed by another server, over other entries than its head says
  const note = readFileSync(join(log.dir, 'checkpoint'), 'utf8').replaceAll("'", "''")
  tamper(
    place,
    `UPDATE log_head SET root = zeroblob(32), size = size + 1, edge = zeroblob(length(edge) + 32);
     INSERT INTO log_entry SELECT shard, place + 1, 'evt_zz_1', 1, 9999, type, at, bytes FROM log_entry ORDER BY place DESC LIMIT 1;
     INSERT INTO log_signed SELECT shard, size, root, 1, '${note}' FROM log_head`,
  )
  await vi.waitFor(async () => expect((await log.audit.state()).halted).toContain('root conflict in records'), PATIENCE)
  await vi.waitFor(async () => expect((await log.audit.state()).failure).toContain('root conflict in records'), PATIENCE)
  expect(alarms).toHaveLength(1)
})
