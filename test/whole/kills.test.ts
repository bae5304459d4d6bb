import { afterAll, expect, test } from 'vitest'
import { atRest } from './conservation.ts'
import { startServer, temporaryFolder } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const KILLS = 10
const VALIDATIONS_BETWEEN_KILLS_MAX = 400

const folder = temporaryFolder()
let server: RunningServer | undefined
afterAll(async () => {
  await server?.kill()
  folder.remove()
})

/** What the driver was told, written down outside the server: the oracle. */
interface Ledger {
  readonly sent: Set<string>
  readonly acknowledged: Set<string>
}

test(`every acknowledged validation is in the store once after ${KILLS} kills under load`, { timeout: 240_000 }, async () => {
  const ledger: Ledger = { sent: new Set(), acknowledged: new Set() }
  server = await startServer(folder.path)
  const token = await issueToken(server)
  for (let kill = 0; kill < KILLS; kill++) {
    await validateUntilKilled(server, token, ledger, 40 + ((kill * 131) % VALIDATIONS_BETWEEN_KILLS_MAX))
    server = await startServer(folder.path)
  }
  await atRest(server)
  const stored = await storedRequestIds(server, ledger.acknowledged.size)
  const seen = new Map<string, number>()
  for (const id of stored) seen.set(id, (seen.get(id) ?? 0) + 1)
  expect([...seen].filter(([, count]) => count > 1)).toEqual([])
  expect([...ledger.acknowledged].filter((id) => !seen.has(id))).toEqual([])
  expect([...seen.keys()].filter((id) => !ledger.sent.has(id))).toEqual([])
  expect(ledger.acknowledged.size).toBeGreaterThan(KILLS * 40 - 1)
})

async function issueToken(server: RunningServer): Promise<string> {
  const { body } = await server.call<{ token: string }>('POST', '/v1/tokens', { kind: 'access', owner: 'load' })
  return body.token
}

/** Eight callers at once; after `acknowledgements` answers the server is killed while requests are under way. */
async function validateUntilKilled(
  server: RunningServer,
  token: string,
  ledger: Ledger,
  acknowledgements: number,
): Promise<void> {
  const goal = ledger.acknowledged.size + acknowledgements
  const callers = Array.from({ length: 8 }, async () => {
    while (ledger.acknowledged.size < goal) await validateOnce(server, token, ledger)
  })
  await Promise.any(callers)
  await server.kill()
  await Promise.all(callers)
}

async function validateOnce(server: RunningServer, token: string, ledger: Ledger): Promise<void> {
  const requestId = `r${ledger.sent.size}`
  ledger.sent.add(requestId)
  try {
    const { status, body } = await server.call<{ verdict: string }>('POST', '/v1/validate', { token, requestId })
    if (status === 200 && body.verdict === 'accepted') ledger.acknowledged.add(requestId)
  } catch {
    // Killed under way: no answer, so no promise.
  }
}

async function storedRequestIds(server: RunningServer, atLeast: number): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined, more = true; more;) {
    const query = new URLSearchParams({ type: 'token.validated', limit: '500', ...(cursor ? { cursor } : {}) })
    const { body } = await server.call<{ rows: { requestId?: string }[]; next?: string }>('GET', `/v1/events?${query.toString()}`)
    ids.push(...body.rows.flatMap((row) => (row.requestId?.startsWith('r') ? [row.requestId] : [])))
    cursor = body.next
    more = cursor !== undefined && ids.length < atLeast * 3
  }
  return ids
}
