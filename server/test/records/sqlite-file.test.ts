import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { migrate, RECORDS_VERSION } from '../../src/records/migrations.ts'
import { openRecords } from '../../src/records/open.ts'
import { openForWriting } from '../../src/records/sqlite-connection.ts'
import { runGroup, type WriterCall } from '../../src/records/sqlite-group.ts'
import { addTenant, ADMIN, collectingLog, frozenClock, issue, NOW } from './fixture.ts'

const dir = mkdtempSync(join(tmpdir(), 'tokentrail-records-'))
afterAll(() => rmSync(dir, { recursive: true }))

let files = 0
const newFile = () => join(dir, `records-${(files += 1)}.db`)
const open = (file: string) => openRecords({ file, clock: frozenClock, log: collectingLog() })

describe('an SQLite file of records', () => {
  it('holds after a restart what was acknowledged, and numbers events under a new writer', async () => {
    const file = newFile()
    const before = await open(file)
    const tenant = await addTenant(before)
    const token = await issue(before, tenant)
    const noted = await before.outbox(10)
    await before.close()
    expect(existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0).toBe(0)
    const after = await open(file)
    expect(await after.read.token(tenant.no, token.id)).toEqual(token)
    expect(await after.outbox(10)).toEqual(noted)
    await issue(after, tenant)
    const writers = (await after.outbox(10)).map(({ writer, seq }) => [writer, seq])
    expect(writers).toEqual([
      [noted[0]!.writer, 1],
      [noted[0]!.writer, 2],
      [noted[0]!.writer + 1, 1],
    ])
    await after.close()
  })

  it('is held by one process at a time', async () => {
    const file = newFile()
    const records = await open(file)
    await expect(open(file)).rejects.toMatchObject({ code: 'data_in_use' })
    await addTenant(records)
    await records.close()
    await (await open(file)).close()
  })

  it('is refused untouched when a newer program wrote it', async () => {
    const file = newFile()
    await (await open(file)).close()
    const raw = new DatabaseSync(file)
    raw.exec(`INSERT INTO schema_version (version) VALUES (${RECORDS_VERSION + 1})`)
    raw.close()
    await expect(open(file)).rejects.toMatchObject({ code: 'data_newer' })
  })

  it('is refused when its folder does not exist or its content is something else', async () => {
    await expect(open(join(dir, 'nowhere', 'records.db'))).rejects.toMatchObject({ code: 'records_unavailable' })
    const other = newFile()
    writeFileSync(other, 'This is not a database.'.repeat(100))
    await expect(open(other)).rejects.toMatchObject({ code: 'records_unavailable' })
  })

  it('refuses actions after it is closed, and answers those that came before', async () => {
    const records = await open(newFile())
    const tenant = await addTenant(records)
    const waiting = Array.from({ length: 200 }, () => issue(records, tenant))
    const closing = records.close()
    await expect(issue(records, tenant)).rejects.toMatchObject({ code: 'records_unavailable' })
    expect(await Promise.all(waiting)).toHaveLength(200)
    await closing
  })

  it('changes nothing when the disk is full, and goes on when there is room', async () => {
    const connection = openForWriting(newFile())
    await migrate(connection.db, 'sqlite')
    let writer = 0
    const act = async (...calls: Omit<WriterCall, 'id'>[]) =>
      (
        await runGroup(
          connection,
          writer,
          calls.map((call, id) => ({ id, ...call })),
        )
      ).answers
    const [leased] = await act({ name: 'leaseWriter', params: { purpose: 'records', at: NOW } })
    writer = leased && 'result' in leased ? Number(leased.result) : 0
    await act({ name: 'addTenant', params: { name: 'Full', at: NOW, actor: ADMIN } })
    const big = (size: number): Omit<WriterCall, 'id'> => ({
      name: 'putSetting',
      params: { tenantNo: 1, name: `size-${size}`, value: 'x'.repeat(size), at: NOW, actor: ADMIN },
    })
    connection.raw.exec(`PRAGMA max_page_count = ${String(connection.raw.prepare('PRAGMA page_count').get()?.page_count)}`)
    const full = await act(big(10), big(1_000_000), big(20))
    expect(full.some((answer) => 'failure' in answer && answer.failure.code === 'records_unavailable')).toBe(true)
    connection.raw.exec('PRAGMA max_page_count = 1000000')
    const settled = full.map((answer) => 'result' in answer)
    expect(await act(big(30), big(1_000_000))).toEqual([
      { id: 0, result: undefined },
      { id: 1, result: undefined },
    ])
    const seqs = connection.raw
      .prepare('SELECT seq FROM outbox ORDER BY seq')
      .all()
      .map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    expect(seqs).toHaveLength(1 + settled.filter(Boolean).length + 2)
    connection.close()
  })

  it('keeps every acknowledged token and its event through kill -9', { timeout: 60_000 }, async () => {
    const file = newFile()
    const killed: string[] = []
    for (let round = 0; round < 3; round += 1) killed.push(...(await issueUntilKilled(file, 50 + 70 * round)))
    const records = await open(file)
    const [tenant] = await records.read.tenants()
    const tokens = await records.read.lives(tenant!.no, { after: 0, limit: 10_000 })
    expect(new Set(tokens.map(({ id }) => id)).isSupersetOf(new Set(killed))).toBe(true)
    const noted = (await records.outbox(10_000)).filter(({ event }) => event.tokenNo !== 0)
    expect(noted.map(({ event }) => event.tokenNo)).toEqual(tokens.map(({ no }) => no))
    await records.close()
  })
})

/** Ids that a child process acknowledged before it was killed. */
async function issueUntilKilled(file: string, count: number): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('issue-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', '--disable-warning=ExperimentalWarning', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: string[] = []
  for await (const id of createInterface(child.stdout)) {
    acknowledged.push(id)
    if (acknowledged.length === count) child.kill('SIGKILL')
  }
  return acknowledged
}
