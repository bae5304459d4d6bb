import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import { expect, it, vi } from 'vitest'
import { startPostgres } from './postgres.ts'

/** The folder of a server, from its address. */
const folderOf = (url: string) => new URL(url).searchParams.get('host') ?? ''

it('gives a PostgreSQL that syncs when asked to, and leaves nothing behind', async () => {
  const postgres = await startPostgres({ durable: true })
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  expect((await client.query('SHOW fsync')).rows).toEqual([{ fsync: 'on' }])
  await client.end()
  await postgres.stop()
  expect(existsSync(folderOf(postgres.url))).toBe(false)
})

it('ends the server of a process that was killed', async () => {
  const module = new URL('postgres.ts', import.meta.url).href
  const script = `const { startPostgres } = await import(${JSON.stringify(module)}); console.log((await startPostgres()).url); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)
  const url = String((await lines[Symbol.asyncIterator]().next()).value)
  expect(existsSync(folderOf(url))).toBe(true)
  child.kill('SIGKILL')
  await vi.waitFor(() => expect(existsSync(folderOf(url))).toBe(false), 20_000)
})
