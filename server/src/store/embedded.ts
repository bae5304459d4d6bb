import { fork } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import { TrailError } from '../errors.ts'
import { moduleUrl, nodeArguments } from '../runtime.ts'
import { embeddedAddress } from './address.ts'
import { createStoreClient } from './client.ts'
import { isStopped, residentBytes } from './process-facts.ts'
import { endOrphan, noteProcess } from './orphan.ts'
import { socketPathFor } from './socket-path.ts'
import type { ChildProcess } from 'node:child_process'
import type { Log } from '../config/log.ts'
import type { StoreAddress } from './address.ts'
import type { StoreProcessMessage, StoreProcessOptions } from './store-process.ts'
import type { StoreHealth } from './store.ts'

export interface EmbeddedOptions {
  readonly dir: string
  readonly memoryBytesMax: number
  readonly log: Log
  readonly onRestart?: (() => void) | undefined
}

/** The store process of this server: started, watched, restarted, stopped. */
export interface EmbeddedProcess {
  readonly address: StoreAddress
  health(): StoreHealth
  close(): Promise<void>
}

/** Below it the engine cannot even merge. */
const MEMORY_BYTES_MIN = 256 * 1024 * 1024
const PING_EVERY_MS = 1000
const PING_TIMEOUT_MS = 4000
const HUNG_AFTER_MS = 30_000
const START_TIMEOUT_MS = 60_000
const LOCK_PATIENCE_MS = 8000
const RESTART_MS = { first: 100, max: 10_000, calmAfter: 60_000 } as const
/** The engine refuses queries at its bound; a process that grows far beyond it is not the one we asked for. */
const RESIDENT_BYTES_OVER = 768 * 1024 * 1024
const STDERR_CHARS_KEPT = 2000
const LOCKED = /Code: 76\b|CANNOT_OPEN_FILE|lock file/i

interface Running {
  readonly child: ChildProcess
  readonly version: string
  readonly exited: Promise<string>
  readonly startedAt: number
}

/** Starts the process and resolves when it answers. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedProcess> {
  const { dir, log } = options
  if (!(options.memoryBytesMax >= MEMORY_BYTES_MIN)) throw new TypeError(`memoryBytesMax must be at least ${MEMORY_BYTES_MIN}.`)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const settings: StoreProcessOptions = {
    folder: dir,
    socketPath: await socketPathFor(dir),
    memoryBytesMax: options.memoryBytesMax,
  }
  const address = embeddedAddress(settings.socketPath)
  const client = createStoreClient(address)
  let running: Running | undefined = await startPatiently(settings)
  let state: StoreHealth['state'] = 'ready'
  let [restarts, lastFailure, answeredAt] = [0, null as string | null, Date.now()]
  const stopped = new AbortController()
  const supervised = supervise()
  const watch = setInterval(() => void look(), PING_EVERY_MS).unref()
  let looking = false

  async function supervise(): Promise<void> {
    let backOffMs: number = RESTART_MS.first
    while (running) {
      lastFailure = await running.exited
      if (Date.now() - running.startedAt > RESTART_MS.calmAfter) backOffMs = RESTART_MS.first
      running = undefined
      while (!stopped.signal.aborted && !running) {
        state = 'starting'
        log.warn(
          { failure: lastFailure, restarts, backOffMs },
          'The store process ended and is started again; events wait in the journal.',
        )
        await after(backOffMs, undefined, { signal: stopped.signal }).catch(() => undefined)
        backOffMs = Math.min(backOffMs * 2, RESTART_MS.max)
        if (!stopped.signal.aborted) running = await restart()
      }
    }
    state = 'stopped'
  }

  async function restart(): Promise<Running | undefined> {
    try {
      const started = await startPatiently(settings)
      restarts += 1
      ;[state, answeredAt] = ['ready', Date.now()]
      log.info({ pid: started.child.pid, restarts }, 'The store process answers again.')
      options.onRestart?.()
      return started
    } catch (error) {
      lastFailure = error instanceof Error ? error.message : String(error)
      return undefined
    }
  }

  async function look(): Promise<void> {
    if (looking || !running) return
    looking = true
    const { child } = running
    const alive = await client.ping(PING_TIMEOUT_MS).catch(() => false)
    if (alive) answeredAt = Date.now()
    if (running?.child === child) {
      state = alive ? 'ready' : 'unreachable'
      const failure = await illness(child, answeredAt, options.memoryBytesMax)
      if (failure) endWith(child, failure)
    }
    looking = false
  }

  function endWith(child: ChildProcess, failure: string): void {
    log.error({ pid: child.pid, failure }, 'The store process is ended.')
    child.kill('SIGKILL')
  }

  return {
    address,
    health: () => ({
      form: 'embedded',
      state,
      version: running?.version ?? null,
      restarts,
      pid: running?.child.pid ?? null,
      lastFailure,
    }),
    close: async () => {
      stopped.abort()
      clearInterval(watch)
      await client.close()
      running?.child.kill('SIGKILL')
      await supervised
    },
  }
}

/** Why a process must be ended: it grew beyond its bound, or does not answer though nobody has stopped it. */
async function illness(child: ChildProcess, answeredAt: number, memoryBytesMax: number): Promise<string | undefined> {
  const bytes = await residentBytes(child.pid)
  if (bytes > memoryBytesMax + RESIDENT_BYTES_OVER) return `it holds ${bytes} bytes of memory, ${memoryBytesMax} are allowed`
  if (Date.now() - answeredAt < HUNG_AFTER_MS || (await isStopped(child.pid))) return undefined
  return `it has not answered for ${HUNG_AFTER_MS / 1000} s`
}

/** A process that was just killed may hold its lock for a moment, and one whose server was killed must be ended first. */
async function startPatiently(settings: StoreProcessOptions): Promise<Running> {
  const until = Date.now() + LOCK_PATIENCE_MS
  for (;;) {
    await endOrphan(settings.folder)
    try {
      return await start(settings)
    } catch (error) {
      const locked = error instanceof TrailError && error.code === 'data_in_use'
      if (!locked || Date.now() > until) throw error
      await after(200)
    }
  }
}

async function start(settings: StoreProcessOptions): Promise<Running> {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH } = process.env
  const child = fork(moduleUrl('./store-process', import.meta.url), [JSON.stringify(settings)], {
    execArgv: [...nodeArguments],
    env: { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, TZ: 'UTC', UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const exited = exitOf(child)
  await noteProcess(settings.folder, child.pid)
  const timeout = new AbortController()
  const first = await Promise.race([
    firstMessage(child),
    exited.then((message): StoreProcessMessage => ({ said: 'failed', missing: false, message })),
    after(START_TIMEOUT_MS, { said: 'failed', missing: false, message: 'it did not start in time' } as const, {
      signal: timeout.signal,
    }),
  ])
  timeout.abort()
  if (first.said === 'ready') return { child, version: first.version, exited, startedAt: Date.now() }
  child.kill('SIGKILL')
  throw startFailure({ missing: first.missing, message: `${first.message} (${await exited})` }, settings.folder)
}

function firstMessage(child: ChildProcess): Promise<StoreProcessMessage> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as StoreProcessMessage)))
}

/** How it ended, with the last words of the engine. */
function exitOf(child: ChildProcess): Promise<string> {
  let words = ''
  child.stderr?.on('data', (part: Buffer) => {
    words = (words + part.toString()).slice(-STDERR_CHARS_KEPT)
  })
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`ended by ${signal ?? `code ${code}`}${words ? `: ${words.trim()}` : ''}`))
  })
}

function startFailure({ missing, message }: { missing: boolean; message: string }, folder: string): TrailError {
  if (missing) {
    return new TrailError(
      'engine_missing',
      'The embedded store needs the optional package chdb, which is not installed (it has no build for Windows or Alpine). Install it (npm install chdb), or name a ClickHouse server with --store http://user:password@host:8123.',
      { input: 'store' },
    )
  }
  if (LOCKED.test(message))
    return new TrailError(
      'data_in_use',
      `Another process uses the store in ${folder}. Stop it, or choose another data folder with --data.`,
      { input: 'data' },
    )
  return new TrailError(
    'store_unavailable',
    `The embedded store does not start: ${message}. If the folder ${folder} is damaged, move it away: it is filled again from the journal.`,
  )
}
