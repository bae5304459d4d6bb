import { atRest } from './conservation.ts'
import { startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

/** What the driver was told, written down outside the server: the oracle. */
interface Ledger {
  readonly sent: Set<string>
  readonly acknowledged: Set<string>
}

/** What the ledger says of the store after the last restart. Each list must be empty. */
export interface KillReport {
  readonly kills: number
  readonly sent: number
  readonly acknowledged: number
  /** Acknowledged and not in the store. */
  readonly missing: readonly string[]
  /** More than once in the store. */
  readonly doubled: readonly string[]
  /** In the store and never sent. */
  readonly strangers: readonly string[]
}

const ACKNOWLEDGED_MIN = 40
const ACKNOWLEDGED_MAX = 440
const CALLERS = 8

/** Kills a server under load, again and again on the same data, at moments that a seed spreads, and compares the ledger with the store. */
export async function killUnderLoad(data: string, kills: number): Promise<KillReport> {
  const ledger: Ledger = { sent: new Set(), acknowledged: new Set() }
  let server = await startServer(data)
  try {
    const token = await issueToken(server)
    for (let kill = 0; kill < kills; kill++) {
      await validateUntilKilled(server, token, ledger, ACKNOWLEDGED_MIN + ((kill * 131) % (ACKNOWLEDGED_MAX - ACKNOWLEDGED_MIN)))
      server = await startServer(data)
    }
    await atRest(server)
    return report(kills, ledger, await storedRequestIds(server, ledger.sent.size))
  } finally {
    await server.kill()
  }
}

function report(kills: number, { sent, acknowledged }: Ledger, stored: readonly string[]): KillReport {
  const seen = new Map<string, number>()
  for (const id of stored) seen.set(id, (seen.get(id) ?? 0) + 1)
  return {
    kills,
    sent: sent.size,
    acknowledged: acknowledged.size,
    missing: [...acknowledged].filter((id) => !seen.has(id)),
    doubled: [...seen].filter(([, count]) => count > 1).map(([id]) => id),
    strangers: [...seen.keys()].filter((id) => !sent.has(id)),
  }
}

async function issueToken(server: RunningServer): Promise<string> {
  const { body } = await server.call<{ token: string }>('POST', '/v1/tokens', { kind: 'access', owner: 'load' })
  return body.token
}

/** Several callers at once; after `acknowledgements` answers the server is killed while requests are under way. */
async function validateUntilKilled(
  server: RunningServer,
  token: string,
  ledger: Ledger,
  acknowledgements: number,
): Promise<void> {
  const goal = ledger.acknowledged.size + acknowledgements
  const callers = Array.from({ length: CALLERS }, async () => {
    while (ledger.acknowledged.size < goal) await validateOnce(server, token, ledger)
  })
  await Promise.any(callers)
  await server.kill()
  await Promise.all(callers)
}

async function validateOnce(server: RunningServer, token: string, ledger: Ledger): Promise<void> {
  const requestId = `ledger-${ledger.sent.size}`
  ledger.sent.add(requestId)
  try {
    const { status, body } = await server.call<{ verdict: string }>('POST', '/v1/validate', { token, requestId })
    if (status === 200 && body.verdict === 'accepted') ledger.acknowledged.add(requestId)
  } catch {
    // Killed under way: no answer, so no promise.
  }
}

async function storedRequestIds(server: RunningServer, sent: number): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined, more = true; more;) {
    const query = new URLSearchParams({ type: 'token.validated', limit: '500', ...(cursor ? { cursor } : {}) })
    const { body } = await server.call<{ rows: { requestId?: string }[]; next?: string }>('GET', `/v1/events?${query.toString()}`)
    ids.push(...body.rows.flatMap((row) => (row.requestId?.startsWith('ledger-') ? [row.requestId] : [])))
    cursor = body.next
    more = cursor !== undefined && ids.length < sent * 3
  }
  return ids
}
