import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Site } from './site.ts'

const require = createRequire(import.meta.url)
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** Debian's Chromium. It must be there: pages that nobody opened are not tested. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
}

/** A page with everything that it did wrong: policy violations, console errors, exceptions, requests to other origins. */
export interface Watched {
  readonly page: Page
  readonly faults: readonly string[]
  close(): Promise<void>
}

/** Answers that a test asks for are told by Chromium as console errors too; `expected` names their status codes. */
export async function openPage(
  browser: Browser,
  site: Site,
  path: string,
  options: BrowserContextOptions & { readonly expected?: readonly number[] } = {},
): Promise<Watched> {
  const { expected = [], ...contextOptions } = options
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...contextOptions,
  })
  const page = await context.newPage()
  const faults: string[] = []
  await page.exposeFunction('noteViolation', (text: string) => faults.push(`policy: ${text}`))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
      ;(globalThis as unknown as { noteViolation(text: string): void }).noteViolation(
        `${violatedDirective} ${blockedURI} ${sample}`,
      )
    })
  })
  page.on('console', (message) => {
    const isExpected = expected.some((status) => message.text().includes(`status of ${status} `))
    if (message.type() === 'error' && !isExpected) faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(site.url).origin) faults.push(`foreign request: ${request.url()}`)
  })
  await page.goto(`${site.url}${path}`)
  return { page, faults, close: () => context.close() }
}

/** What axe finds wrong, as short lines. It is handed to the debugger's own evaluation, so the page's policy stays as strict as it is. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  const found = await page.evaluate(
    `${AXE}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.target.join(' ') + ' ' + (node.any[0]?.message ?? node.failureSummary))))`,
  )
  return found as readonly string[]
}
