import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TrailError } from '../errors.ts'
import { makePrivateFolder } from './data-folder.ts'

/** The keys of an installation: losing them makes peppered tokens invalid and pseudonyms unlinkable, so they are backed up apart from the data. */
export interface Keys {
  /** Wraps the pseudonym keys that stand in the records. 32 bytes. */
  readonly kek: Uint8Array
  /** Secrets of HMAC-SHA-256 over token secrets, by number from 1. */
  readonly peppers: ReadonlyMap<number, Uint8Array>
}

const PEPPERS_MAX = 16

/** Reads the keys, making those that a new folder lacks. Each is one file of 64 hex digits, mode 0600: `kek`, `pepper-1`, `pepper-2`, … */
export function openKeys(folder: string): Keys {
  makePrivateFolder(folder)
  const kek = readOrMake(join(folder, 'kek'))
  readOrMake(join(folder, 'pepper-1'))
  const peppers = new Map<number, Uint8Array>()
  for (let no = 1; no <= PEPPERS_MAX; no++) {
    const pepper = read(join(folder, `pepper-${no}`))
    if (pepper) peppers.set(no, pepper)
  }
  return { kek, peppers }
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
