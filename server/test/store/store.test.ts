import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, test, vi } from 'vitest'
import { nodeArguments } from '../../src/runtime.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import { isAlive } from '../../src/store/process-facts.ts'
import {
  insert,
  numberOf,
  openForTest,
  openMigrated,
  rowsOf,
  sharedStore,
  silentLog,
  temporaryFolder,
  validation,
} from './support.ts'
import type { Store } from '../../src/store/store.ts'

const SLOW = 'SELECT sum(cityHash64(number) % 7) AS n FROM numbers(100000000000)'

describe('questions', () => {
  const shared = sharedStore()

  test('values reach the engine as parameters, whatever they hold, and large integers stay exact', async () => {
    const store = shared()
    const value = "it's {x:String}\n\\'; DROP DATABASE tokentrail; --\t\0é🙂"
    const rows = await rowsOf(
      store,
      'SELECT {v:String} AS v, {big:UInt64} AS big, {list:Array(UInt64)} AS list, {names:Array(String)} AS names, toUInt64(7) AS small, 0.5 AS half',
      {
        v: value,
        big: 2n ** 64n - 1n,
        list: [1, 2n ** 60n],
        names: ["a'b", 'c,d', '\\'],
      },
    )
    expect(rows).toEqual([
      {
        v: value,
        big: '18446744073709551615',
        list: [1, '1152921504606846976'],
        names: ["a'b", 'c,d', '\\'],
        small: 7,
        half: 0.5,
      },
    ])
  })

  test('settings of one question do not reach the next', async () => {
    const store = shared()
    await expect(
      store.query({ sql: 'SELECT count() FROM numbers(1000) WHERE number % 3 = 1', params: {}, limits: { rowsReadMax: 10 } }),
    ).rejects.toMatchObject({ code: 'cost_refused' })
    expect(await numberOf(store, 'SELECT count() AS n FROM numbers(1000) WHERE number % 3 = 1')).toBe(333)
    await store.command('CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a')
  })

  test.each([
    "INSERT INTO schema_version (no, name) VALUES (2, 'x')",
    'DROP TABLE schema_version',
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "SELECT * FROM executable('id', TSV, 'x String')",
    'SET readonly = 0',
    'SELECT 1; SELECT 2',
    "SELECT 1 INTO OUTFILE 'tokentrail-outfile'",
  ])('%s is refused as a question', async (sql) => {
    const store = shared()
    const before = await rowsOf(store, 'SELECT no FROM schema_version ORDER BY no')
    await expect(store.query({ sql, params: {} })).rejects.toMatchObject({ code: 'internal' })
    expect(await rowsOf(store, 'SELECT no FROM schema_version ORDER BY no')).toEqual(before)
  })

  test('one that takes too long is stopped and says so; so is one that nobody waits for any more', async () => {
    const store = shared()
    await expect(store.query({ sql: SLOW, params: {}, limits: { timeoutMs: 200, rowsReadMax: 1e12 } })).rejects.toMatchObject({
      code: 'question_timeout',
    })
    const impatient = new AbortController()
    const answer = store.query({ sql: SLOW, params: {}, limits: { rowsReadMax: 1e12 }, signal: impatient.signal })
    await vi.waitFor(async () => expect(await running(store)).toBe(1), { timeout: 5000 })
    impatient.abort()
    await expect(answer).rejects.toThrow(/abort/)
    await vi.waitFor(async () => expect(await running(store)).toBe(0), { timeout: 5000 })
  })

  test('one that costs too much is refused by name', async () => {
    const store = shared()
    await expect(
      store.query({ sql: 'SELECT uniqExact(number) FROM numbers(10000000)', params: {}, limits: { memoryBytesMax: 10_000_000 } }),
    ).rejects.toMatchObject({ code: 'cost_refused' })
    await expect(store.query({ sql: SLOW, params: {}, limits: { rowsReadMax: 1000 } })).rejects.toMatchObject({
      code: 'cost_refused',
    })
  })

  test('an answer tells what it cost', async () => {
    const store = shared()
    const { cost } = await store.query({ sql: 'SELECT sum(number) FROM numbers(10000)', params: {} })
    expect(cost.rowsRead).toBe(10_000)
    expect(cost.bytesRead).toBeGreaterThan(0)
    expect(cost.elapsedMs).toBeGreaterThan(0)
  })

  test('a long answer is streamed in any format', async () => {
    const store = shared()
    const csv = await store.stream({
      sql: 'SELECT number AS n FROM numbers({count:UInt64})',
      params: { count: 300_000 },
      format: 'CSVWithNames',
    })
    expect((await text(csv)).split('\n')).toHaveLength(300_002)
    const parquet = await store.stream({ sql: 'SELECT number AS n FROM numbers(10)', params: {}, format: 'Parquet' })
    expect((await buffer(parquet)).subarray(0, 4).toString()).toBe('PAR1')
    await expect(store.stream({ sql: 'SELECT nothing', params: {}, format: 'CSV' })).rejects.toMatchObject({ code: 'internal' })
    await expect(store.stream({ sql: 'SELECT 1', params: {}, format: 'CSV; DROP' })).rejects.toThrow(TypeError)
  })

  test('many at once are all answered', async () => {
    const store = shared()
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => rowsOf(store, 'SELECT {i:UInt32} AS i', { i })))
    expect(answers.map(([row]) => row)).toEqual(Array.from({ length: 100 }, (_, i) => ({ i })))
  })
})

describe('the store process', () => {
  test('is started again after kill -9, with what was acknowledged', async () => {
    const onRestart = vi.fn<() => void>()
    const store = await openMigrated({ onRestart })
    await insert(store, [validation(1)], 'a')
    process.kill(store.health().pid ?? 0, 'SIGKILL')
    await vi.waitFor(() => expect(onRestart).toHaveBeenCalledTimes(1), { timeout: 10_000 })
    expect(store.health()).toMatchObject({ state: 'ready', restarts: 1 })
    await insert(store, [validation(1)], 'a')
    expect(await numberOf(store, 'SELECT count() AS n FROM events')).toBe(1)
  })

  test('killed at any moment of an insert, a retry leaves each row once, in roll-ups too', async () => {
    const store = await openMigrated()
    for (let round = 0; round < 4; round++) {
      const rows = Array.from({ length: 2000 }, (_, i) => validation(round * 2000 + i))
      const first = insert(store, rows, `round ${round}`).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, round * 25))
      process.kill(store.health().pid ?? 0, 'SIGKILL')
      await first
      await vi.waitFor(() => insert(store, rows, `round ${round}`), { timeout: 20_000, interval: 50 })
    }
    expect(await numberOf(store, 'SELECT count() AS n FROM events')).toBe(8000)
    expect(await numberOf(store, 'SELECT sum(count) AS n FROM events_minute')).toBe(8000)
    expect(await numberOf(store, 'SELECT sum(attempts) AS n FROM token_day')).toBe(8000)
    expect(await numberOf(store, 'SELECT sum(stored) AS n FROM capture_minute')).toBe(8000)
  })

  test('that somebody has stopped is left alone, and goes on where it was', async () => {
    const store = await openMigrated()
    const { pid } = store.health()
    process.kill(pid ?? 0, 'SIGSTOP')
    const waiting = insert(store, [validation(1)], 'a')
    await expect(store.query({ sql: 'SELECT 1', params: {}, limits: { timeoutMs: 100 } })).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    await vi.waitFor(() => expect(store.health().state).toBe('unreachable'), { timeout: 10_000 })
    process.kill(pid ?? 0, 'SIGCONT')
    await waiting
    expect(await numberOf(store, 'SELECT count() AS n FROM events')).toBe(1)
    expect(store.health()).toMatchObject({ pid, restarts: 0 })
  })

  test.each(['SIGCONT', 'SIGSTOP'] as const)('ends with its server, or is ended by the next (%s)', async (signal) => {
    const dir = temporaryFolder()
    const server = fork(new URL('./parent.ts', import.meta.url), [dir], { execArgv: [...nodeArguments] })
    const [message] = (await once(server, 'message')) as [{ storePid: number }]
    process.kill(message.storePid, signal)
    server.kill('SIGKILL')
    await once(server, 'exit')
    const store = await openForTest({ dir })
    expect(await isAlive(message.storePid)).toBe(false)
    expect(await numberOf(store, 'SELECT 1 AS n')).toBe(1)
  })

  test('of another server that lives is not taken over', async () => {
    const dir = temporaryFolder()
    await openForTest({ dir })
    await expect(openStore({ dir, memoryBytesMax: 2 ** 30, log: silentLog })).rejects.toMatchObject({ code: 'data_in_use' })
  })

  test('listens where only its user can speak to it, also in a folder with a very long path', async () => {
    const dir = join(temporaryFolder(), 'a-very-long-name-'.repeat(8))
    mkdirSync(dir, { recursive: true })
    const store = await openForTest({ dir })
    if (store.address.form !== 'embedded') throw new Error('The store is not embedded.')
    expect(Buffer.byteLength(store.address.socketPath)).toBeLessThanOrEqual(100)
    expect(statSync(store.address.socketPath).mode & 0o077).toBe(0)
    expect(await numberOf(store, 'SELECT 1 AS n')).toBe(1)
  })

  test('is gone when the store is closed, and keeps what it had', async () => {
    const dir = temporaryFolder()
    const first = await openStore({ dir, memoryBytesMax: 2 ** 30, log: silentLog })
    await migrateStore(first)
    await insert(first, [validation(1)], 'a')
    const { pid } = first.health()
    await first.close()
    expect(await isAlive(pid ?? 0)).toBe(false)
    expect(first.health()).toMatchObject({ state: 'stopped', pid: null })
    await expect(first.query({ sql: 'SELECT 1', params: {} })).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await numberOf(await openForTest({ dir }), 'SELECT count() AS n FROM events')).toBe(1)
  })

  test('a memory bound too small to work with is refused at once', async () => {
    await expect(openStore({ dir: temporaryFolder(), memoryBytesMax: 1000, log: silentLog })).rejects.toThrow(TypeError)
  })
})

describe('a store by URL', () => {
  test.each(['nonsense', 'ftp://host/x', 'http://host/data;base', 'http://host/db?cluster=a b'])(
    '%s is refused without repeating it',
    async (url) => {
      const refused = openStore({ url, dir: temporaryFolder(), memoryBytesMax: 2 ** 30, log: silentLog })
      await expect(refused).rejects.toMatchObject({ code: 'config_invalid', input: 'store' })
    },
  )

  test('that does not answer says so, and shows no password anywhere', async () => {
    const said: unknown[] = []
    const note = (...all: unknown[]): void => void said.push(...all)
    const url = 'http://someone:very-secret@127.0.0.1:9/tokentrail'
    const error: unknown = await openStore({
      url,
      dir: temporaryFolder(),
      memoryBytesMax: 2 ** 30,
      log: { info: note, warn: note, error: note },
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'store_unavailable' })
    expect(JSON.stringify([said, String(error)])).not.toContain('very-secret')
  })
})

async function running(store: Store): Promise<number> {
  return numberOf(store, "SELECT count() AS n FROM system.processes WHERE query LIKE 'SELECT sum(cityHash64%'")
}
