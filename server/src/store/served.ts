import { TrailError } from '../errors.ts'
import { addressForLog } from './address.ts'
import { createStoreClient } from './client.ts'
import { onCluster } from './ddl.ts'
import type { Log } from '../config/log.ts'
import type { StoreAddress } from './address.ts'
import type { StoreHealth } from './store.ts'

const PING_EVERY_MS = 2000
const PING_TIMEOUT_MS = 5000

/** A ClickHouse server or cluster that others run. */
export interface ServedHost {
  readonly address: StoreAddress
  health(): StoreHealth
  close(): Promise<void>
}

/** Checks that the server answers, makes the database, and keeps an eye on it. */
export async function startServed({
  address,
  log,
}: {
  readonly address: StoreAddress & { form: 'served' }
  readonly log: Log
}): Promise<ServedHost> {
  const client = createStoreClient({ ...address, database: 'default' })
  const { cluster, database } = address
  if (!(await client.ping(PING_TIMEOUT_MS))) throw unreachable(address)
  await client.command(`CREATE DATABASE IF NOT EXISTS \`${database}\`${onCluster(cluster ? { cluster } : {})}`)
  const { rows } = await client.query<{ version: string }>({ sql: 'SELECT version() AS version', params: {} })
  const version = rows[0]?.version ?? null
  log.info({ ...addressForLog(address), version }, 'The store answers.')
  let state: StoreHealth['state'] = 'ready'
  let lastFailure: string | null = null

  async function look(): Promise<void> {
    const alive = await client.ping(PING_TIMEOUT_MS)
    if (state === 'stopped' || alive === (state === 'ready')) return
    state = alive ? 'ready' : 'unreachable'
    lastFailure = alive ? lastFailure : 'no answer to a ping'
    if (alive) log.info(addressForLog(address), 'The store answers again.')
    else log.warn(addressForLog(address), 'The store does not answer; events wait in the journal.')
  }

  const watch = setInterval(() => void look().catch(() => undefined), PING_EVERY_MS).unref()
  return {
    address,
    health: () => ({ form: 'served', state, version, restarts: 0, pid: null, lastFailure }),
    close: async () => {
      state = 'stopped'
      clearInterval(watch)
      await client.close()
    },
  }
}

function unreachable(address: StoreAddress): TrailError {
  const { url } = addressForLog(address)
  return new TrailError(
    'store_unavailable',
    `No ClickHouse server answers at ${url}. Check the address, the user and the password of --store.`,
    { input: 'store' },
  )
}
