import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reconcile } from '../../src/audit/reconcile.ts'
import { systemClock } from '../../src/clock.ts'
import { openLine, settled } from './batch-support.ts'
import { newPlace } from './support.ts'
import type { ReconcileCheck } from '../../src/audit/reconcile.ts'
import type { Clock } from '../../src/clock.ts'

const LATER: Clock = { now: () => Date.now() + 2 * 3_600_000, ticks: systemClock.ticks }

async function openChecked() {
  const place = newPlace()
  const line = await openLine({ place })
  const run = () => reconcile({ read: line.records.read, store: line.store, journal: line.journal, clock: LATER })
  const failing = async () => (await run()).checks.filter(({ state }) => state === 'fails')
  /** Works on the records as somebody with the database open would. */
  const tamper = (sql: string): void => {
    const raw = new DatabaseSync(join(place.folder, 'records.db'), { timeout: 5000 })
    raw.exec(sql)
    raw.close()
  }
  await line.trail.issue(3)
  await line.append(120)
  await line.append(30, { outcome: 2, reason: 14 })
  await line.append(2, { type: 621, outcome: 0, detail: '{}' })
  await line.relay.flush()
  await line.journal.shipped(20_000)
  await settled(line, 150)
  await line.audit.flush()
  return { line, run, failing, tamper }
}

const names = (checks: readonly ReconcileCheck[]) => checks.map(({ name }) => name)

test('what was recorded agrees with the log, and the next run goes on where this one ended', async () => {
  const { line, run } = await openChecked()
  const first = await run()
  expect(first).toMatchObject({ isGood: true })
  expect(first.checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'critical holds',
    'tokens holds',
    'batches holds',
    'rows holds',
    'ledger holds',
  ])
  expect(first.checks[4]?.says).toContain('Of 152 counted events')
  await line.trail.issue(1)
  await line.relay.flush()
  await line.journal.shipped(20_000)
  const second = await run()
  expect(second).toMatchObject({ isGood: true })
  expect(second.checks[0]?.says).toContain('Each of 1 critical events')
})

test('an entry that is gone is found, whoever took it', async () => {
  const { failing, tamper } = await openChecked()
  tamper(
    "DELETE FROM log_entry WHERE type = 'token.issued' AND place = (SELECT max(place) FROM log_entry WHERE type = 'token.issued')",
  )
  expect(names(await failing())).toEqual(['critical'])
})

test('a token that was put in or ended behind our back is found', async () => {
  const { failing, tamper } = await openChecked()
  tamper("UPDATE token SET ended_at = 1, ending = 'revoked' WHERE no = (SELECT min(no) FROM token)")
  const [check] = await failing()
  expect(check).toMatchObject({ name: 'tokens', wrong: [expect.stringContaining('no event of its end')] })
})

test('a token without an event of its issue is found', async () => {
  const { failing, line } = await openChecked()
  await line.store.command(
    'DELETE FROM events WHERE type = 101 AND token_no = (SELECT max(token_no) FROM events WHERE type = 101)',
  )
  const [check] = await failing()
  expect(check).toMatchObject({ name: 'tokens', wrong: [expect.stringContaining('no event of its issue')] })
})

test('a batch that is gone, and one whose counts were changed, are found', async () => {
  const { failing, tamper } = await openChecked()
  tamper('UPDATE audit_batch SET rows_total = rows_total - 1, events_total = events_total - 1')
  expect(names(await failing())).toEqual(expect.arrayContaining(['batches', 'ledger']))
})

test('rows that were changed in the store are found', async () => {
  const { failing, line } = await openChecked()
  await line.store.command('ALTER TABLE events UPDATE outcome = 1 WHERE outcome = 2 SETTINGS mutations_sync = 1')
  expect(names(await failing())).toEqual(['rows'])
})

test('what still waits for its place is looked at again, and found when it is gone', async () => {
  const { line, run, failing, tamper } = await openChecked()
  // nobody can append any more
  tamper('UPDATE log_head SET closed = 1')
  await line.trail.issue(2)
  await line.append(10)
  await line.relay.flush()
  await line.journal.shipped(20_000)
  await settled(line, 160)
  const waiting = await run()
  expect(waiting).toMatchObject({ isGood: true })
  expect(waiting.checks[0]?.says).toContain('or waits for its place (2)')
  tamper('DELETE FROM audit_outbox')
  expect(names(await failing())).toEqual(['critical', 'batches'])
  tamper('UPDATE log_head SET closed = 0')
})

test('after a recovery the batches begin anew where the last comparison had ended', async () => {
  const { line, run, tamper } = await openChecked()
  expect(await run()).toMatchObject({ isGood: true })
  tamper("UPDATE log_entry SET type = 'log.recovered' WHERE type = 'log.opened'")
  tamper('DELETE FROM audit_batch_span')
  tamper('DELETE FROM audit_batch')
  await line.append(10)
  await line.journal.shipped(20_000)
  await settled(line, 10)
  await line.audit.flush()
  expect((await run()).checks.filter(({ state }) => state === 'fails')).toEqual([])
})
