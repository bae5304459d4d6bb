// Everything a fresh machine needs before the product or its tests can run; quiet when there is nothing to do.
// Runs on the Node that happens to be installed (20.19 or newer), so it uses nothing but Node itself.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const nodeModules = join(root, 'node_modules')

/** Installs packages when the lockfile changed, and builds the dashboard when its sources changed. */
export async function setUp({ dashboard = true } = {}) {
  await installPackages()
  checkNode()
  if (dashboard) await buildDashboard()
}

/** The Node that the project brings, or the installed one where it brings none for this platform. */
export function node() {
  const brought = join(nodeModules, '.bin', 'node')
  return existsSync(brought) ? brought : process.execPath
}

/** Runs a command to its end and gives its exit code; its output goes to ours. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: environment(), ...options })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)))
  })
}

/** The environment of children: the project's own Node and tools first. */
export function environment(extra = {}) {
  return { ...process.env, PATH: `${join(nodeModules, '.bin')}:${process.env.PATH ?? ''}`, ...extra }
}

/** Says a step on standard error while it runs, and keeps its output for the case that it fails. */
export async function step(title, command, args, options = {}) {
  process.stderr.write(`${title} … `)
  const started = Date.now()
  const { code, output } = await quietly(command, args, options)
  if (code !== 0) {
    process.stderr.write(`failed\n${output}\n`)
    return false
  }
  process.stderr.write(`done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
  return true
}

function quietly(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: environment(), ...options })
    let output = ''
    const keep = (chunk) => (output = (output + chunk).slice(-20_000))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', (error) => resolve({ code: 1, output: String(error) }))
    child.once('exit', (code) => resolve({ code: code ?? 1, output }))
  })
}

async function installPackages() {
  const stamp = join(nodeModules, '.tokentrail-lock')
  const wanted = digest(['package-lock.json'])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const command = existsSync(nodeModules) ? 'install' : 'ci'
  const installed = await step('Installing packages (once, about a minute)', 'npm', [command, '--no-audit', '--no-fund'])
  if (!installed)
    stop('The packages could not be installed. Check that the npm registry is reachable, then run the command again.')
  writeFileSync(stamp, digest(['package-lock.json']))
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const recent = major > 22 || (major === 22 && minor >= 18)
  if (node() === process.execPath && !recent) {
    stop(
      `Tokentrail needs Node 22.18 or newer; this is ${process.versions.node}, and the project brings none for ${process.platform}-${process.arch}.`,
    )
  }
}

async function buildDashboard() {
  const stamp = join(root, 'dashboard', 'dist', '.built-from')
  const folders = ['dashboard/src', 'dashboard/verify', 'client/src']
  const files = ['dashboard/index.html', 'dashboard/vite.config.ts', 'dashboard/vite.verify.config.ts', 'package-lock.json']
  const wanted = digest([...folders.flatMap(filesBelow), ...files])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const built = await step('Building the dashboard', 'npm', ['run', 'build', '--workspace', 'dashboard'])
  if (!built) stop('The dashboard could not be built; its output stands above.')
  writeFileSync(stamp, wanted)
}

function digest(paths) {
  const hash = createHash('sha256')
  for (const path of paths.filter((each) => existsSync(join(root, each))).toSorted()) {
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0')
  }
  return hash.digest('hex')
}

function filesBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
}

function stop(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
