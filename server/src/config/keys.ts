import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { TrailError } from '../errors.ts'
import { makePrivateFolder } from './data-folder.ts'

/** The keys of an installation: losing them makes peppered tokens invalid and pseudonyms unlinkable, so they are backed up apart from the data. */
export interface Keys {
  /** Wraps pseudonym keys and subject keys: the newest first, then, while it is being changed, its predecessor. Read anew each time. */
  readonly keks: () => readonly [Uint8Array, ...Uint8Array[]]
  /** Secrets of HMAC-SHA-256 over token secrets, by number from 1. */
  readonly peppers: ReadonlyMap<number, Uint8Array>
}

const PEPPERS_MAX = 16

/** Reads the keys, making those that a new folder lacks. Each is one file of 64 hex digits, mode 0600: `kek`, `pepper-1`, `pepper-2`, … (and `kek.next` while the first is being changed). */
export function openKeys(folder: string): Keys {
  makePrivateFolder(folder)
  readOrMake(join(folder, KEK))
  readOrMake(join(folder, 'pepper-1'))
  const peppers = new Map<number, Uint8Array>()
  for (let no = 1; no <= PEPPERS_MAX; no++) {
    const pepper = read(join(folder, `pepper-${no}`))
    if (pepper) peppers.set(no, pepper)
  }
  return { keks: () => readKeks(folder), peppers }
}

/** Makes the successor of the key-encryption key; one that is there already, from a change that was cut off, is taken. */
export function beginKekChange(folder: string): void {
  readOrMake(join(folder, KEK_NEXT))
}

/**
 * Puts the successor in the place of its predecessor and overwrites the predecessor's bytes: only a backup of them could open old
 * wrappings. Of two servers that do it at once the second finds no successor, and touches nothing.
 */
export function endKekChange(folder: string): void {
  const [file, next] = [join(folder, KEK), join(folder, KEK_NEXT)]
  const predecessor = openSync(file, 'r+')
  try {
    if (!moved(next, file)) return
    syncFolder(folder)
    writeSync(predecessor, Buffer.alloc(fstatSync(predecessor).size, '0'), 0, undefined, 0)
    fsyncSync(predecessor)
  } finally {
    closeSync(predecessor)
  }
}

/** When the key-encryption key in use was made, by its file. */
export function kekMadeAt(folder: string): number {
  return statSync(join(folder, KEK)).mtimeMs
}

const KEK = 'kek'
const KEK_NEXT = 'kek.next'

function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw cause
  }
}

function readKeks(folder: string): readonly [Uint8Array, ...Uint8Array[]] {
  const next = read(join(folder, KEK_NEXT))
  const kek = readOrMake(join(folder, KEK))
  return next ? [next, kek] : [kek]
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Written beside and linked into place, so that of two servers that start at once both read the same key. */
function readOrMake(file: string): Uint8Array {
  const present = read(file)
  if (present) return present
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(draft, file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  } finally {
    rmSync(draft, { force: true })
  }
  return readOrMake(file)
}

function read(file: string): Uint8Array | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new TrailError('config_invalid', `The key file ${file} cannot be read by this user.`, { cause })
  }
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new TrailError('config_invalid', `The key file ${file} must hold 64 hexadecimal digits; restore it from a backup.`)
  return Buffer.from(text, 'hex')
}
