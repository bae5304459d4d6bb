import { afterAll, beforeAll, expect, test } from 'vitest'
import { atRest, statusOf } from './conservation.ts'
import { startServer, temporaryFolder } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const folder = temporaryFolder()
let server: RunningServer
let token: string
let validated = 0

beforeAll(async () => {
  server = await startServer(folder.path)
  token = (await server.call<{ token: string }>('POST', '/v1/tokens', { kind: 'access', owner: 'load' })).body.token
})
afterAll(async () => {
  await server.kill()
  folder.remove()
})

async function validate(count: number): Promise<void> {
  const items = Array.from({ length: count }, () => ({ token, requestId: `s${validated++}` }))
  const { status, body } = await server.call<{ items: { verdict: string }[] }>('POST', '/v1/validate', { items })
  expect(status).toBe(200)
  expect(body.items.filter((item) => item.verdict === 'accepted')).toHaveLength(count)
}

/** Accepted validations of the token, as the store counts them. */
async function countedInStore(): Promise<number> {
  const query = new URLSearchParams({
    from: String(Date.now() - 3_600_000),
    to: String(Date.now() + 60_000),
    token: token.split('_')[1] ?? '',
  })
  const { body } = await server.call<{ rows: { accepted: number }[] }>('GET', `/v1/questions/totals?${query.toString()}`)
  return body.rows[0]?.accepted ?? 0
}

test('the store process is killed: validations go on, and nothing is lost or doubled', { timeout: 90_000 }, async () => {
  await validate(100)
  const { restarts } = (await statusOf(server)).store
  for (let round = 0; round < 3; round++) {
    process.kill(server.storePid(), 'SIGKILL')
    await validate(100)
    await expect.poll(async () => (await statusOf(server)).store.state, { timeout: 30_000 }).toBe('ready')
  }
  expect((await statusOf(server)).store.restarts).toBeGreaterThan(restarts)
  await atRest(server)
  expect(await countedInStore()).toBe(validated)
})

test('the store process is stopped: events wait in the journal, and arrive when it goes on', { timeout: 90_000 }, async () => {
  const pid = server.storePid()
  process.kill(pid, 'SIGSTOP')
  try {
    for (let i = 0; i < 20; i++) await validate(50)
    expect((await statusOf(server)).conservation.journalled).toBeGreaterThan(0)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await atRest(server)
  expect(await countedInStore()).toBe(validated)
})
