import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TYPES } from 'tokentrail'
import { formatKey, parseKey } from 'tokentrail/log'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LOG_CRYPTO } from '../../../src/audit/crypto.ts'
import { makeLogKey } from '../../../src/audit/keys.ts'
import { createWitnessServer } from '../../../src/audit/witness/serve.ts'
import { systemClock as clock } from '../../../src/clock.ts'
import { createLog } from '../../../src/config/log.ts'
import { openJournal } from '../../../src/journal/open.ts'
import { startAudit } from '../../../src/main/audit.ts'
import { openSubjectKeys } from '../../../src/privacy/subject-keys.ts'
import { createKeyEncryption } from '../../../src/privacy/wrap.ts'
import { openRecords } from '../../../src/records/open.ts'
import { rowsIn } from '../../journal/support.ts'
import { ADMIN, collectingLog, newToken } from '../../records/fixture.ts'
import { logOver, newWitness } from '../witness/support.ts'
import { listen } from './support.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tokentrail-wiring-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The log as a server has it, over what stands in the folder. */
async function openHouse(config?: string) {
  const log = collectingLog()
  const records = await openRecords({ file: join(folder, 'records.db'), clock, log })
  const kek = createKeyEncryption(() => [new Uint8Array(32).fill(1)])
  const subjectKeys = await openSubjectKeys({ file: join(folder, 'subject-keys.db'), kek })
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = await openJournal({ file: join(folder, 'journal.db'), writer, clock, bytesMax: 1 << 26, log })
  const tenant = await records.act('addTenant', { id: 't_one', name: 'Acme', at: clock.now(), actor: ADMIN })
  const audit = await startAudit({
    records,
    journal,
    subjectKeys,
    dir: join(folder, 'audit'),
    keys: folder,
    config,
    tenant,
    clock,
    log,
    version: '0.0.0-test',
  })
  return {
    audit,
    issue: () =>
      records.act('issueToken', {
        token: newToken(tenant, { digest: crypto.getRandomValues(new Uint8Array(32)) }),
        at: clock.now(),
        actor: ADMIN,
      }),
    /** The integrity alarms that were written. */
    async alarms() {
      await journal.flush()
      const rows = rowsIn(join(folder, 'journal.db')).filter(({ type }) => type === TYPES['audit.verification_failed'].id)
      return rows.map(({ detail }) => (JSON.parse(detail) as { check: string }).check)
    },
    async close() {
      await audit.close()
      await journal.close()
      await subjectKeys.close()
      await records.close()
    },
  }
}

test('a witness that has seen more stops the log while it runs, and at the next start before it runs', async () => {
  const first = await openHouse()
  const { vkey, origin, shard } = await first.audit.state()
  await first.close()
  const alone = newWitness(folder, [parseKey(LOG_CRYPTO.sha256, vkey)])
  const witness = await listen(createWitnessServer(alone.witness, createLog('silent')))
  const file = readdirSync(folder).find((name) => name.startsWith('log-key-') && name.endsWith(`-${shard}`)) ?? ''
  const twin = logOver(makeLogKey(join(folder, file), origin).signer, 'what was lost')
  const config = join(folder, 'audit.json')
  writeFileSync(config, JSON.stringify({ witnesses: [{ vkey: formatKey(alone.key), url: witness.url, everySeconds: 1 }] }))

  const second = await openHouse(config)
  expect(second.audit.anchors()).toMatchObject([{ name: alone.key.name, kind: 'witness', held: null }])
  expect(await alone.witness.addCheckpoint(await twin.body(0, 900))).toMatchObject({ status: 200 })
  await second.issue()
  await vi.waitFor(async () => expect((await second.audit.state()).halted).toMatch(/restored backup/), { timeout: 20_000 })
  await vi.waitFor(() => expect(second.issue()).rejects.toEqual(expect.objectContaining({ code: 'log_halted' })), {
    timeout: 20_000,
  })
  expect(await second.alarms()).toEqual(['anchor_restore'])
  await second.close()

  const records = await openRecords({ file: join(folder, 'records.db'), clock, log: collectingLog() })
  await records.act('haltLog', { shard, halted: null })
  await records.close()
  const third = await openHouse(config)
  expect((await third.audit.state()).halted).toMatch(/900/)
  await expect(third.issue()).rejects.toEqual(expect.objectContaining({ code: 'log_halted' }))
  await third.close()
  await witness.close()
})
