import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { checkCanonical, openCheckpoint, parseKey, verifyInclusion } from 'tokentrail/log'
import { LOG_CRYPTO, TREE } from '../../src/audit/crypto.ts'
import { newPlace, openLog, type OpenLog, type Place } from './support.ts'

const places: Place[] = []
const logs: OpenLog[] = []

function place(): Place {
  const made = newPlace()
  places.push(made)
  return made
}

async function open(at: Place, more: Parameters<typeof openLog>[1] = {}): Promise<OpenLog> {
  const log = await openLog(at, more)
  logs.push(log)
  return log
}

async function close(log: OpenLog): Promise<void> {
  logs.splice(logs.indexOf(log), 1)
  await log.close()
}

afterEach(async () => {
  for (const log of logs.splice(0)) await log.close()
  for (const made of places.splice(0)) made.remove()
})

const parsed = (bytes: Uint8Array) => checkCanonical(bytes) as unknown as Record<string, unknown>

describe('an entry', () => {
  test('names nobody: what leads to a person is a commitment', async () => {
    const log = await open(place())
    await log.issue(1)
    await log.audit.flush()
    const [entry] = await log.audit.entries({ type: 'token.issued' }, { limit: 1 })
    const text = Buffer.from(entry!.bytes).toString('utf8')
    expect(text).not.toContain('svc-billing')
    const { hidden, shown, tenant } = parsed(entry!.bytes)
    expect(Object.keys(hidden as object)).toEqual(['actor', 'detail', 'owner', 'token'])
    expect(Object.values(hidden as object).every((value) => /^[\w-]{43}$/.test(String(value)))).toBe(true)
    expect(shown).toMatchObject({ actorKind: 'person', kind: 'access' })
    expect(tenant).toBe('t_one')
  })

  test('shows no text that somebody typed, whatever a detail holds', async () => {
    const log = await open(place())
    const detail = JSON.stringify({
      report: 'Alice Example, 12 Main St',
      rows: 3,
      digest: 'ab'.repeat(32),
      nested: { name: 'Alice' },
    })
    const facts = { detail }
    await log.records.act('noteCritical', { tenantNo: log.tenant.no, type: 405, facts, at: Date.now() })
    await log.audit.flush()
    const [entry] = await log.audit.entries({ type: 'report.exported' }, { limit: 1 })
    expect(Buffer.from(entry!.bytes).toString('utf8')).not.toContain('Alice')
    expect(parsed(entry!.bytes)['shown']).toEqual({ digest: 'ab'.repeat(32), rows: 3 })
  })

  test("carries its tenant's own number, without a gap, over a rotation and a restart", async () => {
    const at = place()
    const first = await open(at)
    await first.issue(40)
    await first.audit.rotate('test')
    await first.issue(3)
    await close(first)
    const second = await open(at)
    await second.issue(2)
    await second.audit.flush()
    const entries = await second.audit.entries({ tenantNo: second.tenant.no }, { limit: 1_000 })
    expect(entries.map(({ n }) => n).toReversed()).toEqual(Array.from({ length: 46 }, (_, index) => index + 1))
    expect((await second.fsck()).differences).toEqual([])
  })

  test('has a proof that holds without this server', async () => {
    const log = await open(place())
    const [id] = await log.issue(300)
    const proof = await log.audit.proof(id!, { waitMs: 10_000 })
    const { size, root } = openCheckpoint(LOG_CRYPTO, proof!.checkpoint, { logs: [parseKey(LOG_CRYPTO.sha256, proof!.vkey)] })
    const claim = { index: proof!.entry.index, size, root, leaf: TREE.leaf(proof!.entry.bytes), proof: proof!.hashes }
    expect(verifyInclusion(TREE, claim)).toBe(true)
    expect(verifyInclusion(TREE, { ...claim, index: claim.index + 1 })).toBe(false)
    expect(await log.audit.proof('evt_zzz_9')).toBeNull()
  })
})

describe('what is offered without a transaction', () => {
  const beat = (id: string) => ({ type: 'log.heartbeat', id, tenantNo: 0, at: Date.now(), shown: { here: true } }) as const

  test('has one entry, however often it is offered', async () => {
    const log = await open(place())
    for (let times = 0; times < 3; times += 1) await log.audit.note([beat('log_twice'), beat('log_twice')])
    await log.audit.flush()
    await log.audit.note([beat('log_twice')])
    await log.audit.flush()
    const entries = await log.audit.entries({ type: 'log.heartbeat' }, { limit: 100 })
    expect(entries.filter(({ id }) => id === 'log_twice')).toHaveLength(1)
  })

  test('is refused where it is too large, and counted where too much waits', async () => {
    const log = await open(place())
    await expect(log.audit.note([{ ...beat('log_large'), shown: { text: 'x'.repeat(5_000) } }])).rejects.toThrow('at most')
    await expect(log.audit.note([{ ...beat('evt_1_1') }])).rejects.toThrow(TypeError)
    const many = Array.from({ length: 10_001 }, (_, index) => beat(`log_many_${index}`))
    await expect(log.audit.note(many)).rejects.toMatchObject({ code: 'overloaded' })
    expect((await log.audit.state()).dropped).toBe(10_001)
  })
})

describe('a restored backup', () => {
  /** A log of some entries, whose records are then put back to what they were before the last of them. */
  async function restored(): Promise<Place> {
    const at = place()
    const before = await open(at)
    await before.issue(5)
    await close(before)
    const backup = readFileSync(join(at.folder, 'records.db'))
    const after = await open(at)
    await after.issue(5)
    await close(after)
    writeFileSync(join(at.folder, 'records.db'), backup)
    return at
  }

  test('signs nothing, and critical actions fail closed', async () => {
    const at = await restored()
    const checkpoint = readFileSync(join(at.folder, 'audit', 'checkpoint'), 'utf8')
    const alarms: object[] = []
    const { records, audit, log, close: closeLog } = await openLog(at, { onAlarm: (alarm) => alarms.push(alarm) })
    await expect(
      records.act('putSetting', { tenantNo: 0, name: 'x', value: 'y', at: Date.now(), actor: { no: 0, kind: 'system' } }),
    ).rejects.toMatchObject({ code: 'log_halted' })
    expect(await audit.state()).toMatchObject({ halted: expect.stringContaining('names size') })
    expect(audit.isHalted()).toBe(true)
    expect(alarms).toMatchObject([{ check: 'restore' }])
    expect(log.lines.join('\n')).toContain('must not be continued')
    await closeLog()
    expect(readFileSync(join(at.folder, 'audit', 'checkpoint'), 'utf8')).toBe(checkpoint)
  })

  test('is seen by the mark beside the keys where the whole data folder was put back', async () => {
    const at = place()
    const before = await open(at)
    await before.issue(3)
    await close(before)
    const copy = place()
    cpSync(at.folder, copy.folder, { recursive: true })
    const after = await open(at)
    await after.issue(3)
    await close(after)
    const { audit, close: closeLog } = await openLog({ ...copy, keys: at.keys })
    expect((await audit.state()).halted).toContain('high-water mark')
    await closeLog()
  })
})

test('a checkpoint is told of, and a static copy of the directory is what the server shows', async () => {
  const log = await open(place())
  const heard: number[] = []
  log.audit.onCheckpoint(({ size }) => heard.push(size))
  await log.issue(4)
  await log.audit.flush()
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
  const shown = await log.audit.file(null, 'checkpoint')
  expect(Buffer.from(shown!).equals(readFileSync(join(log.dir, 'checkpoint')))).toBe(true)
  expect(await log.audit.file('1999', 'checkpoint')).toBeUndefined()
  expect(await log.audit.file(null, { level: 0, index: 77n, width: 256 })).toBeUndefined()
})
