import { Client } from 'pg'
import { afterAll, afterEach, describe, expect, inject, it, vi } from 'vitest'
import { askForPostgres, createDatabase } from '../../../test/postgres.ts'
import { RECORDS_VERSION } from '../../src/records/migrations.ts'
import { openRecords } from '../../src/records/open.ts'
import type { Records, TokenChange } from '../../src/records/records.ts'
import { addTenant, ADMIN, collectingLog, frozenClock, issue, NOW } from './fixture.ts'

const server = await askForPostgres(inject('postgres'))
const databases: { url: string; drop(): Promise<void> }[] = []
const opened: Records[] = []

async function newDatabase(): Promise<string> {
  const database = await createDatabase(server)
  databases.push(database)
  return database.url
}

async function open(url: string): Promise<Records> {
  const records = await openRecords({ url, clock: frozenClock, log: collectingLog() })
  opened.push(records)
  return records
}

async function ask<Row>(url: string, text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}

afterEach(async () => {
  for (const records of opened.splice(0)) await records.close()
})
afterAll(async () => {
  for (const database of databases) await database.drop()
})

describe('several processes on one PostgreSQL', () => {
  it('make the tables once when they start together', async () => {
    const url = await newDatabase()
    const all = await Promise.all([open(url), open(url), open(url)])
    const tenant = await addTenant(all[0])
    expect(await all[2].read.tenant(tenant.no)).toEqual(tenant)
  })

  it('refuse data of a newer program', async () => {
    const url = await newDatabase()
    await (await open(url)).close()
    opened.length = 0
    await ask(url, `INSERT INTO tokentrail.schema_version (version) VALUES (${RECORDS_VERSION + 1})`)
    await expect(open(url)).rejects.toMatchObject({ code: 'data_newer' })
  })

  it('hear of a change within a second, and not of their own twice', async () => {
    const url = await newDatabase()
    const [here, there] = [await open(url), await open(url)]
    const tenant = await addTenant(here)
    const token = await issue(here, tenant)
    const heard = { here: [] as TokenChange[], there: [] as TokenChange[] }
    here.onChange((change) => heard.here.push(change))
    const arrived = new Promise<number>((resolve) => {
      there.onChange((change) => {
        heard.there.push(change)
        if (change !== 'all' && change.version === 2) resolve(performance.now())
      })
    })
    await here.act('revokeToken', { tenantNo: tenant.no, id: token.id, reason: 'leaked', at: NOW, actor: ADMIN })
    const acknowledged = performance.now()
    expect((await arrived) - acknowledged).toBeLessThan(1_000)
    expect(heard.there.at(-1)).toEqual({ no: token.no, id: token.id, version: 2 })
    await issue(there, tenant)
    await vi.waitFor(() => expect(heard.here).toHaveLength(2))
    expect(heard.here[0]).toEqual({ no: token.no, id: token.id, version: 2 })
  })

  it('let exactly one of 1,000 consumers on two processes win', async () => {
    const url = await newDatabase()
    const both = [await open(url), await open(url)] as const
    const tenant = await addTenant(both[0])
    const { no } = await issue(both[0], tenant, { kind: 'action' })
    const consume = (_: unknown, index: number) =>
      both[index % 2 === 0 ? 0 : 1].act('consumeToken', { tenantNo: tenant.no, no, at: NOW, facts: {} })
    const results = await Promise.all(Array.from({ length: 1_000 }, consume))
    expect(results.filter((result) => !('refused' in result))).toHaveLength(1)
    expect(new Set(results.map(({ token }) => `${token.endedByWriter} ${token.endedBySeq}`)).size).toBe(1)
  })

  it('forget everything after the feed was cut and listens again', async () => {
    const url = await newDatabase()
    const records = await open(url)
    const heard: TokenChange[] = []
    records.onChange((change) => heard.push(change))
    await ask(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
    )
    await vi.waitFor(() => expect(heard).toContain('all'), 10_000)
    await vi.waitFor(() => expect(records.feedIsFresh()).toBe(true))
    const tenant = await addTenant(records)
    expect(await records.read.tenant(tenant.no)).toEqual(tenant)
  })

  it('take a stranger on the channel for a change of anything', async () => {
    const url = await newDatabase()
    const records = await open(url)
    const heard: TokenChange[] = []
    records.onChange((change) => heard.push(change))
    for (const payload of ['not json', 'null', '{}']) await ask(url, `SELECT pg_notify('tokentrail_changes', $1)`, [payload])
    await vi.waitFor(() => expect(heard).toEqual(['all', 'all', 'all']))
  })

  it('know that the feed is silent, and that it speaks again', async () => {
    const url = await newDatabase()
    const records = await open(url)
    expect(records.feedIsFresh()).toBe(true)
    const [feed] = await ask<{ pid: number }>(
      url,
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`,
    )
    process.kill(feed!.pid, 'SIGSTOP')
    try {
      await vi.waitFor(() => expect(records.feedIsFresh()).toBe(false), 10_000)
    } finally {
      process.kill(feed!.pid, 'SIGCONT')
    }
    await vi.waitFor(() => expect(records.feedIsFresh()).toBe(true), 10_000)
  })

  it('relay only their own events, and those of a process that is gone', async () => {
    const url = await newDatabase()
    const [gone, stays] = [await open(url), await open(url)]
    const tenant = await addTenant(gone)
    const token = await issue(stays, tenant)
    expect((await gone.outbox(10)).map(({ event }) => event.tokenNo)).toEqual([0])
    expect((await stays.outbox(10)).map(({ event }) => event.tokenNo)).toEqual([token.no])
    const told = new Promise<void>((resolve) => void stays.onOutbox(resolve))
    opened.splice(opened.indexOf(gone), 1)
    await gone.close()
    await told
    expect(new Set((await stays.outbox(10)).map(({ event }) => event.tokenNo))).toEqual(new Set([0, token.no]))
  })

  it('refuse a text that PostgreSQL cannot keep as the mistake of the caller that it is', async () => {
    const records = await open(await newDatabase())
    const tenant = await addTenant(records)
    await expect(issue(records, tenant, { name: 'a\0b' })).rejects.toMatchObject({ code: 'parameter_invalid' })
    await expect(records.read.token(tenant.no, 'a\0b')).rejects.toMatchObject({ code: 'parameter_invalid' })
  })

  it('say that the records are unavailable where there is no server', async () => {
    const nowhere = new URL(await newDatabase())
    nowhere.searchParams.set('host', '/nonexistent')
    await expect(open(nowhere.href)).rejects.toMatchObject({ code: 'records_unavailable' })
  })

  it('answer what runs and refuse what comes when they are closed', async () => {
    const records = await open(await newDatabase())
    const tenant = await addTenant(records)
    const waiting = Array.from({ length: 50 }, () => issue(records, tenant))
    opened.length = 0
    const closing = records.close()
    await expect(issue(records, tenant)).rejects.toMatchObject({ code: 'records_unavailable' })
    expect(await Promise.all(waiting)).toHaveLength(50)
    await closing
  })
})
