import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { DIST } from './site.ts'

const FIRST_LOAD_BYTES_MAX = 250_000
const ASSETS = join(DIST, 'assets')

/** The page, its sheet, and every script that is loaded before the first screen stands. */
function firstLoad(): readonly string[] {
  const page = readFileSync(join(DIST, 'index.html'), 'utf8')
  const found = new Set([...page.matchAll(/\/assets\/([\w.-]+)/g)].map((match) => match[1] ?? ''))
  for (const name of found) {
    const text = readFileSync(join(ASSETS, name), 'utf8')
    for (const [, next] of text.matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) if (next) found.add(next)
  }
  return [...found]
}

test('the first load is at most 250 kB, gzipped', () => {
  const sizes = firstLoad().map((name) => gzipSync(readFileSync(join(ASSETS, name)), { level: 9 }).length)
  const total = sizes.reduce((sum, size) => sum + size, gzipSync(readFileSync(join(DIST, 'index.html'))).length)
  expect(sizes.length).toBeGreaterThanOrEqual(2)
  expect(total).toBeLessThanOrEqual(FIRST_LOAD_BYTES_MAX)
})

test('no script makes code from text, and the page holds nothing that a strict policy forbids', () => {
  const scripts = readdirSync(ASSETS).filter((name) => name.endsWith('.js'))
  expect(scripts.filter((name) => /new Function\(|\beval\(/.test(readFileSync(join(ASSETS, name), 'utf8')))).toEqual([])
  expect(readFileSync(join(DIST, 'index.html'), 'utf8')).not.toMatch(
    /<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)|https?:\/\//,
  )
})
