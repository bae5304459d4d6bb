import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { SETTINGS, readConfig } from '../config/config.ts'
import { createLog } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { note, paint, say, sayFacts, sayJson } from './print.ts'
import type { ConfigOptions } from '../config/config.ts'
import type { Tokentrail } from '../main.ts'

/** What the server and its store process write is for their user alone. */
const PRIVATE = 0o077

type ServeOptions = ConfigOptions & { readonly json?: boolean }

/** `tokentrail start`. The product itself is loaded only where a server starts: other commands stay quick. */
export function startCommand(): Command {
  return withSettings(new Command('start').description('start the server')).action(start)
}

/** `tokentrail demo` */
export function demoCommand(): Command {
  return withSettings(
    new Command('demo').description(
      'start the server on temporary data: a simulated tenant with 30 days of history and live traffic',
    ),
  ).action(demo)
}

const OPTIONS = {
  data: '--data <folder>',
  host: '--host <address>',
  port: '--port <port>',
  store: '--store <url>',
  records: '--records <url>',
  subjectKeys: '--subject-keys <url>',
  keys: '--keys <folder>',
  auditConfig: '--audit-config <file>',
  mailConfig: '--mail-config <file>',
  publicUrl: '--public-url <url>',
  trustedProxies: '--trusted-proxies <cidrs>',
  storeMemory: '--store-memory <MiB>',
  journalSize: '--journal-size <MiB>',
  auditValidation: '--audit-validation <how>',
  logLevel: '--log-level <level>',
} as const satisfies Record<keyof typeof SETTINGS, string>

function withSettings(command: Command): Command {
  for (const [name, flags] of Object.entries(OPTIONS)) {
    const { doc, variable, fallback } = SETTINGS[name as keyof typeof SETTINGS]
    command.option(flags, `${doc} [${variable}]${fallback === '' ? '' : ` (default ${fallback})`}`)
  }
  return command.option('--json', 'print one line of JSON when ready')
}

async function start(options: ServeOptions): Promise<void> {
  process.umask(PRIVATE)
  const config = readConfig(options, process.env)
  const { openTokentrail } = await import('../main.ts')
  const trail = await openTokentrail(config, createLog(config.logLevel))
  await serve(trail, options)
}

/** The demo's data live and die with it, unless a folder is named. */
async function demo(options: ServeOptions): Promise<void> {
  process.umask(PRIVATE)
  const folder = options.data === undefined ? mkdtempSync(join(tmpdir(), 'tokentrail-demo-')) : undefined
  const config = readConfig({ logLevel: 'warn', ...options, ...(folder ? { data: folder } : {}) }, process.env)
  const removeFolder = (): void => (folder ? rmSync(folder, { recursive: true, force: true }) : undefined)
  try {
    const { openTokentrail } = await import('../main.ts')
    const trail = await openTokentrail(config, createLog(config.logLevel), { demo: options.json ? () => undefined : note })
    await serve(trail, options)
  } finally {
    removeFolder()
  }
}

async function serve(trail: Tokentrail, options: ServeOptions): Promise<void> {
  const signIn = await signInLink(trail)
  if (options.json) sayJson({ url: trail.url, adminTokenFile: trail.adminTokenFile, signIn })
  else sayReady(trail, signIn)
  await stopSignal()
  if (!options.json) note('Stopping …')
  await trail.close()
}

/** While the audit log is halted nobody signs in: the admin token remains, to resolve it. */
async function signInLink(trail: Tokentrail): Promise<string | null> {
  try {
    return await trail.signIn()
  } catch (error) {
    if (!(error instanceof TrailError) || error.code !== 'log_halted') throw error
    note(paint('red', error.message))
    return null
  }
}

function sayReady(trail: Tokentrail, signIn: string | null): void {
  say(`${paint('green', '●')} ${paint('bold', 'Tokentrail is ready')}  ${trail.url}`)
  say()
  const once = signIn === null ? null : 'works once, within 30 minutes'
  sayFacts({ 'sign in': signIn, '': once, 'admin token': trail.adminTokenFile, data: trail.data })
  say()
  say(paint('dim', 'Press Ctrl+C to stop.'))
}

/** The first signal stops in order, a second one at once. */
async function stopSignal(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
}
