import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Milliseconds } from 'tokentrail'
import { ACTORS, type ActorKind } from 'tokentrail'
import { TrailError } from '../errors.ts'
import type { Actor } from '../records/records.ts'

/** A token that this machine refuses, before or without records. */
export interface Denial {
  /** Its own for ever, so that it enters records once. */
  readonly key: string
  readonly tokenId: string
  /** `null`: whichever tenant has such a token. Whoever can write the file decides for all. */
  readonly tenantNo: number | null
  readonly at: Milliseconds
  readonly by: Actor
}

export const DENIALS_MAX = 10_000
const LINE_CHARS_MAX = 1024
const BYTES_MAX = DENIALS_MAX * LINE_CHARS_MAX

/**
 * Writes one line and waits until it is on disk. The file is for people too: a line begins with the public id of a token, what follows
 * may be missing. `# …` is a remark.
 */
export function appendDenial(file: string, denial: Denial): void {
  const opened = openSync(file, 'a', 0o600)
  try {
    const { size } = fstatSync(opened)
    if (size + LINE_CHARS_MAX > BYTES_MAX) throw tooMany(file)
    writeSync(opened, `${lineOf(denial)}\n`)
    fsyncSync(opened)
    if (size === 0) syncFolderOf(file)
  } finally {
    closeSync(opened)
  }
}

/** What the file denies; nothing when there is none. Lines without a key get one, for as long as they are read so. */
export function readDenials(
  file: string,
  now: Milliseconds,
): { readonly denials: readonly Denial[]; readonly needsKeys: boolean } {
  const text = readText(file)
  const lines = text.split('\n').flatMap((line) => readLine(line, now) ?? [])
  return { denials: lines.map(({ denial }) => denial), needsKeys: lines.some(({ isKeyed }) => !isKeyed) }
}

/**
 * Replaces the file by these lines. Whoever had opened it to append, and wrote meanwhile, is heard: what came behind `readBytes` is
 * appended to the new file.
 */
export function rewriteDenials(file: string, keep: (denial: Denial) => boolean, now: Milliseconds): void {
  const before = openSync(file, 'r')
  try {
    const text = readAll(before)
    const kept = text
      .split('\n')
      .flatMap((line) => readLine(line, now) ?? [])
      .filter(({ denial }) => keep(denial))
    const temporary = `${file}.new`
    writeWhole(temporary, kept.map(({ denial }) => `${lineOf(denial)}\n`).join(''), 'w')
    renameSync(temporary, file)
    syncFolderOf(file)
    const late = readAll(before).slice(text.length)
    if (late !== '') writeWhole(file, late, 'a')
  } finally {
    closeSync(before)
  }
}

/** A new denial, with a key of its own. */
export function newDenial(tokenId: string, o: { tenantNo: number | null; at: Milliseconds; by: Actor }): Denial {
  return { key: randomUUID(), tokenId, ...o }
}

function lineOf({ key, tokenId, tenantNo, at, by }: Denial): string {
  const line = `${encodeURIComponent(tokenId)} tenant=${tenantNo ?? '*'} at=${new Date(at).toISOString()} by=${by.kind}:${by.no} key=${key}`
  if (line.length >= LINE_CHARS_MAX)
    throw new TrailError('parameter_invalid', 'The id of the token is too long.', { input: 'id' })
  return line
}

function readLine(line: string, now: Milliseconds): { denial: Denial; isKeyed: boolean } | undefined {
  const [id = '', ...words] = line.trim().split(/\s+/)
  if (id === '' || id.startsWith('#') || line.length > LINE_CHARS_MAX) return undefined
  const said = new Map(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
  const at = Date.parse(said.get('at') ?? '')
  const key = said.get('key')
  const denial = {
    key: key ?? randomUUID(),
    tokenId: decoded(id),
    tenantNo: /^\d+$/.test(said.get('tenant') ?? '') ? Number(said.get('tenant')) : null,
    at: Number.isNaN(at) ? now : at,
    by: readActor(said.get('by')),
  }
  return { denial, isKeyed: key !== undefined }
}

/** Whoever writes by hand is a person whom the file does not know. */
function readActor(text = ''): Actor {
  const [kind = '', no = ''] = text.split(':')
  return kind !== 'none' && kind in ACTORS && /^\d+$/.test(no)
    ? { kind: kind as Exclude<ActorKind, 'none'>, no: Number(no) }
    : { kind: 'person', no: 0 }
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

function readText(file: string): string {
  try {
    const opened = openSync(file, 'r')
    try {
      return readAll(opened)
    } finally {
      closeSync(opened)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function readAll(file: number): string {
  const { size } = fstatSync(file)
  if (size > BYTES_MAX) throw tooMany('denied')
  const bytes = Buffer.alloc(size)
  return bytes.toString('latin1', 0, readSync(file, bytes, 0, size, 0))
}

function writeWhole(file: string, text: string, flag: 'w' | 'a'): void {
  const opened = openSync(file, flag, 0o600)
  try {
    writeSync(opened, text)
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

function syncFolderOf(file: string): void {
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function tooMany(file: string): TrailError {
  return new TrailError(
    'too_many_items',
    `The file ${file} holds as many denials as it may (${DENIALS_MAX}). Remove lines that records know by now.`,
  )
}
