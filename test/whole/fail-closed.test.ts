import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { atRest, statusOf } from './conservation.ts'
import { runCommand, startServer, temporaryFolder } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

/**
 * The fail-closed matrix (docs/audit.md), row by row, with a real fault: the system refuses every write of the server beyond the first
 * 4 KiB of a file, as a full disk does, while everything else goes on.
 */

const folder = temporaryFolder()
let server: RunningServer
const known: Record<'rotated' | 'revoked' | 'changed' | 'suspended' | 'granted' | 'denied' | 'used', Token> = {} as never
let action: Token

interface Token {
  readonly id: string
  readonly token: string
}

const issue = async (body: object): Promise<Token> =>
  (await server.call<Token>('POST', '/v1/tokens', { owner: 'svc', ...body })).body

beforeAll(async () => {
  server = await startServer(folder.path)
  for (const name of ['rotated', 'revoked', 'changed', 'suspended', 'granted', 'denied', 'used'] as const)
    known[name] = await issue({})
  action = await issue({ kind: 'action', action: 'reset' })
  await server.call('POST', '/v1/validate', { items: Object.values(known).map(({ token }) => ({ token })) })
  await atRest(server)
}, 60_000)
afterAll(async () => {
  await server.kill()
  folder.remove()
})

/** Lets the server write no further than so many bytes into any file. */
function limitFiles(bytes: number | 'unlimited'): void {
  const set = spawnSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`])
  if (set.status !== 0) throw new Error(`prlimit (util-linux) is needed for this test: ${String(set.error ?? set.stderr)}`)
}

/** Every row of records, as another program reads them. */
function recordsNow(): Record<string, unknown[]> {
  const db = new DatabaseSync(join(folder.path, 'records.sqlite'), { readOnly: true, timeout: 5000 })
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all() as { name: string }[]
  const rows = Object.fromEntries(names.map(({ name }) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]))
  db.close()
  return rows
}

const DAY_MS = 86_400_000
const HASH = 'a'.repeat(64)
const RULE = `title: A token ended
id: fail-closed
status: experimental
description: A token was revoked.
author: Test
license: Apache-2.0
date: 2026-11-25
level: low
falsepositives: [none known]
logsource: { product: tokentrail }
detection: { selection: { type: token.revoked }, condition: selection }
tests:
  - { name: revoked, fires: true, events: [{ type: token.revoked }] }
  - { name: issued, fires: false, events: [{ type: token.issued }] }
`

/** What must be refused when it cannot be recorded. */
const CRITICAL: readonly (readonly [name: string, method: string, path: () => string, body: () => object])[] = [
  ['issue', 'POST', () => '/v1/tokens', () => ({ owner: 'svc' })],
  [
    'import',
    'POST',
    () => '/v1/tokens/import',
    () => ({ tokens: [{ id: 'imported-1', owner: 'svc', scheme: 'sha256:hex', hash: HASH }] }),
  ],
  ['rotate', 'POST', () => `/v1/tokens/${known.rotated.id}/rotate`, () => ({})],
  ['revoke', 'POST', () => `/v1/tokens/${known.revoked.id}/revoke`, () => ({})],
  ['change', 'PATCH', () => `/v1/tokens/${known.changed.id}`, () => ({ name: 'other' })],
  ['scopes', 'PATCH', () => `/v1/tokens/${known.changed.id}`, () => ({ scopes: ['all'] })],
  ['suspend', 'POST', () => `/v1/tokens/${known.suspended.id}/suspend`, () => ({})],
  ['roles', 'POST', () => '/v1/roles/grant', () => ({ token: known.granted.id, role: 'analyst', ground: 'test' })],
  ['configuration', 'PATCH', () => '/v1/playbook', () => ({ live: ['suspend'] })],
  ['rules', 'POST', () => '/v1/rules', () => ({ text: RULE })],
  ['keys', 'POST', () => '/v1/keys/rotate-kek', () => ({})],
  ['export', 'POST', () => '/v1/evidence/packs', () => ({ pack: 'token-hygiene', recipient: 'auditor' })],
  ['reveal', 'POST', () => '/v1/privacy/pseudonym', () => ({ owner: 'svc', ground: 'test' })],
  ['erasure', 'POST', () => '/v1/subjects/svc/erase', () => ({ ground: 'test', endTokens: true })],
  ['restriction', 'POST', () => '/v1/subjects/svc/restrict', () => ({ restricted: true, ground: 'test' })],
  ['retention', 'PUT', () => '/v1/retention', () => ({ events: 90, ground: 'test' })],
  ['holds', 'POST', () => '/v1/holds', () => ({ endsAt: new Date(Date.now() + DAY_MS).toISOString(), ground: 'test' })],
  ['sign-in', 'POST', () => '/v1/session', () => ({ token: server.adminToken })],
]

test('with the disk full every critical action is refused and changes nothing, validations are answered, and all goes on after', async () => {
  await atRest(server)
  limitFiles(4096)
  const before = recordsNow()
  const refusals = await Promise.all(
    CRITICAL.map(async ([name, method, path, body]) => {
      const { status, body: problem } = await server.call<{ code?: string }>(method, path(), body())
      return `${name} ${status} ${problem.code}`
    }),
  )
  expect(refusals).toEqual(CRITICAL.map(([name]) => expect.stringMatching(new RegExp(`^${name} 503 \\w+_\\w+$`))))

  const consumed = await server.call<{ verdict: string; answer: string }>('POST', '/v1/validate', {
    token: action.token,
    action: 'reset',
  })
  expect(consumed).toMatchObject({ status: 200, body: { verdict: 'rejected', answer: 'unavailable' } })
  const validated = await server.call<{ verdict: string }>('POST', '/v1/validate', { token: known.used.token })
  expect(validated).toMatchObject({ status: 200, body: { verdict: 'accepted' } })
  const refused = await server.call<{ code: string }>('POST', '/v1/session', { token: 'ttk_nothing' })
  expect(refused).toMatchObject({ status: 401, body: { code: 'not_authenticated' } })
  expect((await server.call('GET', '/v1/status')).status).toBe(200)
  expect((await server.call('GET', '/v1/tokens')).status).toBe(200)

  const denied = await server.call('POST', `/v1/tokens/${known.denied.id}/deny`, {})
  expect(denied).toMatchObject({ status: 202, body: { recorded: false } })
  const byLine = await runCommand(['token', 'deny', known.granted.id, '--data', folder.path, '--json'])
  expect(byLine.exitCode).toBe(0)
  for (const { token } of [known.denied, known.granted])
    await expect
      .poll(async () => (await server.call<{ reason: string }>('POST', '/v1/validate', { token })).body.reason, { timeout: 5000 })
      .toBe('suspended')
  expect(recordsNow()).toEqual(before)

  limitFiles('unlimited')
  await expect.poll(async () => (await server.call('POST', '/v1/tokens', { owner: 'svc' })).status, { timeout: 20_000 }).toBe(201)
  await expect.poll(() => readFileSync(join(folder.path, 'denied'), 'utf8'), { timeout: 20_000 }).toBe('')
  for (const { id } of [known.denied, known.granted])
    expect((await server.call<{ state: string }>('GET', `/v1/tokens/${id}`)).body.state).toBe('suspended')
  const { dropped } = (await statusOf(server)).conservation
  expect((dropped['journal_failed'] ?? 0) + (dropped['journal_full'] ?? 0)).toBeGreaterThan(0)
  await expect
    .poll(async () => (await server.call<{ items: object[] }>('GET', '/v1/audit/entries?type=loss.declared')).body.items.length, {
      timeout: 30_000,
    })
    .toBeGreaterThan(0)
  await expect
    .poll(
      async () =>
        (await server.call<{ items: { entry: { shown: object } }[] }>('GET', '/v1/audit/entries?type=token.suspended')).body
          .items,
      { timeout: 30_000 },
    )
    .toEqual([
      expect.objectContaining({ entry: expect.objectContaining({ shown: expect.objectContaining({ emergency: true }) }) }),
      expect.objectContaining({ entry: expect.objectContaining({ shown: expect.objectContaining({ emergency: true }) }) }),
    ])
  await atRest(server)
}, 120_000)

test('a line written while the server is down is in force from its start', { timeout: 60_000 }, async () => {
  await server.kill()
  appendFileSync(join(folder.path, 'denied'), `${known.used.id}\n`)
  server = await startServer(folder.path)
  const { body } = await server.call<{ reason: string }>('POST', '/v1/validate', { token: known.used.token })
  expect(body.reason).toBe('suspended')
})
