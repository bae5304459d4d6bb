// npm test: set up, then the whole everyday suite; `npm test -- server/test/journal` runs a part of it.
import { existsSync } from 'node:fs'
import { environment, node, run, setUp, step } from './set-up.mjs'

await setUp()
await installBrowser()
process.exitCode = await run(node(), ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
  env: environment({ NODE_ENV: 'test' }),
})

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
