import { join } from 'node:path'
import { servedAddress } from './address.ts'
import { createStoreClient } from './client.ts'
import { startEmbedded } from './embedded.ts'
import { startServed } from './served.ts'
import type { Log } from '../config/log.ts'
import type { StoreAddress } from './address.ts'
import type { Store } from './store.ts'

export interface OpenStoreOptions {
  /** A ClickHouse server; without it the store is embedded. */
  readonly url?: string
  /** Data folder of the server; the embedded store lives in `store` below it. */
  readonly dir: string
  readonly memoryBytesMax: number
  readonly log: Log
  /** Called when the store process answers again after it had ended. */
  readonly onRestart?: () => void
}

export type OpenStore = Store & { readonly address: StoreAddress }

/** Opens the store, embedded or by URL; resolves when it answers. `engine_missing`, `data_in_use` or `store_unavailable` when it cannot. */
export async function openStore({ url, dir, memoryBytesMax, log, onRestart }: OpenStoreOptions): Promise<OpenStore> {
  const host =
    url === undefined
      ? await startEmbedded({ dir: join(dir, 'store'), memoryBytesMax, log, onRestart })
      : await startServed({ address: servedAddress(url), log })
  const client = createStoreClient(host.address)
  return {
    ...client,
    address: host.address,
    health: () => host.health(),
    close: async () => {
      await client.close()
      await host.close()
    },
  }
}
