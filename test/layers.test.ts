import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A folder (or a file at the top) imports only from its left. */
const LAYERS = {
  'client/src': [
    'errors',
    'event',
    'token',
    'merkle',
    'log',
    'verify',
    'capture',
    'batch',
    'deliver',
    'validator',
    'tokentrail',
    'middleware',
    'index',
  ],
  'server/src': [
    'errors',
    'clock',
    'runtime',
    'event',
    'config',
    'send',
    'records',
    'privacy',
    'journal',
    'store',
    'ship',
    'tokens',
    'audit',
    'retention',
    'query',
    'metrics',
    'detect',
    'report',
    'live',
    'connect',
    'simulate',
    'access',
    'http',
    'main',
    'cli',
  ],
  'dashboard/src': ['api', 'format', 'parts', 'pages', 'app'],
} as const

describe.each(Object.entries(LAYERS))('%s', (folder, order) => {
  const base = join(root, folder)
  const files = sources(base)

  test('every file stands in a layer of the order', () => {
    const strangers = files.map((file) => layerOf(base, file)).filter((layer) => !(order as readonly string[]).includes(layer))
    expect([...new Set(strangers)]).toEqual([])
  })

  test('imports point to the left', () => {
    expect(files.flatMap((file) => backArrows(base, file, order))).toEqual([])
  })
})

function backArrows(base: string, file: string, order: readonly string[]): string[] {
  const own = order.indexOf(layerOf(base, file))
  return importsOf(file)
    .map((target) => resolve(dirname(file), target))
    .filter((target) => target.startsWith(base) && order.indexOf(layerOf(base, target)) > own)
    .map((target) => `${relative(base, file)} imports ${relative(base, target)}`)
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '')
}

function layerOf(base: string, file: string): string {
  return (relative(base, file).split('/')[0] ?? '').replace(/\.(module\.css|tsx?|css)$/, '')
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}
