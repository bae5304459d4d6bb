import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand, startServer, temporaryFolder } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const folder = temporaryFolder()
let server: RunningServer
let environment: Readonly<Record<string, string>>

beforeAll(async () => {
  server = await startServer(folder.path)
  environment = { TOKENTRAIL_URL: server.url, TOKENTRAIL_TOKEN: server.adminToken }
}, 60_000)
afterAll(async () => {
  await server.kill()
  folder.remove()
})

/** The id of the newest event of a type in the store. */
async function newest(type: string): Promise<string> {
  const query = new URLSearchParams({ from: String(Date.now() - 3_600_000), to: String(Date.now() + 60_000), type, limit: '1' })
  const ask = async () =>
    (await server.call<{ rows?: { id: string }[] }>('GET', `/v1/questions/events-page?${query.toString()}`)).body.rows?.[0]?.id ??
    ''
  await expect.poll(ask, { timeout: 20_000 }).toMatch(/^evt_/)
  return ask()
}

test('the proof of a validation, handed over as a file, is checked without the server, and a changed one is refused', async () => {
  const { body } = await server.call<{ token: string }>('POST', '/v1/tokens', { owner: 'svc' })
  await server.call('POST', '/v1/validate', { token: body.token })
  const file = join(folder.path, 'proof.json')
  const event = await newest('token.validated')
  await expect
    .poll(async () => (await runCommand(['audit', 'proof', event, '--out', file], environment)).exitCode, { timeout: 30_000 })
    .toBe(0)
  const key = readFileSync(join(folder.path, 'audit', 'log.vkey'), 'utf8').trim()
  const verify = async (...keys: string[]) => (await runCommand(['verify', file, ...keys])).exitCode
  expect(await verify('--key', key)).toBe(0)
  expect(await verify()).toBe(6)
  const proof = readFileSync(file, 'utf8')
  writeFileSync(file, proof.replace(String.raw`\"outcome\":1`, String.raw`\"outcome\":2`))
  expect(await verify('--key', key)).toBe(6)
}, 90_000)

test('the comparison of each night can be asked for', async () => {
  const ran = await runCommand(['audit', 'reconcile', '--json'], environment)
  expect(JSON.parse(ran.stdout).checks.filter(({ state }: { state: string }) => state === 'fails')).toEqual([])
  expect(ran.exitCode).toBe(0)
}, 60_000)
