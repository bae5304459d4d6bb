import { readdirSync, readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runCommand, startServer, temporaryFolder } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

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

const run = (...args: string[]) => runCommand(args, environment)
const runJson = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout) as Record<string, unknown>

describe('the first start', () => {
  test('writes the admin token for its owner alone', () => {
    expect(statSync(`${folder.path}/admin-token`).mode & 0o777).toBe(0o600)
  })

  test('a second server on the same data is refused with what to do', async () => {
    const { exitCode, stderr } = await runCommand(['start', '--data', folder.path, '--port', '0', '--json'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Another Tokentrail uses')
  })
})

describe('the audit log', () => {
  test('of this server verifies where it lies, without the server, and holds the digest of the page that verifies', async () => {
    const folderOf = (name: string): string => `${folder.path}/audit/${name}`
    const digest = (await run('verify', '--page-digest')).stdout.trim()
    await vi.waitFor(
      () => {
        const bundles = readdirSync(folderOf('tile/entries/000.p')).map((name) =>
          readFileSync(folderOf(`tile/entries/000.p/${name}`), 'latin1'),
        )
        expect(bundles.join('')).toMatch(
          new RegExp(`"shown":\\{"digest":"${digest}","version":"[^"]+"\\},"tenant":"[^"]+","type":"system.started"`),
        )
      },
      { timeout: 45_000, interval: 200 },
    )
    const key = readFileSync(folderOf('log.vkey'), 'utf8').trim()
    const { exitCode, stdout } = await runCommand(['verify', folderOf(''), '--key', key], {})
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/✓ inclusion[^]*It holds\./)])
  })
})

describe('tokens', () => {
  test('are issued to standard output alone, shown, rotated, suspended, resumed and revoked', async () => {
    const issued = await run('token', 'issue', '--owner', 'billing', '--scope', 'invoices:read', '--ttl', '90d')
    expect(issued.exitCode).toBe(0)
    expect(issued.stdout.trim()).toMatch(/^ttk_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/)
    const id = issued.stdout.split('_')[1] ?? ''
    expect(await runJson('token', 'show', id)).toMatchObject({ id, owner: 'billing', state: 'active', scopes: ['invoices:read'] })
    expect(await runJson('token', 'suspend', id)).toMatchObject({ state: 'suspended' })
    expect(await runJson('token', 'resume', id)).toMatchObject({ state: 'active' })
    const successor = await runJson('token', 'rotate', id, '--grace', '1h')
    expect(successor.id).not.toBe(id)
    expect(await runJson('token', 'show', id)).toMatchObject({ state: 'in_grace' })
    expect(await runJson('token', 'revoke', String(successor.id), '--reason', 'leaked')).toMatchObject({ state: 'revoked' })
    const { items } = (await runJson('token', 'list', '--owner', 'billing')) as { items: { id: string }[] }
    expect(new Set(items.map((token) => token.id))).toEqual(new Set([id, successor.id]))
  })

  test('are listed for people without control characters', async () => {
    const list = await run('token', 'list')
    expect(list.exitCode).toBe(0)
    expect(list.stdout).toMatch(/billing/)
  })
})

describe('figures and the doctor', () => {
  test('metrics are printed for people and for programs', async () => {
    const forPeople = await run('metrics', '--from', '1d')
    expect(forPeople).toMatchObject({ exitCode: 0, stderr: '' })
    expect(forPeople.stdout).toMatch(/validations/i)
    expect(await runJson('metrics', '--from', '1d')).toHaveProperty('watermark')
  })

  test('the doctor finds nothing wrong', async () => {
    expect(await runJson('doctor')).toMatchObject({ ok: true })
  })
})

describe('what cannot be done ends with its own exit code', () => {
  test.each([
    ['usage: no such command', ['tokens'], {}, 2],
    ['usage: a missing option', ['token', 'issue'], {}, 2],
    ['usage: no such time', ['metrics', '--from', 'yesterday'], {}, 2],
    ['usage: a setting', ['start', '--port', 'http'], {}, 2],
    ['not authorised', ['token', 'list'], { TOKENTRAIL_TOKEN: 'ttk_wrong' }, 4],
    ['not reachable', ['token', 'list'], { TOKENTRAIL_URL: 'http://127.0.0.1:9' }, 5],
    ['failed', ['token', 'show', 'ZZZZZZZZZZZZZZZZ'], {}, 1],
    ['ok: help', ['--help'], {}, 0],
    ['ok: version', ['--version'], {}, 0],
  ])('%s', async (_, args, wrong, expected) => {
    const { exitCode, stderr, stdout } = await runCommand(args, { ...environment, ...wrong })
    expect(exitCode).toBe(expected)
    expect(stderr + stdout).not.toContain(server.adminToken)
  })
})
