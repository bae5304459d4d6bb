import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { atRest } from './conservation.ts'
import { runCommand, startServer, temporaryFolder } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const FOLDER = fileURLToPath(new URL('../../../shared/data/cloudtrail/invictus/CloudTrail', import.meta.url))
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => join(FOLDER, name))

interface CloudTrailRecord {
  readonly eventName: string
  readonly errorCode?: string
  readonly userIdentity?: { readonly accessKeyId?: string }
}

/** The records, read without any code of ours. */
const RECORDS = FILES.flatMap((file) => (JSON.parse(readFileSync(file, 'utf8')) as { Records: CloudTrailRecord[] }).Records)
const keyOf = (record: CloudTrailRecord): string => record.userIdentity?.accessKeyId ?? ''
const isDenied = (record: CloudTrailRecord): boolean => /AccessDenied|UnauthorizedOperation/.test(record.errorCode ?? '')

const folder = temporaryFolder()
let server: RunningServer
let environment: Record<string, string>
beforeAll(async () => {
  server = await startServer(folder.path)
  environment = { TOKENTRAIL_URL: server.url, TOKENTRAIL_TOKEN: server.adminToken }
})
afterAll(async () => {
  await server.kill()
  folder.remove()
})

describe('importing real CloudTrail files by the command line', () => {
  test('stores each of the 2,900 records once', { timeout: 60_000 }, async () => {
    const { exitCode, stdout, stderr } = await runCommand(['import', 'cloudtrail', ...FILES, '--json'], environment)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ read: 2900, rejected: 0 })
    expect(RECORDS).toHaveLength(2900)
    await atRest(server)
  })

  test('again adds nothing', { timeout: 60_000 }, async () => {
    const before = (await atRest(server)).received
    const { exitCode } = await runCommand(['import', 'cloudtrail', ...FILES, '--json'], environment)
    expect(exitCode).toBe(0)
    const after = await atRest(server)
    expect(after.received - before).toBeLessThan(50)
    expect(await totals()).toMatchObject({ attempts: RECORDS.filter((record) => keyOf(record) !== '').length })
  })

  test('the busiest key has the counts of the files', async () => {
    const [key, count] = busiestKey()
    const denied = RECORDS.filter((record) => keyOf(record) === key && isDenied(record)).length
    expect(await totals(key)).toMatchObject({ attempts: count, forbidden: denied })
    const { body } = await server.call<{ id: string; kind: string }>('GET', `/v1/tokens/${key}`)
    expect(body).toMatchObject({ id: key, kind: 'access' })
  })
})

function busiestKey(): [key: string, count: number] {
  const counts = new Map<string, number>()
  for (const key of RECORDS.map(keyOf).filter((each) => each !== '')) counts.set(key, (counts.get(key) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? ['', 0]
}

async function totals(token?: string) {
  const window = { from: String(Date.parse('2023-01-01')), to: String(Date.parse('2024-12-31')) }
  const query = new URLSearchParams(token === undefined ? window : { ...window, token })
  return (
    await server.call<{ rows: { attempts: number; forbidden: number }[] }>('GET', `/v1/questions/totals?${query.toString()}`)
  ).body.rows[0]
}
