import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { STORE_DATABASE } from './address.ts'
import { openEngine } from './chdb.ts'
import { engineConfig } from './engine-config.ts'
import { createFront } from './front.ts'
import type { Engine } from './chdb.ts'

/** What the server hands to its store process as the first argument, in JSON. */
export interface StoreProcessOptions {
  readonly folder: string
  readonly socketPath: string
  readonly memoryBytesMax: number
}

/** What the store process tells the server. */
export type StoreProcessMessage =
  | { readonly said: 'ready'; readonly version: string }
  | { readonly said: 'failed'; readonly missing: boolean; readonly message: string }

/** The store's own process: ClickHouse behind a socket, for as long as its parent lives. */
async function main(options: StoreProcessOptions): Promise<void> {
  process.umask(0o077)
  // Ctrl-C reaches the whole group; the server stops us when it has shipped what it holds.
  process.on('SIGINT', () => undefined)
  process.once('SIGTERM', () => leave())
  process.once('disconnect', () => leave())
  const spoolFolder = join(options.folder, 'spool')
  rmSync(spoolFolder, { recursive: true, force: true })
  mkdirSync(spoolFolder, { recursive: true, mode: 0o700 })
  const configFile = join(options.folder, 'engine.xml')
  writeFileSync(configFile, engineConfig(options.memoryBytesMax))
  const engine = await openEngine({ folder: join(options.folder, 'data'), configFile })
  const version = await prepare(engine, STORE_DATABASE)
  const front = createFront({ engine, spoolFolder })
  rmSync(options.socketPath, { force: true })
  await new Promise<void>((resolve) => front.listen(options.socketPath, resolve))
  tell({ said: 'ready', version })
}

async function prepare(engine: Engine, database: string): Promise<string> {
  await engine.run([`CREATE DATABASE IF NOT EXISTS \`${database}\` ENGINE = Atomic`], 'Null')
  const version = await engine.run(['SELECT version()'], 'TabSeparatedRaw')
  return Buffer.from(version.bytes()).toString().trim()
}

/** A tidy exit waits for running queries, for ever if need be; nothing that was acknowledged depends on it. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL')
}

function tell(message: StoreProcessMessage): void {
  process.send?.(message)
}

main(JSON.parse(process.argv[2] ?? '{}') as StoreProcessOptions).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  process.send?.({ said: 'failed', missing, message } satisfies StoreProcessMessage, () => process.kill(process.pid, 'SIGKILL'))
})
