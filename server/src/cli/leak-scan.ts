import { createHash } from 'node:crypto'
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isPrefix, parseToken, type TokenPrefixes } from 'tokentrail'
import { Failure } from './exit.ts'

/** A text of the shape of a token, with its checksum right. The text itself is not kept. */
export interface ScanHit {
  readonly file: string
  readonly line: number
  readonly id: string
  readonly sha256: string
}

export interface ScanResult {
  readonly found: readonly ScanHit[]
  readonly files: number
  /** Files that were not looked at. */
  readonly left: number
}

const FILE_BYTES_MAX = 20 * 1024 * 1024
const FILES_MAX = 200_000
const HITS_MAX = 10_000
const NOT_ENTERED: ReadonlySet<string> = new Set(['node_modules', '.git'])

/** Looks through every file of a folder; links are not followed. */
export function scanFolder(folder: string, prefixes: readonly string[]): ScanResult {
  const wrong = prefixes.find((prefix) => !isPrefix(prefix))
  if (wrong !== undefined) throw new Failure('usage', `${wrong} cannot be the prefix of a token.`)
  const pattern = new RegExp(`(?<![0-9A-Za-z_])(?:${prefixes.join('|')})_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}(?![0-9A-Za-z])`, 'g')
  const found: ScanHit[] = []
  let [files, left] = [0, 0]
  for (const file of filesOf(folder)) {
    const text = files < FILES_MAX && found.length < HITS_MAX ? textOf(file) : undefined
    if (text === undefined) left += 1
    else {
      files += 1
      found.push(...hitsOf(text, pattern).map((hit) => ({ file: relative(folder, file), ...hit })))
    }
  }
  return { found, files, left }
}

function hitsOf(text: string, pattern: RegExp): readonly Omit<ScanHit, 'file'>[] {
  return [...text.matchAll(pattern)].flatMap(({ 0: token, index }) => {
    const prefix = token.slice(0, -67)
    const read = parseToken(token, { access: prefix, action: '', validation: '' } satisfies TokenPrefixes)
    if (typeof read === 'string') return []
    const line = text.slice(0, index).split('\n').length
    return [{ line, id: read.id, sha256: createHash('sha256').update(token).digest('hex') }]
  })
}

function* filesOf(folder: string): Generator<string> {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !NOT_ENTERED.has(entry.name)) yield* filesOf(path)
    else if (entry.isFile()) yield path
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    throw new Failure('usage', `The folder ${folder} cannot be read.`)
  }
}

function textOf(file: string): string | undefined {
  try {
    return statSync(file).size > FILE_BYTES_MAX ? undefined : readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}
