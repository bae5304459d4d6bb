import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { found } from '../detect/desk/found.ts'
import { type Front, NOON, openFront } from '../http/support.ts'

const CLI = fileURLToPath(new URL('../../src/cli/cli.ts', import.meta.url))

let front: Front
let env: Readonly<Record<string, string>>
let id: string

beforeAll(async () => {
  front = await openFront()
  await front.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = front.app.server.address() as AddressInfo
  const { text } = await front.token({ role: 'admin' })
  env = { TOKENTRAIL_URL: `http://127.0.0.1:${port}`, TOKENTRAIL_TOKEN: text, NO_COLOR: '1' }
  await front.desk.take([found({ tenant: front.own.no, severity: 'high', subject: { kind: 'source', key: 'ab' } })])
  id = (await front.records.read.findings({ tenantNo: front.own.no }, { limit: 1 }))[0]!.id
})
afterAll(() => front.close())

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(...args: string[]): Promise<Ended> {
  const since = args[0] === 'show' || args[0] === 'triage' ? [] : ['--since', new Date(NOON - 86_400_000).toISOString()]
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--conditions=source', CLI, 'findings', ...since, ...args],
      { env: { ...process.env, ...env } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}

describe('tokentrail findings', () => {
  test('lists what was found, as a table and as JSON', async () => {
    const [table, json] = await Promise.all([run(), run('--json', '--severity', 'high')])
    expect(table).toMatchObject({ code: 0, err: '' })
    expect(table.out).toMatch(new RegExp(`^${id} +2026-11-25 12:00:00 UTC +high +open +many-networks +A token that is gone`, 'm'))
    expect(JSON.parse(json.out).items).toMatchObject([{ id }])
  })

  test('ends with 3 where an open finding is as grave as it may not be, and with 0 where none is', async () => {
    const [high, critical, quiet] = await Promise.all([
      run('--fail-on', 'high'),
      run('--fail-on', 'critical'),
      run('--fail-on', 'low', '--json', '--severity', 'critical'),
    ])
    expect([high.code, critical.code, quiet.code]).toEqual([3, 0, 3])
  })

  test('shows one with its reasons, closes it with a verdict, and then nothing fails', async () => {
    const shown = await run('show', id)
    expect(shown.out).toMatch(/would not have fired if\n {2}the token had used as many before/)
    const refused = await run('triage', id, '--state', 'closed')
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('A finding closes with a verdict')])
    const closed = await run('triage', id, '--verdict', 'benign', '--note', 'a roaming team')
    expect(closed).toMatchObject({ code: 0, out: `${id} is closed: benign\n` })
    expect((await run('--fail-on', 'high')).code).toBe(0)
    expect(JSON.parse((await run('show', id, '--json')).out)).toMatchObject({ state: 'closed', note: 'a roaming team' })
  })

  test('says which word is not known', async () => {
    const [severity, stranger] = await Promise.all([run('--fail-on', 'grave'), run('show', 'fnd_0')])
    expect([severity.code, stranger.code]).toEqual([2, 1])
    expect(stranger.err).toContain('There is no finding of this id here.')
  })
})
