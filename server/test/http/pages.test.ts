import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront } from './support.ts'

let front: Front
let folder: string
const PAGE = '<!doctype html><div id="root"></div>'
const OWN_POLICY = "default-src 'none'; script-src 'sha256-AAAA'"

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrail-pages-'))
  mkdirSync(join(folder, 'dist', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'outside')
  writeFileSync(join(folder, 'dist', 'index.html'), PAGE)
  writeFileSync(join(folder, 'dist', 'assets', 'main-1a2b.js'), 'export {}')
  writeFileSync(join(folder, 'dist', 'verify.html'), `<meta http-equiv="Content-Security-Policy" content="${OWN_POLICY}" />`)
  front = await openFront({ http: { dashboard: join(folder, 'dist') } })
})
afterAll(async () => {
  await front.close()
  rmSync(folder, { recursive: true, force: true })
})

const HTML = { headers: { accept: 'text/html,application/xhtml+xml' } }
const get = (url: string, more: object = {}) => front.call(undefined, 'GET', url, undefined, more)

describe('the dashboard', () => {
  test('is served at / and at every address that a browser navigates to', async () => {
    for (const url of ['/', '/sign-in', '/tokens/abc', '/events?v=1']) {
      const answer = await get(url, HTML)
      expect([url, answer.status, answer.text]).toEqual([url, 200, PAGE])
      expect(answer.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
      expect(answer.headers['content-security-policy']).not.toMatch(/unsafe/)
    }
  })

  test('hands out the page that verifies under the policy that it states, and nobody may frame it', async () => {
    const { status, headers } = await get('/verify.html', HTML)
    expect([status, headers['content-security-policy']]).toEqual([200, `${OWN_POLICY}; frame-ancestors 'none'`])
  })

  test('has assets that never change', async () => {
    const answer = await get('/assets/main-1a2b.js')
    expect([answer.status, answer.text]).toEqual([200, 'export {}'])
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': expect.stringMatching(/^(text|application)\/javascript; charset=utf-8$/),
    })
  })

  test('never hides that an asset or an API path is missing', async () => {
    for (const url of ['/assets/gone.js', '/v1/nothing', '/oauth2/nothing', '/v1']) {
      const answer = await get(url, HTML)
      expect([url, answer.status, answer.body?.code]).toEqual([url, 404, 'not_found'])
    }
    expect((await get('/tokens/abc', { headers: { accept: 'application/json' } })).status).toBe(404)
  })

  test('leads out of its folder by no path', async () => {
    for (const url of [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/assets/../../secret.txt',
      '/assets%5c..%5c..%5csecret.txt',
      '//secret.txt',
      '/%00',
    ]) {
      const answer = await get(url)
      expect(answer.text).not.toContain('outside')
      expect(answer.status).toBeLessThan(500)
    }
  })
})

describe('the address of a caller', () => {
  async function failures(at: Front, forwarded: (i: number) => string): Promise<number[]> {
    const statuses: number[] = []
    for (let i = 0; i < 7; i++) {
      const headers = { host: 'localhost', 'x-forwarded-for': forwarded(i), 'x-forwarded-host': 'evil.example' }
      statuses.push(
        (await at.call(undefined, 'POST', '/v1/session', { token: 'junk' }, { headers, remoteAddress: '10.9.9.9' })).status,
      )
    }
    return statuses
  }

  test('is the peer, whatever it says of others', async () => {
    expect(await failures(front, (i) => `203.0.113.${i}`)).toEqual([401, 401, 401, 401, 401, 429, 429])
  })

  test('is what a trusted proxy says, read from the right', async () => {
    const behind = await openFront({ http: { trustedProxies: ['10.9.0.0/16'] } })
    expect(await failures(behind, (i) => `198.51.100.1, 203.0.113.${i}`)).toEqual([401, 401, 401, 401, 401, 401, 401])
    expect(await failures(behind, (i) => `203.0.113.${i}, 198.51.100.1, 10.9.1.1`)).toEqual([401, 401, 401, 401, 401, 429, 429])
    await behind.close()
  })
})
