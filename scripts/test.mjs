// npm test: set up, then the whole everyday suite; `npm test -- server/test/journal` runs a part of it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environment, node, run, setUp, step } from './set-up.mjs'

await setUp()
await installBrowser()
process.exitCode = await test(process.argv.slice(2))

/**
 * Runs the tests. Where all that went wrong is that the engine crashed under at most two files (V8 in Node 24 does, seldom, on a busy
 * machine), these run a second time, aloud: a crash that our code brings about comes back.
 */
async function test(args) {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-tests-'))
  const crashed = join(folder, 'crashed.json')
  try {
    const code = await vitest(args, { TOKENTRAIL_CRASHED: crashed })
    if (code === 0 || !existsSync(crashed)) return code
    const { crashes, passed } = JSON.parse(readFileSync(crashed, 'utf8'))
    if (crashes.length > 2) return code
    for (const { signal, file } of crashes) process.stdout.write(`\nNode crashed (${signal}) under ${file}: it runs once more.\n`)
    return await vitest(
      crashes.map(({ file }) => file),
      { TOKENTRAIL_PASSED_BEFORE: String(passed) },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function vitest(args, env) {
  return run(node(), ['node_modules/vitest/vitest.mjs', 'run', ...args], { env: environment({ NODE_ENV: 'test', ...env }) })
}

/** The page tests drive Debian's Chromium; where it is missing and may be installed, it is. */
async function installBrowser() {
  if (existsSync('/usr/bin/chromium') || process.env.TOKENTRAIL_CHROMIUM) return
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  const quiet = { env: environment({ DEBIAN_FRONTEND: 'noninteractive' }) }
  const installed =
    mayInstall &&
    (await step('Updating package lists', 'apt-get', ['update', '-qq'], quiet)) &&
    (await step(
      'Installing Chromium for the page tests',
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', 'chromium'],
      quiet,
    ))
  if (!installed) {
    process.stderr.write('Chromium is missing, so the page tests will fail: install it, or name one in TOKENTRAIL_CHROMIUM.\n')
  }
}
