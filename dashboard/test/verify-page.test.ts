import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { madeSigner } from '../../test/whole/made-log.ts'
import { makePack, READER, zipOf } from '../../test/whole/made-pack.ts'
import { readNotes } from '../verify/judge.ts'
import { axeViolations, openBrowser } from './browser.ts'
import { DIST } from './site.ts'

const FILE = join(DIST, 'verify.html')
const html = readFileSync(FILE, 'utf8')
let browser: Browser
let pack: Buffer
beforeAll(async () => {
  browser = await openBrowser()
  pack = Buffer.from(await zipOf(await makePack({ scope: 'range', first: 30, last: 130 })))
})
afterAll(() => browser.close())

/** The page as it lies on a disk, and everything that it asked for or complained about. */
async function opened(options: BrowserContextOptions = {}): Promise<{ page: Page; faults: string[]; close(): Promise<void> }> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, offline: true, ...options })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('request', (request) => /^(file|data|blob):/.test(request.url()) || faults.push(request.url()))
  await page.goto(pathToFileURL(FILE).href)
  return { page, faults, close: () => context.close() }
}

async function verdictOf(page: Page, zip: Buffer): Promise<string> {
  await page.locator('#result').evaluate((result) => result.replaceChildren())
  await page.setInputFiles('#file', { name: 'pack.zip', mimeType: 'application/zip', buffer: zip })
  return (await page.locator('#verdict').textContent()) ?? ''
}

describe('the page that verifies', () => {
  test('is one file, whose policy allows its own script and style and nothing else', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(html) ?? []
    const [, script = ''] = /<script type="module">([^]*)<\/script>/.exec(html) ?? []
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(html) ?? []
    const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    expect(policy).toBe(
      `default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; script-src ${digest(script)}; style-src ${digest(style)}`,
    )
    expect(html).not.toMatch(/<link rel="stylesheet"|<script[^>]* src=|\son\w+="|<[^>]*\sstyle="/)
  })

  test('from a disk, without network: a pack holds, in words, and says what it does not prove', async () => {
    const { page, faults, close } = await opened()
    await page.fill('#keys', READER)
    expect(await verdictOf(page, pack)).toBe('It holds. Read below what that means.')
    const states = await page
      .locator('.check')
      .evaluateAll((lines) => lines.map((line) => `${line.getAttribute('data-check')} ${line.getAttribute('data-state')}`))
    expect(states).toEqual(
      ['trust', 'manifest', 'checkpoint', 'inclusion', 'form', 'completeness', 'disclosure', 'figures'].map(
        (check) => `${check} holds`,
      ),
    )
    expect(await page.locator('#result').textContent()).toContain(
      'It cannot prove that a component which never called it did nothing.',
    )
    expect(faults).toEqual([])
    await close()
  })

  test('one changed byte is refused, and the entry is named', async () => {
    const { page, faults, close } = await opened()
    await page.fill('#keys', READER)
    const at = pack.indexOf('"event":"evt_1_44"') + 12
    expect(await verdictOf(page, Buffer.concat([pack.subarray(0, at), Buffer.from('E'), pack.subarray(at + 1)]))).toMatch(
      /^Refused/,
    )
    expect(await page.locator('[data-check="manifest"] .where').textContent()).toBe('First wrong: file entries.ndjson')
    expect(await page.locator('[data-check="inclusion"] .where').textContent()).toBe('First wrong: file entries.ndjson, entry 44')
    for (let byte = 3; byte < pack.length; byte += 997) {
      const flipped = Buffer.from(pack)
      flipped[byte] = (flipped[byte] ?? 0) ^ (1 << (byte % 8))
      expect([byte, await verdictOf(page, flipped)]).toEqual([byte, expect.stringMatching(/^Refused/)])
    }
    expect(faults).toEqual([])
    await close()
  }, 120_000)

  test('without keys nobody vouches for it; with the keys of another log it is refused; keys that are none are told', async () => {
    const { page, close } = await opened()
    expect(await verdictOf(page, pack)).toBe('It agrees with itself, but nobody whom you trust vouches for it.')
    await page.fill('#keys', madeSigner('another.log').vkey)
    await expect.poll(() => page.locator('#verdict').textContent()).toMatch(/^Refused/)
    await page.fill('#keys', 'trust me')
    await expect.poll(() => page.locator('#keys-wrong').textContent()).toMatch(/cannot be read/)
    await page.fill('#keys', READER)
    await expect.poll(() => page.locator('#verdict').textContent()).toMatch(/^It holds/)
    await close()
  })

  test('a pack that is dropped is verified too', async () => {
    const { page, close } = await opened()
    await page.fill('#keys', READER)
    await page.evaluate((base64) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
      const transfer = new DataTransfer()
      transfer.items.add(new File([bytes], 'dropped.zip'))
      document
        .querySelector('#drop')
        ?.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }))
    }, pack.toString('base64'))
    await expect.poll(() => page.locator('#verdict').textContent()).toMatch(/^It holds/)
    expect(await page.locator('#chosen').textContent()).toContain('dropped.zip')
    await close()
  })

  test.each(['light', 'dark'] as const)('axe finds nothing, in %s, before and after, wide and narrow', async (colorScheme) => {
    for (const viewport of [
      { width: 1200, height: 900 },
      { width: 360, height: 700 },
    ]) {
      const { page, close } = await opened({ colorScheme, viewport })
      expect(await axeViolations(page)).toEqual([])
      await verdictOf(page, pack)
      expect(await axeViolations(page)).toEqual([])
      await verdictOf(page, Buffer.concat([pack, pack]))
      expect(await axeViolations(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
      await close()
    }
  })
})

test('checkpoints that are pasted one below the other are told apart', () => {
  const note = (name: string): string => `${name}\n5\nAAAA\n\n— ${name} c2ln\n— w c2ln\n`
  expect(readNotes(`${note('one')}${note('two')}\n\n${note('three')}`)).toEqual(['one', 'two', 'three'].map(note))
  expect(readNotes(' \n')).toEqual([])
})
