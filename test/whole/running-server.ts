import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const COMMAND = join(ROOT, 'server/bin/tokentrail.js')

/** A server as a user starts it: a process of its own, reached over HTTP. */
export interface RunningServer {
  readonly url: string
  readonly adminToken: string
  readonly pid: number
  readonly signIn: string
  /** The store's own process, as the operating system knows it. */
  storePid(): number
  call<Answer>(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
  ): Promise<{ readonly status: number; readonly body: Answer }>
  /** Ends it as a power switch would: `kill -9`, and waits for its death. */
  kill(): Promise<void>
  /** Ends it as an operator would, and gives the exit code. */
  stop(): Promise<number | null>
}

/** A folder for data, gone after the test. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tokentrail-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Starts `tokentrail start --json` and resolves when it says that it is ready. */
export async function startServer(data: string, options: readonly string[] = [], command = 'start'): Promise<RunningServer> {
  const child = spawn(
    process.execPath,
    [COMMAND, command, '--data', data, '--port', '0', '--json', '--log-level', 'warn', ...options],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)))
  const died = once(child, 'exit')
  const line = await Promise.race([firstLine(child.stdout), died.then(() => undefined)])
  if (line === undefined) throw new Error(`the server did not start: ${errors}`)
  const { url, adminTokenFile, signIn } = JSON.parse(line) as { url: string; adminTokenFile: string; signIn: string }
  const adminToken = readFileSync(adminTokenFile, 'utf8').trim()

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    child.kill(signal)
    await died
    return child.exitCode
  }

  return {
    url,
    adminToken,
    signIn,
    pid: child.pid ?? 0,
    storePid: () => childOf(child.pid ?? 0),
    call: (method, path, body, token = adminToken) => call(url, token, method, path, body),
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  }
}

/** The process that a process has started; Linux only, like the tests that use it. */
function childOf(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '),
  )
  return Number(children.find((each) => each !== '') ?? 0)
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) return line
  return undefined
}

async function call<Answer>(
  url: string,
  token: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: Answer }> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as Answer }
}

/** What a command of the CLI printed, and how it ended. */
export interface Ran {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of the CLI against a server, as a script would. */
export async function runCommand(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, ...environment },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await once(child, 'close')
  return { exitCode: child.exitCode, stdout, stderr }
}
